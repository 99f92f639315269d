import { decode } from 'cborg';
import { expect, test } from 'vitest';
import type { TriggerRecord } from '../catalog/records.ts';
import { triggerSettings, type TriggerType } from '../catalog/trigger-config.ts';
import { parseValue } from '../http/json-body.ts';
import { deliveryFor, SourceEvent } from './source-events.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');

function deliver(type: TriggerType, sourceArn: string, config: object, event: object): unknown {
  const trigger: TriggerRecord = {
    id: 'rule',
    function: 'f',
    name: 't',
    sourceArn,
    invocationRole: '',
    qualifier: 'LATEST',
    description: '',
    ...triggerSettings(type, config),
    etag: '1',
    createdAt: 0,
    modifiedAt: 0,
  };
  const document = deliveryFor(
    trigger,
    parseValue(SourceEvent, { triggerType: type, sourceArn, ...event }),
    NOW,
  );
  if (Buffer.isBuffer(document)) return decode(document, { allowBigInt: true });
  return document?.startsWith('{') ? JSON.parse(document) : document;
}

const BUCKET = 'acs:oss:cn-local:1:pictures';
const oss = { events: ['oss:ObjectCreated:*'], filter: { key: { prefix: 'in/', suffix: '.png' } } };
const put = {
  eventName: 'ObjectCreated:PutObject',
  object: { key: 'in/a.png', size: 5, deltaSize: 5, eTag: 'E' },
};

test('an object that was put is told as object storage tells it', () => {
  expect(deliver('oss', BUCKET, oss, put)).toEqual({
    events: [
      {
        eventName: 'ObjectCreated:PutObject',
        eventSource: 'acs:oss',
        eventTime: '2026-01-01T00:00:00.000Z',
        eventVersion: '1.0',
        oss: {
          bucket: { arn: BUCKET, name: 'pictures', ownerIdentity: '1', virtualBucket: '' },
          object: { key: 'in/a.png', size: 5, deltaSize: 5, eTag: 'E' },
          ossSchemaVersion: '1.0',
          ruleId: 'rule',
        },
        region: 'cn-local',
        requestParameters: { sourceIPAddress: '127.0.0.1' },
        responseElements: { requestId: expect.stringMatching(/^[0-9A-F]{24}$/) as string },
        userIdentity: { principalId: '1' },
      },
    ],
  });
});

test.each([
  [{ ...put, eventName: 'ObjectRemoved:DeleteObject' }],
  [{ ...put, object: { key: 'out/a.png' } }],
  [{ ...put, object: { key: 'in/a.jpg' } }],
  [{ ...put, sourceArn: 'acs:oss:cn-local:1:others' }],
])('%j is not for that trigger', (event) => {
  expect(deliver('oss', BUCKET, oss, event)).toBeUndefined();
});

const TOPIC = 'acs:mns:cn-local:1:/topics/news';
test('a message of a topic comes as it is, or in an envelope, and only with the tag', () => {
  const event = { message: 'hello', tag: 'a', messageId: 'ID' };
  expect(deliver('mns_topic', TOPIC, {}, event)).toBe('hello');
  expect(deliver('mns_topic', TOPIC, { filterTag: 'b' }, event)).toBeUndefined();
  expect(deliver('mns_topic', TOPIC, { notifyContentFormat: 'JSON', filterTag: 'a' }, event)).toEqual({
    TopicOwner: '1',
    Message: 'hello',
    Subscriber: '1',
    PublishTime: NOW,
    SubscriptionName: 't',
    MessageMD5: '5D41402ABC4B2A76B9719D911017C592',
    TopicName: 'news',
    MessageId: 'ID',
  });
});

test('a message with attributes says them, beside it or in its envelope', () => {
  const event = { message: 'hello', attributes: { key: 'value' }, messageId: 'ID' };
  expect(deliver('mns_topic', TOPIC, {}, event)).toEqual({
    body: 'hello',
    attrs: { Extend: '{"key":"value"}' },
  });
  expect(deliver('mns_topic', TOPIC, { notifyContentFormat: 'JSON' }, event)).toMatchObject({
    key: 'value',
    Message: 'hello',
    TopicName: 'news',
  });
  const forged = { ...event, attributes: { Message: 'other' } };
  expect(deliver('mns_topic', TOPIC, { notifyContentFormat: 'JSON' }, forged)).toMatchObject({
    Message: 'hello',
  });
});

const TABLE = 'acs:ots:cn-local:1:instance/i/table/t';
test('changed rows are told in CBOR, whatever JSON cannot say said as what it is', () => {
  const records = [
    {
      Type: 'PutRow',
      Info: { Timestamp: 1506416585740836 },
      PrimaryKey: [
        { ColumnName: 'pk_0', Value: { integer: '1506416585881590900' } },
        { ColumnName: 'pk_1', Value: '2017-09-26 17:03:05' },
        { ColumnName: 'pk_2', Value: { blob: 'AQID' } },
      ],
      Columns: [
        { Type: 'Put', ColumnName: 'attr_0', Value: { double: 2 }, Timestamp: 1506416585741 },
        { Type: 'Put', ColumnName: 'attr_1', Value: true, Timestamp: 1506416585741 },
        { Type: 'Put', ColumnName: 'attr_2', Value: -5, Timestamp: 1506416585741 },
        { Type: 'DeleteAllVersions', ColumnName: 'attr_3' },
      ],
    },
  ];
  expect(deliver('tablestore', TABLE, {}, { records })).toEqual({
    Version: 'Sync-v1',
    Records: [
      {
        Type: 'PutRow',
        Info: { Timestamp: 1506416585740836 },
        PrimaryKey: [
          { ColumnName: 'pk_0', Value: 1506416585881590900n },
          { ColumnName: 'pk_1', Value: '2017-09-26 17:03:05' },
          { ColumnName: 'pk_2', Value: Uint8Array.of(1, 2, 3) },
        ],
        Columns: [
          { Type: 'Put', ColumnName: 'attr_0', Value: 2, Timestamp: 1506416585741 },
          { Type: 'Put', ColumnName: 'attr_1', Value: true, Timestamp: 1506416585741 },
          { Type: 'Put', ColumnName: 'attr_2', Value: -5, Timestamp: 1506416585741 },
          { Type: 'DeleteAllVersions', ColumnName: 'attr_3' },
        ],
      },
    ],
  });
  expect(deliver('tablestore', `${TABLE}2`, {}, { sourceArn: TABLE, records })).toBeUndefined();
});

test.each([1.5, 2 ** 60, { integer: '9223372036854775808' }, { blob: '*' }, null, { double: 1 }, true])(
  'the key %j is refused, with what a key may be',
  (value) => {
    const row = (primaryKey: object, columns: object[] = []) => ({
      records: [{ Type: 'PutRow', Info: { Timestamp: 1 }, PrimaryKey: [primaryKey], Columns: columns }],
    });
    const key = { ColumnName: 'a', Value: value };
    expect(() => deliver('tablestore', TABLE, {}, row(key))).toThrow(
      'records.0.PrimaryKey.0.Value: must be a string, an integer up to 2^53, {"integer": "digits"}',
    );
    const column = { Type: 'Put', ColumnName: 'a', Value: value };
    const asColumn = () => deliver('tablestore', TABLE, {}, row({ ColumnName: 'a', Value: 1 }, [column]));
    // What a key may not be, a column may.
    if (value === true || (typeof value === 'object' && value !== null && 'double' in value))
      expect(asColumn()).toMatchObject({ Version: 'Sync-v1' });
    else expect(asColumn).toThrow('records.0.Columns.0.Value: must be a string, true or false');
  },
);

test('log, CDN and event bus', () => {
  const project = 'acs:log:cn-local:1:project/p';
  const config = { sourceConfig: { logstore: 's' }, functionParameter: { a: 1 } };
  const endpoint = 'http://cn-local-intranet.log.aliyuncs.com';
  const logs = { logstore: 's', endpoint, shardId: 3, beginCursor: 'b', endCursor: 'e' };
  expect(deliver('log', project, config, logs)).toEqual({
    parameter: { a: 1 },
    source: {
      endpoint,
      projectName: 'p',
      logstoreName: 's',
      shardId: 3,
      beginCursor: 'b',
      endCursor: 'e',
    },
    jobName: 'rule',
    taskId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    cursorTime: NOW / 1_000,
  });
  expect(deliver('log', project, config, { logstore: 'other' })).toBeUndefined();
  expect(deliver('log', project, { ...config, enable: false }, { logstore: 's' })).toBeUndefined();

  const cdn = { eventName: 'LogFileCreated', eventVersion: '1.0.0', filter: { domain: ['a.com'] } };
  const created = { eventName: 'LogFileCreated', domain: 'a.com', eventParameter: { filePath: 'x' } };
  expect(deliver('cdn_events', 'acs:cdn:*:1', cdn, created)).toEqual({
    events: [
      {
        eventName: 'LogFileCreated',
        eventVersion: '1.0.0',
        eventSource: 'cdn',
        region: 'cn-hangzhou',
        eventTime: '2026-01-01T08:00:00+08:00',
        traceId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        resource: { domain: 'a.com' },
        eventParameter: { filePath: 'x' },
        userIdentity: { aliUid: '1' },
      },
    ],
  });
  expect(deliver('cdn_events', 'acs:cdn:*:1', cdn, { ...created, domain: 'b.com' })).toBeUndefined();

  const bus = { eventRuleFilterPattern: '{"source":["shop"],"data":{"kind":["order"]}}' };
  const event = { id: '1', source: 'shop', data: { kind: 'order', sum: 5 } };
  expect(deliver('eventbridge', '', bus, { event })).toEqual(event);
  expect(deliver('eventbridge', '', bus, { event: { ...event, data: { kind: 'other' } } })).toBeUndefined();
  expect(deliver('eventbridge', '', { ...bus, triggerEnable: false }, { event })).toBeUndefined();
});
