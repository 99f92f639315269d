/**
 * Events of other products as functions get them: which triggers an event is for, and the document that the cloud sends.
 * Whoever stands in for the product says what happened; names and envelopes are made here.
 */
import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { TriggerRecord } from '../catalog/records.ts';
import { tableStoreDocument, TableStoreEvent } from './tablestore-event.ts';
import type { TriggerConfig } from '../catalog/trigger-config.ts';

const text = z.string().default('');
const CHINA_MS = 8 * 3_600_000;

const OssEvent = z.object({
  triggerType: z.literal('oss'),
  sourceArn: z.string(),
  /** E.g. `ObjectCreated:PutObject`. */
  eventName: z.string().regex(/^Object[A-Za-z]+:[A-Za-z]+$/, "must be like 'ObjectCreated:PutObject'"),
  object: z.object({
    key: z.string().min(1),
    size: z.int().min(0).default(0),
    deltaSize: z.int().default(0),
    eTag: text,
  }),
  sourceIPAddress: z.string().default('127.0.0.1'),
  principalId: text,
});

const MnsEvent = z.object({
  triggerType: z.literal('mns_topic'),
  sourceArn: z.string(),
  message: z.string(),
  /** What the message's attribute `Extend` holds. */
  attributes: z.record(z.string(), z.string()).default({}),
  tag: text,
  messageId: text,
});

const LogEvent = z.object({
  triggerType: z.literal('log'),
  sourceArn: z.string(),
  logstore: z.string().min(1),
  endpoint: text,
  shardId: z.int().min(0).default(0),
  beginCursor: text,
  endCursor: text,
});

const CdnEvent = z.object({
  triggerType: z.literal('cdn_events'),
  sourceArn: z.string(),
  eventName: z.string().min(1),
  eventVersion: z.string().default('1.0.0'),
  /** The cloud's own default: a source ARN names no region. */
  region: z.string().default('cn-hangzhou'),
  domain: z.string().min(1),
  eventParameter: z.record(z.string(), z.unknown()).default({}),
});

const BridgeEvent = z.object({
  triggerType: z.literal('eventbridge'),
  sourceArn: text,
  /** A CloudEvent; it goes to the function as it is. */
  event: z.record(z.string(), z.unknown()),
});

export const SourceEvent = z.discriminatedUnion('triggerType', [
  OssEvent,
  MnsEvent,
  LogEvent,
  CdnEvent,
  TableStoreEvent,
  BridgeEvent,
]);
export type SourceEvent = z.infer<typeof SourceEvent>;

/** What the trigger's function gets, or `undefined` where the event is not for it. */
export function deliveryFor(
  trigger: TriggerRecord,
  event: SourceEvent,
  now: number,
): string | Buffer | undefined {
  if (event.triggerType !== 'eventbridge' && trigger.sourceArn !== event.sourceArn) return undefined;
  switch (event.triggerType) {
    case 'oss':
      if (trigger.type !== 'oss' || !isOssMatch(trigger.config, event)) return undefined;
      return ossDocument(trigger, event, now);
    case 'mns_topic': {
      if (trigger.type !== 'mns_topic') return undefined;
      const { filterTag, notifyContentFormat } = trigger.config;
      if (filterTag !== '' && filterTag !== event.tag) return undefined;
      return notifyContentFormat === 'JSON' ? mnsDocument(trigger, event, now) : mnsStream(event);
    }
    case 'log': {
      if (trigger.type !== 'log') return undefined;
      const { enable, sourceConfig, functionParameter } = trigger.config;
      if (!enable || sourceConfig.logstore !== event.logstore) return undefined;
      return logDocument(trigger.id, functionParameter, event, now);
    }
    case 'cdn_events':
      if (trigger.type !== 'cdn_events' || !isCdnMatch(trigger.config, event)) return undefined;
      return cdnDocument(event, now);
    case 'tablestore':
      return trigger.type === 'tablestore' ? tableStoreDocument(event) : undefined;
    case 'eventbridge': {
      if (trigger.type !== 'eventbridge') return undefined;
      const { triggerEnable, eventRuleFilterPattern } = trigger.config;
      if (!triggerEnable || !fitsPattern(patternOf(eventRuleFilterPattern), event.event)) return undefined;
      return JSON.stringify(event.event);
    }
  }
}

function isOssMatch(
  { events, filter }: TriggerConfig<'oss'>,
  { eventName, object }: z.infer<typeof OssEvent>,
): boolean {
  const group = eventName.slice(0, eventName.indexOf(':'));
  const isNamed = [`oss:${eventName}`, `oss:${group}:*`].some((name) => events.includes(name));
  return isNamed && object.key.startsWith(filter.key.prefix) && object.key.endsWith(filter.key.suffix);
}

function ossDocument(trigger: TriggerRecord, event: z.infer<typeof OssEvent>, now: number): string {
  const [, , region = '', account = '', bucket = ''] = event.sourceArn.split(':');
  const { eventName, object, sourceIPAddress, principalId } = event;
  const record = {
    eventName,
    eventSource: 'acs:oss',
    eventTime: new Date(now).toISOString(),
    eventVersion: '1.0',
    oss: {
      bucket: { arn: event.sourceArn, name: bucket, ownerIdentity: account, virtualBucket: '' },
      object,
      ossSchemaVersion: '1.0',
      ruleId: trigger.id,
    },
    region,
    requestParameters: { sourceIPAddress },
    responseElements: { requestId: randomUUID().replaceAll('-', '').slice(0, 24).toUpperCase() },
    userIdentity: { principalId: principalId || account },
  };
  return JSON.stringify({ events: [record] });
}

/** The message itself, unless there is more to say. */
function mnsStream({ message, attributes }: z.infer<typeof MnsEvent>): string {
  if (Object.keys(attributes).length === 0) return message;
  return JSON.stringify({ body: message, attrs: { Extend: JSON.stringify(attributes) } });
}

function mnsDocument(trigger: TriggerRecord, event: z.infer<typeof MnsEvent>, now: number): string {
  const [, , , account = '', topic = ''] = event.sourceArn.split(':');
  return JSON.stringify({
    ...event.attributes,
    TopicOwner: account,
    Message: event.message,
    Subscriber: account,
    PublishTime: now,
    SubscriptionName: trigger.name,
    MessageMD5: createHash('md5').update(event.message).digest('hex').toUpperCase(),
    TopicName: topic.slice('/topics/'.length),
    MessageId: event.messageId || randomUUID().replaceAll('-', '').toUpperCase(),
  });
}

function logDocument(
  jobName: string,
  parameter: object,
  event: z.infer<typeof LogEvent>,
  now: number,
): string {
  return JSON.stringify({
    parameter,
    source: {
      endpoint: event.endpoint,
      projectName: event.sourceArn.slice(event.sourceArn.lastIndexOf('/') + 1),
      logstoreName: event.logstore,
      shardId: event.shardId,
      beginCursor: event.beginCursor,
      endCursor: event.endCursor,
    },
    jobName,
    taskId: randomUUID(),
    cursorTime: Math.floor(now / 1_000),
  });
}

function isCdnMatch(
  { eventName, filter }: TriggerConfig<'cdn_events'>,
  event: z.infer<typeof CdnEvent>,
): boolean {
  return eventName === event.eventName && (filter['domain']?.includes(event.domain) ?? true);
}

function cdnDocument(event: z.infer<typeof CdnEvent>, now: number): string {
  const [, , , account = ''] = event.sourceArn.split(':');
  const record = {
    eventName: event.eventName,
    eventVersion: event.eventVersion,
    eventSource: 'cdn',
    region: event.region,
    eventTime: chinaTime(now),
    traceId: randomUUID(),
    resource: { domain: event.domain },
    eventParameter: event.eventParameter,
    userIdentity: { aliUid: account },
  };
  return JSON.stringify({ events: [record] });
}

/** As the content network writes times: China's, to the second. */
function chinaTime(now: number): string {
  return `${new Date(now + CHINA_MS).toISOString().slice(0, 19)}+08:00`;
}

function patternOf(text: string): unknown {
  return text === '' ? {} : JSON.parse(text);
}

/** Every member of a pattern names the values that are let through: a list of them, or a pattern of its own. */
function fitsPattern(pattern: unknown, value: unknown): boolean {
  if (Array.isArray(pattern)) return pattern.includes(value);
  if (typeof pattern !== 'object' || pattern === null) return pattern === value;
  if (typeof value !== 'object' || value === null) return Object.keys(pattern).length === 0;
  return Object.entries(pattern).every(([name, inner]) =>
    fitsPattern(inner, (value as Readonly<Record<string, unknown>>)[name]),
  );
}
