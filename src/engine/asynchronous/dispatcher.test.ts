/** The dispatcher over a real PostgreSQL and real sandboxes; only the clock and the pauses are the test's own. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import {
  createFunctionRunner,
  ownFunctionRunner,
  type FunctionRunner,
} from '../../../test/support/function-runner.ts';
import { poll } from '../../../test/support/stack.ts';
import { startTestCatalog, type TestCatalog } from '../../../test/support/test-catalog.ts';
import { createLog } from '../../platform/log.ts';
import { DEFAULT_ASYNC_CONFIG, type AsyncConfig } from '../catalog/async-configs.ts';
import type { HttpRequestHead } from '../invoke/contract.ts';
import { SeriesRegistry } from '../metrics/series-registry.ts';
import { Dispatcher, type DispatcherLimits } from './dispatcher.ts';
import { destinationCall } from './outcome.ts';
import { AsyncQueue, LEASE_MS, type AsyncCall } from './queue.ts';

/** Says what it was called with by its answer; `fail…` fails, `slow…` takes its time. */
const CODE = `exports.handler = async (event, context) => {
  const text = event.toString();
  if (text.startsWith('fail')) throw new Error('told to: ' + text);
  if (text.startsWith('slow')) await new Promise((resolve) => setTimeout(resolve, 60_000));
  return text + ' by ' + context.function.name;
};`;

const log = createLog('test', 'silent');
let functions: FunctionRunner;
let shop: TestCatalog;
let db: TestCatalog['db'];
let catalog: TestCatalog['catalog'];
let queue: AsyncQueue;
let series: SeriesRegistry;
let nowMs = Date.now();
const dispatchers: Dispatcher[] = [];

beforeAll(async () => {
  functions = createFunctionRunner();
  const now = (): number => nowMs;
  shop = await startTestCatalog(now, functions.define(CODE).codeFolder);
  ({ db, catalog } = shop);
  for (const name of ['one', 'two']) await shop.define(name, { timeout: 120 });
  queue = new AsyncQueue(db, now);
  series = new SeriesRegistry([]);
});
afterEach(async () => {
  for (const dispatcher of dispatchers.splice(0)) await dispatcher.close(0);
  await db.deleteFrom('async_calls').execute();
});
afterAll(async () => {
  await functions.close();
  await shop.close();
});

function dispatch(limits: Partial<DispatcherLimits> = {}, { runner } = functions): Dispatcher {
  const dispatcher = new Dispatcher({
    queue,
    catalog,
    runner,
    series,
    now: () => nowMs,
    random: Math.random,
    log,
    limits,
  });
  dispatchers.push(dispatcher);
  dispatcher.wake();
  return dispatcher;
}

const HEAD: HttpRequestHead = {
  method: 'GET',
  path: '/',
  uri: '/',
  base: '',
  query: '',
  clientIp: '127.0.0.1',
  headers: [],
};
const NEW_CALL = {
  service: 'shop',
  qualifier: 'LATEST',
  function: 'one',
  payload: Buffer.alloc(0),
  config: { ...DEFAULT_ASYNC_CONFIG, statefulInvocation: true },
  delayMs: 0,
};

async function add(text: string, config: Partial<AsyncConfig> = {}, name = 'one'): Promise<void> {
  await queue.add({
    ...NEW_CALL,
    function: name,
    invocationId: text,
    requestId: randomUUID(),
    payload: Buffer.from(text),
    config: { ...NEW_CALL.config, ...config },
  });
}

type Row = Awaited<ReturnType<typeof rows>>[number];
function rows() {
  return db.selectFrom('async_calls').selectAll().orderBy('id').execute();
}
async function row(id: string): Promise<Row> {
  const found = (await rows()).find(({ invocation_id }) => invocation_id === id);
  if (!found) throw new Error(`no call '${id}'`);
  return found;
}
const becomes = (id: string, status: string): Promise<void> =>
  poll(`'${id}' to become ${status}`, async () => (await row(id)).status === status);

test('a failing call is tried again after each pause, then goes to its destination with what happened', async () => {
  const onFailure = { destination: 'acs:fc:cn-local:1:services/shop/functions/two' };
  await add('fail', { maxAsyncRetryAttempts: 2, destinationConfig: { onFailure } });
  const dispatcher = dispatch({ retryPauseMs: 60_000 });
  for (const failures of [1, 2]) {
    await poll(`failure ${failures}`, async () => (await row('fail')).failures === failures);
    expect((await row('fail')).status).toBe('Retrying');
    // Not before its time.
    dispatcher.wake();
    expect((await row('fail')).due_at.getTime()).toBe(nowMs + 60_000);
    nowMs += 60_000;
    dispatcher.wake();
  }
  await becomes('fail', 'Failed');
  expect(await row('fail')).toMatchObject({ failures: 3, destination_status: 'Succeeded' });
  expect((await row('fail')).error).toContain('told to: fail');
  await poll('the destination to be called', async () => (await rows()).length === 1);
  const [counted] = series.of('shop', 'two', 'LATEST');
  expect(counted?.read(0, nowMs, false).totals).toMatchObject({ requests: 1, failures: 0 });
});

test('a call that the platform has no room for waits twice as long each time, up to five minutes, and uses up no try', async () => {
  await shop.define('full', { timeout: 120 });
  // It says at once that there is no room.
  const host = ownFunctionRunner({ queueWaitMs: 1 });
  const revision = catalog.find('shop').latest.targets.get('full')?.revision;
  if (!revision) throw new Error('there is no function');
  host.runner.bound(revision, { provisioned: 0, onDemand: 0, qualifier: 'LATEST' });
  await add('room', { maxAsyncRetryAttempts: 0 }, 'full');
  await add('late', { maxAsyncEventAgeInSeconds: 2 }, 'full');
  const dispatcher = dispatch({}, host);
  const waited: number[] = [];
  for (let refusals = 1; refusals <= 10; refusals += 1) {
    await poll(`refusal ${refusals}`, async () => (await row('room')).refusals === refusals);
    const { failures, due_at } = await row('room');
    expect(failures).toBe(0);
    waited.push((due_at.getTime() - nowMs) / 1_000);
    nowMs = due_at.getTime();
    if (refusals === 10) host.runner.bound(revision, undefined);
    dispatcher.wake();
  }
  expect(waited).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
  await becomes('room', 'Succeeded');
  // After a second it had one more; two further ones were beyond its age.
  expect(await row('late')).toMatchObject({ status: 'Expired', failures: 0, refusals: 1 });
});

test('no try is made beyond the age of a call', async () => {
  await add('fail', { maxAsyncRetryAttempts: 8, maxAsyncEventAgeInSeconds: 90 });
  const dispatcher = dispatch({ retryPauseMs: 60_000 });
  await poll('the first try', async () => (await row('fail')).failures === 1);
  nowMs += 60_000;
  dispatcher.wake();
  await becomes('fail', 'Failed');
  expect((await row('fail')).failures).toBe(2);
});

const CALL = {
  id: '1',
  service: 'shop',
  qualifier: 'PROD',
  function: 'one',
  invocationId: 'r',
  requestId: 'r',
  payload: Buffer.from('hello'),
  http: undefined,
  config: {
    ...DEFAULT_ASYNC_CONFIG,
    destinationConfig: { onSuccess: { destination: 'acs:fc:cn-local:1:services/shop.2/functions/two' } },
  },
  expiresAt: 0,
  failures: 0,
  refusals: 0,
};

test('a destination is told who was called with what, and what came of it', () => {
  const outcome = {
    isSuccess: true,
    status: 201,
    body: Buffer.from('hello by one'),
    errorType: '',
    tries: 1,
  };
  const next = destinationCall(CALL, outcome, 5, () => DEFAULT_ASYNC_CONFIG);
  expect(next).toMatchObject({
    service: 'shop',
    qualifier: '2',
    function: 'two',
    config: DEFAULT_ASYNC_CONFIG,
  });
  expect(JSON.parse(String(next?.payload))).toEqual({
    timestamp: 5,
    requestContext: {
      requestId: 'r',
      functionArn: 'acs:fc:::services/shop.PROD/functions/one',
      condition: '',
      approximateInvokeCount: 1,
    },
    requestPayload: 'hello',
    responseContext: { statusCode: 201, functionError: '' },
    responsePayload: 'hello by one',
  });
  expect(
    destinationCall(CALL, { ...outcome, isSuccess: false }, 5, () => DEFAULT_ASYNC_CONFIG),
  ).toBeUndefined();
});

test('calls that are each other’s destination do not grow', () => {
  const destination = 'acs:fc:cn-local:1:services/shop/functions/one';
  let call: AsyncCall = {
    ...CALL,
    config: { ...DEFAULT_ASYNC_CONFIG, destinationConfig: { onFailure: { destination } } },
  };
  for (let round = 0; round < 24; round += 1) {
    const outcome = {
      isSuccess: false,
      status: 200,
      body: Buffer.from('{"errorMessage":"no"}'),
      errorType: 'x',
      tries: 1,
    };
    const next = destinationCall(call, outcome, 5, () => DEFAULT_ASYNC_CONFIG);
    call = { ...call, payload: next?.payload ?? Buffer.alloc(0) };
    expect(call.payload.length).toBeLessThan(1024 * 1024);
  }
});

test('a failure ends its call, whatever bytes the function said of it', async () => {
  await add('bytes');
  const [call] = await queue.claim(1, 1);
  if (!call) throw new Error('nothing is due');
  await queue.end(call, { status: 'Failed', error: 'a\0b', failures: 1, next: undefined });
  expect(await row('bytes')).toMatchObject({ status: 'Failed', error: 'a\ufffdb' });
});

test('a call that is too old is not made, and one to a version that is gone ends as invalid', async () => {
  await add('old', { maxAsyncEventAgeInSeconds: 10 });
  nowMs += 11_000;
  dispatch();
  await becomes('old', 'Expired');
  await queue.add({
    service: 'shop',
    qualifier: '9',
    function: 'one',
    invocationId: 'gone',
    requestId: randomUUID(),
    payload: Buffer.alloc(0),
    config: { ...DEFAULT_ASYNC_CONFIG, statefulInvocation: true },
    delayMs: 0,
  });
  dispatch();
  await becomes('gone', 'Invalid');
  expect((await row('gone')).error).toBe("version '9' of service 'shop' does not exist");
});

test('a running call is stopped, and the next one runs', async () => {
  await add('slow');
  const dispatcher = dispatch();
  await becomes('slow', 'Running');
  const { id } = await row('slow');
  await db.updateTable('async_calls').set({ status: 'Stopping' }).where('id', '=', id).execute();
  await poll('the call to be with its instance', () => functions.runner.stats.busy > 0);
  dispatcher.stop(id);
  await becomes('slow', 'Stopped');
  await add('next');
  dispatcher.wake();
  await becomes('next', 'Succeeded');
});

test('a call whose runner is gone is made again once its lease is over — at least once', async () => {
  await add('orphan');
  expect(await queue.claim(10, 10)).toHaveLength(1);
  expect(await queue.claim(10, 10)).toHaveLength(0);
  nowMs += LEASE_MS;
  dispatch();
  await becomes('orphan', 'Succeeded');
});

test('two engines never take the same call, and each call is taken', async () => {
  for (let index = 0; index < 40; index += 1) await add(`call-${index}`, {}, index % 2 ? 'one' : 'two');
  const taken = (await Promise.all([1, 2, 3, 4].map(() => queue.claim(15, 100)))).flat().map(({ id }) => id);
  taken.push(...(await queue.claim(100, 100)).map(({ id }) => id));
  expect(taken).toHaveLength(40);
  expect(new Set(taken).size).toBe(40);
});

test('no function takes the places of another — however many calls it has', async () => {
  for (let index = 0; index < 30; index += 1) await add(`many-${index}`, {}, 'one');
  await add('few', {}, 'two');
  const first = await queue.claim(4, 3);
  expect(first.map(({ function: name }) => name).sort()).toEqual(['one', 'one', 'one', 'two']);
  // `one` has as many as it may have.
  expect(await queue.claim(4, 3)).toEqual([]);
});

test('what is kept of a stateful call that ended is without the head of its request', async () => {
  const http = { ...HEAD, headers: [['cookie', 'session=secret'] as const] };
  for (const invocationId of ['ended', 'stopped'])
    await queue.add({ ...NEW_CALL, invocationId, requestId: randomUUID(), http });
  const calls = await queue.claim(2, 2);
  const ended = calls.find((call) => call.invocationId === 'ended');
  if (!ended) throw new Error('it was not claimed');
  expect(ended.http).toEqual(http);
  await queue.end(ended, { status: 'Succeeded', error: '', failures: 0, next: undefined });
  await db
    .updateTable('async_calls')
    .set({ status: 'Stopping', due_at: new Date(nowMs) })
    .where('invocation_id', '=', 'stopped')
    .execute();
  await queue.endStopped();
  expect((await rows()).map(({ status, http: kept }) => [status, kept])).toEqual([
    ['Succeeded', null],
    ['Stopped', null],
  ]);
});

test('an id of a stateful call is used once', async () => {
  await add('same');
  await expect(add('same')).rejects.toThrow("function 'one' has an invocation 'same' already");
  await add('same', {}, 'two');
});
