/** Triggers as the public SDK sees them: a real engine on a real PostgreSQL. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { functionAnswering, refusal, type Sdk } from './support/engine-process.ts';
import { startTestEngine, type TestEngine } from './support/test-engine.ts';

let engine: TestEngine;
let sdk: Sdk;
beforeAll(async () => {
  engine = await startTestEngine();
  ({ sdk } = engine);
});
afterAll(() => engine.close());

let serial = 0;
/** A service with a function `hello`. */
async function newService(): Promise<string> {
  serial += 1;
  const name = `svc${serial}`;
  await sdk.createService(name, {});
  await sdk.createFunction(name, await functionAnswering('hello', 'a'));
  return name;
}

const http = (name: string, more: object = {}) => ({
  triggerName: name,
  triggerType: 'http',
  triggerConfig: { authType: 'anonymous', methods: ['GET'] },
  ...more,
});

/** One of each other type: what must be said, and what is kept. */
const KINDS = [
  {
    triggerType: 'oss',
    sourceArn: 'acs:oss:cn-local:1234567890123456:photos',
    // Go sends what it has not as null.
    triggerConfig: { events: ['oss:ObjectCreated:*'], filter: { key: { prefix: 'in/', suffix: null } } },
    kept: { events: ['oss:ObjectCreated:*'], filter: { key: { prefix: 'in/', suffix: '' } } },
  },
  {
    triggerType: 'log',
    sourceArn: 'acs:log:cn-local:1234567890123456:project/p',
    triggerConfig: {
      sourceConfig: { logstore: 's' },
      jobConfig: { maxRetryTime: null, triggerInterval: null },
      functionParameter: { a: 1 },
      logConfig: { project: null, logstore: null },
      enable: false,
    },
    kept: {
      sourceConfig: { logstore: 's' },
      jobConfig: { maxRetryTime: 3, triggerInterval: 60 },
      functionParameter: { a: 1 },
      logConfig: { project: '', logstore: '' },
      enable: false,
    },
  },
  {
    triggerType: 'timer',
    sourceArn: null,
    triggerConfig: { cronExpression: '@every 5m', payload: 'x' },
    kept: { cronExpression: '@every 5m', payload: 'x', enable: true },
  },
  {
    triggerType: 'cdn_events',
    sourceArn: 'acs:cdn:*:1234567890123456',
    triggerConfig: {
      eventName: 'CachedObjectsRefreshed',
      eventVersion: '1.0.0',
      filter: { domain: ['a.b'] },
    },
    kept: {
      eventName: 'CachedObjectsRefreshed',
      eventVersion: '1.0.0',
      notes: '',
      filter: { domain: ['a.b'] },
    },
  },
  {
    triggerType: 'mns_topic',
    sourceArn: 'acs:mns:cn-local:1234567890123456:/topics/t',
    triggerConfig: { notifyContentFormat: 'JSON' },
    kept: { filterTag: '', notifyContentFormat: 'JSON', notifyStrategy: 'BACKOFF_RETRY' },
  },
  {
    triggerType: 'tablestore',
    sourceArn: 'acs:ots:cn-local:1234567890123456:instance/i/table/t',
    triggerConfig: {},
    kept: {},
  },
  {
    triggerType: 'eventbridge',
    sourceArn: null,
    triggerConfig: {
      eventSourceConfig: {
        eventSourceType: 'MNS',
        eventSourceParameters: {
          sourceMNSParameters: { RegionId: null, QueueName: 'q', IsBase64Decode: null },
          sourceRocketMQParameters: null,
        },
      },
    },
    kept: {
      triggerEnable: true,
      asyncInvocationType: false,
      eventRuleFilterPattern: '{}',
      eventSourceConfig: {
        eventSourceType: 'MNS',
        eventSourceParameters: {
          sourceMNSParameters: { RegionId: '', QueueName: 'q', IsBase64Decode: true },
        },
      },
    },
  },
];

describe('a trigger', () => {
  test('is created, read, updated, listed and deleted, under ETags', async () => {
    const service = await newService();
    const created = await sdk.createTrigger(service, 'hello', http('web', { description: 'first' }));
    expect(created.data).toMatchObject({
      triggerName: 'web',
      triggerType: 'http',
      triggerId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      qualifier: 'LATEST',
      description: 'first',
      invocationRole: '',
      triggerConfig: { authType: 'anonymous', methods: ['GET'], disableURLInternet: false },
      urlInternet: `${engine.process.url}/2016-08-15/proxy/${service}/hello/`,
    });
    const read = await sdk.getTrigger(service, 'hello', 'web');
    expect(read).toMatchObject({ data: created.data, headers: { etag: created.headers['etag'] } });
    const updated = await sdk.updateTrigger(
      service,
      'hello',
      'web',
      { triggerConfig: { authType: 'function', methods: ['POST'] } },
      { 'if-match': created.headers['etag'] },
    );
    expect(updated.data).toMatchObject({
      description: 'first',
      triggerConfig: { authType: 'function', methods: ['POST'] },
    });
    const old = { 'if-match': created.headers['etag'] };
    expect(await refusal(sdk.updateTrigger(service, 'hello', 'web', {}, old))).toContain(
      '412 PreconditionFailed',
    );
    await sdk.createTrigger(service, 'hello', { ...KINDS[2], triggerName: 'nightly' });
    const { data } = await sdk.listTriggers(service, 'hello', { limit: 1 });
    expect(data).toMatchObject({ triggers: [{ triggerName: 'nightly' }], nextToken: 'web' });
    await sdk.deleteTrigger(service, 'hello', 'web', null, { 'if-match': updated.headers['etag'] });
    expect(await refusal(sdk.getTrigger(service, 'hello', 'web'))).toContain('404 TriggerNotFound');
  });

  test.each(KINDS)('of type $triggerType is checked and kept', async ({ kept, ...trigger }) => {
    const service = await newService();
    await sdk.createTrigger(service, 'hello', { ...trigger, triggerName: 't' });
    const { data } = await sdk.getTrigger(service, 'hello', 't');
    expect(data).toMatchObject({ triggerType: trigger.triggerType, sourceArn: trigger.sourceArn ?? '' });
    expect((data as { triggerConfig: unknown }).triggerConfig).toEqual(kept);
  });

  test.each([
    [{ triggerType: 'smoke' }, 'triggerType'],
    [{ triggerName: '1st' }, 'triggerName: must be a letter'],
    [{ triggerConfig: { authType: 'jwt', methods: ['GET'] } }, 'triggerConfig.authType'],
    [{ triggerConfig: { authType: 'function', methods: ['BREW'] } }, 'triggerConfig.methods.0'],
    [{ triggerConfig: { authType: 'function', methods: [] } }, 'triggerConfig.methods'],
    [{ triggerConfig: null }, 'triggerConfig.authType'],
    [{ invocationRole: 'admin' }, 'invocationRole: must be empty or'],
    [
      { triggerType: 'timer', triggerConfig: { cronExpression: '0 4 * * *' } },
      'triggerConfig.cronExpression: has 5 fields instead of six',
    ],
    [
      { triggerType: 'oss', triggerConfig: { events: ['oss:ObjectCreated:*'] } },
      "sourceArn: a trigger of type 'oss' needs 'acs:oss:{region}:{account}:{bucket}', not ''",
    ],
    [
      {
        triggerType: 'log',
        triggerConfig: { sourceConfig: { logstore: 's' }, jobConfig: { triggerInterval: 1 } },
      },
      'triggerConfig.jobConfig.triggerInterval',
    ],
  ])('that cannot be is refused by name: %j', async (change, words) => {
    const service = await newService();
    const answer = await refusal(sdk.createTrigger(service, 'hello', http('t', change)));
    expect(answer).toContain('400 InvalidArgument');
    expect(answer).toContain(words);
  });

  test('needs its function, its qualifier, and a free name', async () => {
    const service = await newService();
    expect(await refusal(sdk.createTrigger(service, 'other', http('t')))).toContain('404 FunctionNotFound');
    expect(await refusal(sdk.createTrigger(service, 'hello', http('t', { qualifier: '7' })))).toContain(
      '404 VersionNotFound',
    );
    expect(await refusal(sdk.createTrigger(service, 'hello', http('t', { qualifier: 'PROD' })))).toContain(
      '404 AliasNotFound',
    );
    await sdk.createTrigger(service, 'hello', http('t'));
    expect(await refusal(sdk.createTrigger(service, 'hello', http('t')))).toContain(
      '409 TriggerAlreadyExists',
    );
    expect(await refusal(sdk.createTrigger(service, 'hello', http('u')))).toMatch(
      /400 InvalidArgument.*trigger 't' of type 'http' serves 'LATEST' already/,
    );
  });

  test('is one of ten at most', async () => {
    const service = await newService();
    const timer = { triggerType: 'timer', triggerConfig: { cronExpression: '@every 5m' } };
    for (let index = 0; index < 10; index += 1)
      await sdk.createTrigger(service, 'hello', { ...timer, triggerName: `t${index}` });
    expect(await refusal(sdk.createTrigger(service, 'hello', { ...timer, triggerName: 'more' }))).toContain(
      '400 LimitExceededError',
    );
  });

  test('keeps its function from being deleted, and is no part of a version', async () => {
    const service = await newService();
    await sdk.createTrigger(service, 'hello', http('web'));
    expect(await refusal(sdk.deleteFunction(service, 'hello'))).toMatch(/409 FunctionNotEmpty.*'web'/);
    await sdk.publishVersion(service, 'one');
    await sdk.updateTrigger(service, 'hello', 'web', { description: 'changed' });
    expect(await refusal(sdk.publishVersion(service, 'two'))).toContain('nothing changed');
    await sdk.deleteTrigger(service, 'hello', 'web');
    await sdk.deleteFunction(service, 'hello');
  });
});
