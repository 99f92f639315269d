/** What each type of trigger is set to: the schemas are the one source of validation, types and defaults (fc-api.md §4). */
import { z } from 'zod';
import { parseTimer, type Timer } from '../../domain/schedule/timer.ts';
import { invalidArgument } from '../http/api-error.ts';
import { parseValue } from '../http/json-body.ts';
import { Times } from '../http/answers.ts';

const OSS_EVENTS = {
  ObjectCreated: [
    '*',
    'PutObject',
    'PutSymlink',
    'PostObject',
    'CopyObject',
    'InitiateMultipartUpload',
    'UploadPart',
    'UploadPartCopy',
    'CompleteMultipartUpload',
    'AppendObject',
  ],
  ObjectRemoved: ['DeleteObject', 'DeleteObjects', 'AbortMultipartUpload'],
  ObjectReplication: ['ObjectCreated', 'ObjectRemoved', 'ObjectModified'],
} as const;

const ossEvents = Object.entries(OSS_EVENTS).flatMap(([group, names]) =>
  names.map((name) => `oss:${group}:${name}`),
);

export const HTTP_METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS'] as const;

const text = z.string().default('');

const HttpConfig = z.object({
  authType: z.enum(['anonymous', 'function']),
  methods: z.array(z.enum(HTTP_METHODS)).min(1),
  disableURLInternet: z.boolean().default(false),
});
export type HttpTriggerConfig = TriggerConfig<'http'>;

const LogSource = z.object({ project: text, logstore: text });

const EventSource = z.object({
  sourceMNSParameters: z
    .object({ RegionId: text, QueueName: text, IsBase64Decode: z.boolean().default(true) })
    .exactOptional(),
  sourceRocketMQParameters: z
    .object({
      RegionId: text,
      InstanceId: text,
      Topic: text,
      Tag: text,
      Offset: text,
      GroupID: text,
      Timestamp: z.int().exactOptional(),
    })
    .exactOptional(),
  sourceRabbitMQParameters: z
    .object({ RegionId: text, InstanceId: text, VirtualHostName: text, QueueName: text })
    .exactOptional(),
});

const CONFIGS = {
  oss: z.object({
    events: z.array(z.enum(ossEvents)).min(1),
    filter: z.object({ key: z.object({ prefix: text, suffix: text }).prefault({}) }).prefault({}),
  }),
  log: z.object({
    sourceConfig: z.object({ logstore: z.string().min(1) }),
    jobConfig: z
      .object({
        maxRetryTime: z.int().min(0).max(100).default(3),
        triggerInterval: z.int().min(3).max(600).default(60),
      })
      .prefault({}),
    functionParameter: z.record(z.string(), z.unknown()).default({}),
    logConfig: LogSource.prefault({}),
    enable: z.boolean().default(true),
  }),
  timer: z.object({
    cronExpression: z.string().superRefine((expression, context) => {
      const parsed = parseTimer(expression);
      if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.fault });
    }),
    payload: text,
    enable: z.boolean().default(true),
  }),
  http: HttpConfig,
  cdn_events: z.object({
    eventName: z.string().min(1),
    eventVersion: z.string().min(1),
    notes: text,
    filter: z.record(z.string(), z.array(z.string())).default({}),
  }),
  mns_topic: z.object({
    filterTag: text,
    notifyContentFormat: z.enum(['STREAM', 'JSON']).default('STREAM'),
    notifyStrategy: z.enum(['BACKOFF_RETRY', 'EXPONENTIAL_DECAY_RETRY']).default('BACKOFF_RETRY'),
  }),
  tablestore: z.object({}),
  eventbridge: z.object({
    triggerEnable: z.boolean().default(true),
    asyncInvocationType: z.boolean().default(false),
    eventRuleFilterPattern: z
      .string()
      .refine((pattern) => pattern === '' || isJson(pattern), 'must be JSON in a string')
      .default('{}'),
    eventSourceConfig: z
      .object({
        eventSourceType: z.enum(['Default', 'MNS', 'RocketMQ', 'RabbitMQ']).default('Default'),
        eventSourceParameters: EventSource.prefault({}),
      })
      .prefault({}),
  }),
} as const;

export type TriggerType = keyof typeof CONFIGS;
export type TriggerConfig<Type extends TriggerType> = Readonly<z.output<(typeof CONFIGS)[Type]>>;
export const TRIGGER_TYPES = Object.keys(CONFIGS) as [TriggerType, ...TriggerType[]];

/** The configuration by type; those that the engine does not fire itself are kept for whoever does. */
export type TriggerSettings = {
  [Type in TriggerType]: { readonly type: Type; readonly config: TriggerConfig<Type> };
}[TriggerType];

/** What is answered of a trigger. */
export const TriggerAnswer = z.union(
  TRIGGER_TYPES.map((type) =>
    z.object({
      triggerName: z.string(),
      triggerId: z.string(),
      triggerType: z.literal(type),
      sourceArn: z.string(),
      invocationRole: z.string(),
      qualifier: z.string(),
      description: z.string(),
      triggerConfig: CONFIGS[type],
      ...Times,
      ...(type === 'http' && { urlInternet: z.string(), urlIntranet: z.string() }),
    }),
  ),
);

/** Where events of each type come from (fc-api.md §4); types that are missing here have no source of their own. */
const SOURCES: Partial<Record<TriggerType, { readonly pattern: RegExp; readonly words: string }>> = {
  oss: { pattern: /^acs:oss:[^:]+:\d+:[^:/]+$/, words: 'acs:oss:{region}:{account}:{bucket}' },
  log: {
    pattern: /^acs:log:[^:]+:\d+:project\/[^:/]+$/,
    words: 'acs:log:{region}:{account}:project/{project}',
  },
  cdn_events: { pattern: /^acs:cdn:[^:]+:\d+$/, words: 'acs:cdn:*:{account}' },
  mns_topic: {
    pattern: /^acs:mns:[^:]+:\d+:\/topics\/[^:/]+$/,
    words: 'acs:mns:{region}:{account}:/topics/{topic}',
  },
  tablestore: {
    pattern: /^acs:ots:[^:]+:\d+:instance\/[^:/]+\/table\/[^:/]+$/,
    words: 'acs:ots:{region}:{account}:instance/{instance}/table/{table}',
  },
};

/** @throws ApiError `InvalidArgument` that names what does not fit the type */
export function triggerSettings(type: TriggerType, config: unknown): TriggerSettings {
  const schema = z.object({ triggerConfig: CONFIGS[type] });
  const { triggerConfig } = parseValue(schema, { triggerConfig: config ?? {} });
  return { type, config: triggerConfig } as TriggerSettings;
}

/** @throws ApiError `InvalidArgument` unless the type can have events from `sourceArn` */
export function checkSource(type: TriggerType, sourceArn: string): void {
  const source = SOURCES[type];
  if (source && !source.pattern.test(sourceArn))
    throw invalidArgument(
      `sourceArn: a trigger of type '${type}' needs '${source.words}', not '${sourceArn}'`,
    );
}

/** When a timer trigger fires, or `undefined` for another trigger and one that is switched off. */
export function timerOf(settings: TriggerSettings): Timer | undefined {
  if (settings.type !== 'timer' || !settings.config.enable) return undefined;
  const parsed = parseTimer(settings.config.cronExpression);
  return parsed.ok ? parsed.value : undefined;
}

function isJson(pattern: string): boolean {
  try {
    JSON.parse(pattern);
    return true;
  } catch {
    return false;
  }
}
