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

test('log, CDN and event bus', () => {
  const project = 'acs:log:cn-local:1:project/p';
  const config = { sourceConfig: { logstore: 's' }, functionParameter: { a: 1 } };
  expect(deliver('log', project, config, { logstore: 's', beginCursor: 'b', endCursor: 'e' })).toMatchObject({
    parameter: { a: 1 },
    source: { projectName: 'p', logstoreName: 's', shardId: 0, beginCursor: 'b', endCursor: 'e' },
    jobName: 'rule',
    cursorTime: NOW / 1_000,
  });
  expect(deliver('log', project, config, { logstore: 'other' })).toBeUndefined();
  expect(deliver('log', project, { ...config, enable: false }, { logstore: 's' })).toBeUndefined();

  const cdn = { eventName: 'LogFileCreated', eventVersion: '1.0.0', filter: { domain: ['a.com'] } };
  const created = { eventName: 'LogFileCreated', domain: 'a.com', eventParameter: { filePath: 'x' } };
  expect(deliver('cdn_events', 'acs:cdn:*:1', cdn, created)).toMatchObject({
    events: [
      {
        eventSource: 'cdn',
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
