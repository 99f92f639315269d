/** Events of other products on their way to functions: a real engine, its queue and its sandboxes. */
import { decode } from 'cborg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deliverEvent, functionOf, type Sdk } from './support/engine-process.ts';
import { poll } from './support/stack.ts';
import { startTestEngine, type TestEngine } from './support/test-engine.ts';

const TABLE = 'acs:ots:cn-local:1234567890123456:instance/i/table/orders';
const HANDLER = "async (event) => { console.log('GOT ' + event.toString('hex')); }";

let engine: TestEngine;
let sdk: Sdk;
beforeAll(async () => {
  engine = await startTestEngine();
  ({ sdk } = engine);
  await sdk.createService('shop', {});
  await sdk.createFunction('shop', await functionOf('rows', HANDLER));
  await sdk.createTrigger('shop', 'rows', {
    triggerName: 'table',
    triggerType: 'tablestore',
    sourceArn: TABLE,
    triggerConfig: {},
  });
});
afterAll(() => engine.close());

const row = (value: unknown) => ({
  Type: 'PutRow',
  Info: { Timestamp: 1506416585740836 },
  PrimaryKey: [{ ColumnName: 'id', Value: value }],
});

test('a changed row reaches the function of its table in the bytes of the table store', async () => {
  const answer = await deliverEvent(engine.process, {
    triggerType: 'tablestore',
    sourceArn: TABLE,
    records: [row({ integer: '9223372036854775807' })],
  });
  const [delivered] = answer.json()['delivered'] as { requestId: string }[];
  expect(delivered).toMatchObject({ serviceName: 'shop', functionName: 'rows', triggerName: 'table' });
  const bytes = await received(delivered?.requestId ?? '');
  expect(decode(bytes, { allowBigInt: true })).toEqual({
    Version: 'Sync-v1',
    Records: [{ ...row(9223372036854775807n), Columns: [] }],
  });
});

const OSS = 'acs:oss:cn-local:1234567890123456:pictures';
const TOPIC = 'acs:mns:cn-local:1234567890123456:/topics/news';
const PROJECT = 'acs:log:cn-local:1234567890123456:project/p';
const CDN = 'acs:cdn:*:1234567890123456';
/** Of each type: its trigger's configuration, what is said, and what the function must get of it. */
const TOLD: readonly (readonly [
  type: string,
  sourceArn: string,
  config: object,
  event: object,
  gets: unknown,
])[] = [
  [
    'oss',
    OSS,
    { events: ['oss:ObjectCreated:PutObject'] },
    { eventName: 'ObjectCreated:PutObject', object: { key: 'in/a.png', size: 5 } },
    { events: [{ eventSource: 'acs:oss', oss: { object: { key: 'in/a.png', size: 5 } } }] },
  ],
  ['mns_topic', TOPIC, { filterTag: 'a' }, { message: 'hello', tag: 'a' }, 'hello'],
  [
    'log',
    PROJECT,
    { sourceConfig: { logstore: 's' }, functionParameter: { a: 1 } },
    { logstore: 's', beginCursor: 'b', endCursor: 'e' },
    { parameter: { a: 1 }, source: { projectName: 'p', logstoreName: 's', beginCursor: 'b' } },
  ],
  [
    'cdn_events',
    CDN,
    { eventName: 'LogFileCreated', eventVersion: '1.0.0' },
    { eventName: 'LogFileCreated', domain: 'a.com' },
    { events: [{ eventSource: 'cdn', resource: { domain: 'a.com' } }] },
  ],
  [
    'eventbridge',
    '',
    { eventRuleFilterPattern: '{"source":["shop"]}' },
    { event: { id: '1', source: 'shop', data: { sum: 5 } } },
    { id: '1', source: 'shop', data: { sum: 5 } },
  ],
];

test.each(TOLD)('what %s tells reaches the function as its product tells it', async (...told) => {
  const [triggerType, sourceArn, triggerConfig, event, gets] = told;
  await sdk.createTrigger('shop', 'rows', {
    triggerName: triggerType,
    triggerType,
    sourceArn,
    triggerConfig,
  });
  const answer = await deliverEvent(engine.process, { triggerType, sourceArn, ...event });
  const delivered = answer.json()['delivered'] as { requestId: string; triggerName: string }[];
  expect(delivered.map(({ triggerName }) => triggerName)).toEqual([triggerType]);
  const text = (await received(delivered[0]?.requestId ?? '')).toString();
  const read: unknown = typeof gets === 'string' ? text : JSON.parse(text);
  if (typeof gets === 'string') expect(read).toBe(gets);
  else expect(read).toMatchObject(gets as object);
});

/** The bytes that the function was called with. */
async function received(requestId: string): Promise<Buffer> {
  let line: string | undefined;
  await poll('the function to be called', () => {
    line = engine
      .functionLog()
      .split('\n')
      .find((text) => text.includes(requestId) && text.includes('GOT '));
    return Promise.resolve(line !== undefined);
  });
  return Buffer.from(line?.slice(line.indexOf('GOT ') + 4) ?? '', 'hex');
}

test('another table, and rows that are none, reach nobody; whoever is not signed is not heard', async () => {
  const other = await deliverEvent(engine.process, {
    triggerType: 'tablestore',
    sourceArn: `${TABLE}2`,
    records: [row(1)],
  });
  expect([other.status, other.json()['delivered']]).toEqual([200, []]);
  for (const [records, message] of [
    [[row(1.5)], 'records.0.PrimaryKey.0.Value'],
    [[{ ...row(1), Type: 'Put' }], 'records.0.Type'],
    [[], 'records'],
  ] as const) {
    const refused = await deliverEvent(engine.process, {
      triggerType: 'tablestore',
      sourceArn: TABLE,
      records,
    });
    expect([refused.status, refused.json().ErrorCode]).toEqual([400, 'InvalidArgument']);
    expect(refused.json().ErrorMessage).toContain(message);
  }
  const unsigned = await deliverEvent(
    engine.process,
    { triggerType: 'tablestore', sourceArn: TABLE, records: [row(1)] },
    false,
  );
  expect(unsigned.json().ErrorCode).toBe('MissingRequiredHeader');
});

test('an outcome has no way to a queue, a topic or an event bus: refused when it is set, with what to do', async () => {
  for (const destination of [
    'acs:mns:cn-local:1:/queues/q/messages',
    'acs:mns:cn-local:1:/topics/t/messages',
    'acs:eventbridge:cn-local:1:eventbus/b',
  ])
    await expect(
      sdk.putFunctionAsyncConfig('shop', 'rows', '', { destinationConfig: { onFailure: { destination } } }),
    ).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining(
        `destinationConfig.onFailure: nothing here takes messages for '${destination}', and outcomes would be lost; name a function`,
      ) as string,
    });
});
