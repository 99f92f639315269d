/** How many asynchronous calls may wait, and how large the events of other products may be. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { deliverEvent, functionAnswering, send, type RawAnswer, type Sdk } from './support/engine-process.ts';
import { startTestEngine, type TestEngine } from './support/test-engine.ts';

let engine: TestEngine;
let sdk: Sdk;
beforeAll(async () => {
  // Ten of the account, two of a function.
  engine = await startTestEngine({ SLUICE_ASYNC_CALLS: '10' });
  ({ sdk } = engine);
});
afterAll(() => engine.close());

let service = '';
beforeEach(async () => {
  // What waits goes with its service.
  if (service !== '') {
    for (const name of NAMES) {
      await sdk.deleteTrigger(service, name, 'topic');
      await sdk.deleteFunction(service, name);
    }
    await sdk.deleteService(service);
  }
  service = `svc${Date.now()}`;
  await sdk.createService(service, {});
  for (const name of NAMES) {
    await sdk.createFunction(service, await functionAnswering(name, 'a'));
    await sdk.createTrigger(service, name, {
      triggerName: 'topic',
      triggerType: 'mns_topic',
      sourceArn: TOPIC,
      triggerConfig: { notifyContentFormat: 'STREAM' },
    });
  }
});
const NAMES = ['one', 'two', 'three', 'four', 'five', 'six'];
const TOPIC = 'acs:mns:cn-local:1234567890123456:/topics/t';

/** Waits for an hour, so that it stays in the queue. */
const call = (name: string): Promise<RawAnswer> =>
  send(engine.process, {
    method: 'POST',
    path: `/2016-08-15/services/${service}/functions/${name}/invocations`,
    headers: { 'x-fc-invocation-type': 'Async', 'x-fc-async-delay': '3600' },
  });
const deliver = (message: string): Promise<RawAnswer> =>
  deliverEvent(engine.process, { triggerType: 'mns_topic', sourceArn: TOPIC, message });
/** The count may be a second old: it still has what was deleted with the service of the test before. */
const PATIENTLY = { timeout: 10_000 };
const admitted = async (name: string): Promise<void> => {
  await expect.poll(async () => (await call(name)).status, PATIENTLY).toBe(202);
};
const refusalOf = (answer: RawAnswer): string =>
  `${answer.status} ${answer.json().ErrorCode}: ${answer.json().ErrorMessage}`;

test('a function has two calls that wait, others go on, and a restart does not forget', async () => {
  await admitted('one');
  await admitted('one');
  const third = `429 ResourceExhausted: 2 asynchronous calls of function 'one' of service '${service}' wait, and 2 may; call again when some have ended`;
  expect(refusalOf(await call('one'))).toBe(third);
  await admitted('two');
  await engine.restart('SIGKILL');
  expect(refusalOf(await call('one'))).toBe(third);
});

test('the account has ten, and an event for several functions is taken by all or none', async () => {
  for (const name of NAMES.slice(0, 5)) {
    await admitted(name);
    await admitted(name);
  }
  expect(refusalOf(await call('six'))).toMatch(
    /^429 ResourceExhausted: 10 asynchronous calls of the account wait/,
  );
  expect(refusalOf(await deliver('x'))).toMatch(/^429 ResourceExhausted/);
});

test('an event may have 128 KB as its function gets it; a larger one reaches nobody', async () => {
  await expect.poll(async () => (await deliver('x'.repeat(128 * 1024))).status, PATIENTLY).toBe(200);
  expect(refusalOf(await deliver('x'.repeat(128 * 1024 + 1)))).toBe(
    '413 EntityTooLarge: payload size exceeds maximum allowed size (131072 bytes)',
  );
});
