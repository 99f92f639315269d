/**
 * The ends of every limit (fc-api.md §4, §5; guide.md §3, §7, §9, §10): what is still taken, and what is one step too
 * far. Limits that are told elsewhere are tried where they are: ten triggers (engine-triggers.test.ts), 20 bindings
 * (engine-configs.test.ts), 15 minutes of skew (signature.test.ts), pages of 1 to 100 (refusals.ts).
 */
import { functionAnswering, zipOf } from '../support/engine-process.ts';
import type { Asking, Subject } from './subject.ts';

export interface Limit {
  readonly what: string;
  readonly operation: string;
  readonly asking: (value: never) => Asking;
  readonly taken: readonly unknown[];
  readonly refused: readonly unknown[];
  /** Where that is not `400 InvalidArgument`. */
  readonly says?: string;
}

/** `asking` gets the values of `taken` and `refused`. */
function limit<T>(
  what: string,
  operation: string,
  asking: (value: T) => Asking,
  taken: readonly T[],
  refused: readonly T[],
  says?: string,
): Limit {
  return { what, operation, asking, taken, refused, ...(says !== undefined && { says }) };
}

/** Of a member of the body that `more` completes. */
const member = (operation: string, name: string, more: object = {}) => {
  const path = name.split('.');
  return (taken: readonly unknown[], refused: readonly unknown[]): Limit =>
    limit(
      name,
      operation,
      (value: unknown) => ({
        body: { ...more, ...path.reduceRight<object>((inner, key) => ({ [key]: inner }), value as object) },
      }),
      taken,
      refused,
    );
};
const ofFunction = (name: string, more: object = {}) => member('UpdateFunction', name, more);
const text = (length: number): string => 'd'.repeat(length);
const TEXTS = [['', text(256)], [text(257)]] as const;
const names = (longest: number) =>
  [
    ['a', '_', text(longest)],
    ['1', '-', 'a.b', text(longest + 1)],
  ] as const;
const COUNTS = [
  [1, 120],
  [0, 121, 1.5],
] as const;
const hook = (name: string): Limit => ofFunction(`instanceLifecycleConfig.${name}.timeout`)([1, 90], [0, 91]);
const day = { startTime: '2026-01-01T00:00:00Z', endTime: '2026-01-02T00:00:00Z' };
const action = { name: 'a', ...day, scheduleExpression: 'cron(0 0 8 * * *)', target: 1 };
const policy = {
  name: 'p',
  ...day,
  metricType: 'ProvisionedConcurrencyUtilization',
  metricTarget: 0.6,
  minCapacity: 1,
  maxCapacity: 2,
};
const provision = (body: object): Asking => ({ of: { service: 'shop.PROD' }, body: { target: 0, ...body } });
const ofAction = (name: string) => (value: unknown) =>
  provision({ scheduledActions: [{ ...action, [name]: value }] });
const ofPolicy = (name: string) => (value: unknown) =>
  provision({ targetTrackingPolicies: [{ ...policy, [name]: value }] });
const PUT_PROVISION = 'PutProvisionConfig';
const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']));
const called = (headers: Readonly<Record<string, string>>): Asking => ({
  headers: { 'x-fc-invocation-type': 'Async', ...headers },
});
const log = (jobConfig: object, triggerName = `log${JSON.stringify(jobConfig).replace(/\W/g, '')}`) => ({
  of: { function: 'limits' },
  body: {
    triggerName,
    triggerType: 'log',
    sourceArn: 'acs:log:cn-local:1:project/p',
    triggerConfig: { sourceConfig: { logstore: 'l' }, jobConfig },
  },
});
const label = (length: number): string => `${text(length)}.example.com`;
const domain = (length: number): string => `${`${text(49)}.`.repeat(10)}${text(length)}`.slice(0, length);
const layerBody = { code: { zipFile: (await zipOf({ 'l.txt': 'l' })).toString('base64') } };
const arns = (count: number): string[] => Array.from({ length: count }, (_, index) => `x#l${index}#1`);

export const LIMITS: readonly Limit[] = [
  member('CreateService', 'serviceName')(...names(128)),
  member('CreateAlias', 'aliasName', { versionId: '1' })(...names(128)),
  member('CreateFunction', 'functionName', await functionAnswering('', 'hi'))(...names(128)),
  limit(
    'layerName',
    'PublishLayerVersion',
    (layer: string) => ({ of: { layer }, body: layerBody }),
    ...names(64),
  ),
  limit(
    'triggerName',
    'CreateTrigger',
    (triggerName: string) => ({ ...log({}, triggerName) }),
    ...names(128),
  ),
  member('CreateCustomDomain', 'domainName')([label(63), domain(253)], [label(64), domain(254)]),

  member('UpdateService', 'description')(...TEXTS),
  member('UpdateService', 'nasConfig.userId')([-1, 0, 65_534], [-2, 65_535]),
  member('UpdateService', 'nasConfig.groupId')([-1, 0, 65_534], [-2, 65_535]),
  member('UpdateAlias', 'description')(...TEXTS),
  member('UpdateTrigger', 'description')(...TEXTS),
  member('PublishVersion', 'description')([], [text(257)]),

  ofFunction('description')(...TEXTS),
  ofFunction('timeout')([1, 600], [0, 601, 1.5]),
  ofFunction('initializationTimeout')([1, 300], [0, 301]),
  ofFunction('memorySize')([128, 192, 3_072], [64, 127, 130, 3_136]),
  ofFunction('instanceConcurrency')([0, 1, 100], [-1, 101]),
  ofFunction('instanceSoftConcurrency', { instanceConcurrency: 10 })([1, 10], [-1, 11]),
  ofFunction('cpu', { memorySize: 1_024 })([0.25, 0.35, 1], [0, 0.2, 0.33, 1.05]),
  ofFunction('diskSize')([512, 10_240], [511, 1_024]),
  ofFunction('caPort')([1, 65_535], [0, 65_536]),
  hook('preFreeze'),
  hook('preStop'),
  ofFunction('customHealthCheckConfig.initialDelaySeconds')([0, 120], [-1, 121]),
  ofFunction('customHealthCheckConfig.periodSeconds')(...COUNTS),
  ofFunction('customHealthCheckConfig.timeoutSeconds')([1, 3], [0, 4]),
  ofFunction('customHealthCheckConfig.failureThreshold')(...COUNTS),
  ofFunction('customHealthCheckConfig.successThreshold')(...COUNTS),
  // The name counts too.
  ofFunction('environmentVariables.A')([text(4_095)], [text(4_096)]),
  ofFunction('layers')([arns(5)], [arns(6)]),

  member('UpdateAlias', 'additionalVersionWeight.2')([0, 0.05, 1], [-0.01, 1.01]),
  limit(
    'log maxRetryTime',
    'CreateTrigger',
    (maxRetryTime: number) => log({ maxRetryTime }),
    [0, 100],
    [-1, 101],
  ),
  limit(
    'log triggerInterval',
    'CreateTrigger',
    (triggerInterval: number) => log({ triggerInterval }),
    [3, 600],
    [2, 601],
  ),
  limit(
    'tags in one call',
    'TagResource',
    (tags: object) => ({ body: { resourceArn: 'services/shop', tags } }),
    [many(1), many(20)],
    [many(0), many(21)],
  ),

  member('PutFunctionAsyncInvokeConfig', 'maxAsyncEventAgeInSeconds', { statefulInvocation: true })(
    [1, 2_592_000],
    [0, 2_592_001],
  ),
  member('PutFunctionAsyncInvokeConfig', 'maxAsyncRetryAttempts', { statefulInvocation: true })(
    [0, 8],
    [-1, 9],
  ),
  limit(
    'async delay',
    'InvokeFunction',
    (seconds: string) => called({ 'x-fc-async-delay': seconds }),
    ['0', '3600'],
    ['-1', '3601', 'x'],
  ),
  limit(
    'id of a call',
    'InvokeFunction',
    (id: string) => called({ 'x-fc-async-delay': '3600', 'x-fc-stateful-async-invocation-id': id }),
    ['a', '_', text(128)],
    [text(129), '1', 'a.b'],
  ),
  limit(
    'event',
    'InvokeFunction',
    (length: number) => ({ body: Buffer.alloc(length) }),
    [0, 6 * 1024 * 1024],
    [6 * 1024 * 1024 + 1],
    '413 EntityTooLarge',
  ),

  member('PutOnDemandConfig', 'maximumInstanceCount')([0, 300], [-1, 1.5]),
  limit('target', PUT_PROVISION, (target: number) => provision({ target }), [0], [-1, 1.5]),
  limit('scheduled target', PUT_PROVISION, ofAction('target'), [0, 300], [-1, undefined]),
  limit(
    'scheduled startTime',
    PUT_PROVISION,
    ofAction('startTime'),
    ['2026-01-01T23:59:59Z'],
    [day.endTime, '2026-01-01', 'now'],
  ),
  limit(
    'scheduleExpression',
    PUT_PROVISION,
    ofAction('scheduleExpression'),
    [
      'cron(0 0 20 * * *)',
      'cron(59 59 23 31 DEC ?)',
      'cron(0 3/5 10-12 ? * MON,WED,FRI)',
      'at(2026-01-01T08:00:00)',
    ],
    [
      'cron(60 0 20 * * *)',
      'cron(0 20 * * *)',
      'cron(0 0 24 * * *)',
      'cron(0 0 0 32 * *)',
      'cron(0 0 0 1 13 *)',
      'cron(0 0 0 ? * 8)',
      'cron(? 0 0 * * *)',
      'at(2026-13-01T08:00:00)',
      'at(08:00)',
      '0 0 20 * * *',
      'rate(5m)',
    ],
  ),
  limit('metricTarget', PUT_PROVISION, ofPolicy('metricTarget'), [0.01, 1], [0, 1.01]),
  limit(
    'metricType',
    PUT_PROVISION,
    ofPolicy('metricType'),
    ['CPUUtilization', 'GPUMemUtilization'],
    ['Latency'],
  ),
  limit('minCapacity', PUT_PROVISION, ofPolicy('minCapacity'), [0, 2], [-1, 3]),
  limit('maxCapacity', PUT_PROVISION, ofPolicy('maxCapacity'), [1, 300], [0]),
];

/** What the limits are tried on besides what is there. */
export async function prepareLimits({ done, hello }: Subject): Promise<void> {
  await done('CreateFunction', { body: { ...hello, functionName: 'limits' } });
  for (let index = 0; index < 6; index += 1)
    await done('PublishLayerVersion', { of: { layer: `l${index}` }, body: layerBody });
}
