/** One of every kind with every member set, and what is read of it: the same before and after a kill. */
import { certificateFor } from '../support/certificate.ts';
import { ACCOUNT } from '../support/engine-process.ts';
import type { Asking, Subject } from './subject.ts';

const ROLE = `acs:ram::${ACCOUNT}:role/r`;
const SERVICE = {
  description: 'all of it',
  role: ROLE,
  logConfig: {
    project: 'p',
    logstore: 'l',
    enableRequestMetrics: true,
    enableInstanceMetrics: true,
    logBeginRule: 'DefaultRegex',
  },
  vpcConfig: { vpcId: '', vSwitchIds: [], securityGroupId: '' },
  nasConfig: { userId: 1000, groupId: 1000, mountPoints: [] },
  internetAccess: false,
  tracingConfig: { type: 'Jaeger', params: { endpoint: 'http://jaeger.test/' } },
  ossMountConfig: { mountPoints: [] },
  vendorConfig: { some: { thing: ['else'] } },
  useSLRAuthentication: true,
};
const FUNCTION = {
  description: 'all of it',
  runtime: 'custom',
  handler: 'none',
  initializer: 'init',
  initializationTimeout: 20,
  timeout: 30,
  memorySize: 512,
  cpu: 0.35,
  diskSize: 512,
  instanceConcurrency: 10,
  instanceSoftConcurrency: 5,
  instanceType: 'c1',
  environmentVariables: { A: '1', B: '' },
  layers: [`acs:fc:cn-local:${ACCOUNT}:layers/kept/versions/1`],
  caPort: 8080,
  customRuntimeConfig: { command: ['node'], args: ['server.js'] },
  customHealthCheckConfig: {
    httpGetUrl: '/health',
    initialDelaySeconds: 1,
    periodSeconds: 2,
    timeoutSeconds: 3,
    failureThreshold: 4,
    successThreshold: 5,
  },
  instanceLifecycleConfig: {
    preFreeze: { handler: 'freeze', timeout: 5 },
    preStop: { handler: 'stop', timeout: 6 },
  },
  customDNS: {
    nameServers: ['223.5.5.5'],
    searches: ['shop.example'],
    dnsOptions: [{ name: 'ndots', value: '2' }],
  },
};
const ALIAS = { description: 'live', versionId: '1', additionalVersionWeight: { 2: 0.25 } };
const TRIGGERS: Readonly<Record<string, readonly [sourceArn: string, triggerConfig: object]>> = {
  http: ['', { authType: 'function', methods: ['GET', 'PATCH'], disableURLInternet: true }],
  timer: ['', { cronExpression: 'CRON_TZ=Asia/Shanghai 0 0 4 * * *', payload: 'x', enable: false }],
  oss: [
    `acs:oss:cn-local:${ACCOUNT}:b`,
    { events: ['oss:ObjectCreated:*'], filter: { key: { prefix: 'a', suffix: 'b' } } },
  ],
  log: [
    `acs:log:cn-local:${ACCOUNT}:project/p`,
    {
      sourceConfig: { logstore: 'l' },
      jobConfig: { maxRetryTime: 1, triggerInterval: 30 },
      functionParameter: { a: 1 },
      logConfig: { project: 'p', logstore: 'm' },
      enable: false,
    },
  ],
  cdn_events: [
    `acs:cdn:*:${ACCOUNT}`,
    { eventName: 'LogFileCreated', eventVersion: '1.0.0', notes: 'n', filter: { domain: ['a.com'] } },
  ],
  mns_topic: [
    `acs:mns:cn-local:${ACCOUNT}:/topics/t`,
    { filterTag: 't', notifyContentFormat: 'JSON', notifyStrategy: 'EXPONENTIAL_DECAY_RETRY' },
  ],
  tablestore: [`acs:ots:cn-local:${ACCOUNT}:instance/i/table/t`, {}],
  eventbridge: [
    '',
    {
      triggerEnable: false,
      asyncInvocationType: true,
      eventRuleFilterPattern: '{"source":["shop"]}',
      eventSourceConfig: {
        eventSourceType: 'RabbitMQ',
        eventSourceParameters: {
          sourceRabbitMQParameters: {
            RegionId: 'r',
            InstanceId: 'i',
            VirtualHostName: 'v',
            QueueName: 'q',
          },
        },
      },
    },
  ],
};
const DOMAIN = {
  protocol: 'HTTP,HTTPS',
  routeConfig: {
    routes: [
      { path: '/a/*', serviceName: 'kept', functionName: 'full', qualifier: 'PROD', methods: ['GET'] },
      { path: '/b', serviceName: 'kept', functionName: 'full', qualifier: 'LATEST', methods: [] },
    ],
  },
};
const LAYER = { description: 'shared', compatibleRuntime: ['nodejs20', 'custom'] };
const PROVISION = {
  target: 0,
  scheduledActions: [
    {
      name: 'evening',
      startTime: '2026-01-01T00:00:00Z',
      endTime: '2027-01-01T00:00:00Z',
      scheduleExpression: 'cron(0 0 20 * * *)',
      target: 2,
    },
  ],
  targetTrackingPolicies: [
    {
      name: 'busy',
      startTime: '2026-01-01T00:00:00Z',
      endTime: '2027-01-01T00:00:00Z',
      metricType: 'ProvisionedConcurrencyUtilization',
      metricTarget: 0.6,
      minCapacity: 1,
      maxCapacity: 10,
    },
  ],
  alwaysAllocateCPU: true,
};
const destination = `acs:fc:cn-local:${ACCOUNT}:services/kept/functions/full`;
const ASYNC = {
  destinationConfig: { onSuccess: { destination }, onFailure: { destination } },
  maxAsyncEventAgeInSeconds: 60,
  maxAsyncRetryAttempts: 2,
  statefulInvocation: true,
};
const TAGS = { team: 'a', empty: '' };

const LATEST = { service: 'kept', function: 'full', layer: 'kept', domain: 'kept.example.com' };
const PROD = { ...LATEST, service: 'kept.PROD', invocation: 'kept' };
const ONE = { ...LATEST, service: 'kept.1' };

/** What is read, and what it must have been set to. */
export const READS: readonly (readonly [operation: string, asking: Asking, set?: object])[] = [
  ['GetService', { of: LATEST }, { ...SERVICE, tags: TAGS }],
  ['GetService', { of: ONE }, { description: 'first' }],
  ['GetService', { of: PROD }, { description: 'first' }],
  ['ListServices', { query: 'tag_team=a' }, { services: [{ serviceName: 'kept' }] }],
  ['GetFunction', { of: LATEST }, FUNCTION],
  ['GetFunction', { of: ONE }, { description: 'first', runtime: 'custom' }],
  ['GetFunction', { of: PROD }, { description: 'first' }],
  ['ListFunctions', { of: ONE }, { functions: [{ description: 'first' }] }],
  ['ListFunctions', { of: LATEST }, { functions: [FUNCTION] }],
  ['GetFunctionCode', { of: LATEST }],
  ['GetFunctionCode', { of: PROD }],
  ['ListVersions', { of: LATEST }, { versions: [{ versionId: '2' }, { versionId: '1', description: 'v1' }] }],
  ['GetAlias', { of: LATEST }, ALIAS],
  ['ListAliases', { of: LATEST }, { aliases: [ALIAS] }],
  ...Object.entries(TRIGGERS).map(
    ([trigger, [sourceArn, triggerConfig]]) =>
      [
        'GetTrigger',
        { of: { ...LATEST, trigger } },
        { sourceArn, triggerConfig, description: trigger },
      ] as const,
  ),
  ['ListTriggers', { of: LATEST }],
  ['GetCustomDomain', { of: LATEST }, DOMAIN],
  ['ListCustomDomains', { query: 'prefix=kept' }, { customDomains: [DOMAIN] }],
  ['GetLayerVersion', { of: { ...LATEST, version: '1' } }, { ...LAYER, acl: 1 }],
  ['ListLayers', { query: 'prefix=kept&public=true' }, { layers: [LAYER] }],
  ['GetProvisionConfig', { of: PROD }, PROVISION],
  ['GetOnDemandConfig', { of: PROD }, { maximumInstanceCount: 7 }],
  ['GetFunctionAsyncInvokeConfig', { of: PROD }, ASYNC],
  ['GetStatefulAsyncInvocation', { of: PROD }, { status: 'Enqueued', invocationPayload: 'kept' }],
  ['GetResourceTags', { query: 'resourceArn=services/kept' }, { tags: TAGS }],
  ['ListVpcBindings', { of: LATEST }, { vpcIds: ['vpc-kept'] }],
];

/** What is deleted, and must not come back; all of it is there until `makeAll` deletes it. */
export const GONE: readonly (readonly [deletion: string, read: string, asking: Asking])[] = [
  ['DeleteTrigger', 'GetTrigger', { of: { ...LATEST, trigger: 'gone' } }],
  ['DeleteAlias', 'GetAlias', { of: { ...LATEST, alias: 'GONE' } }],
  ['DeleteVersion', 'GetService', { of: { service: 'kept.3', version: '3' } }],
  ['DeleteFunction', 'GetFunction', { of: { ...LATEST, function: 'gone' } }],
  ['DeleteCustomDomain', 'GetCustomDomain', { of: { domain: 'gone.example.com' } }],
  ['DeleteLayerVersion', 'GetLayerVersion', { of: { layer: 'kept', version: '2' } }],
  ['DeleteOnDemandConfig', 'GetOnDemandConfig', { of: ONE }],
  ['DeleteFunctionAsyncInvokeConfig', 'GetFunctionAsyncInvokeConfig', { of: ONE }],
  ['DeleteService', 'GetService', { of: { service: 'gone' } }],
];

/** Makes it, and deletes what is to be gone. Ends with the last write answered. */
export async function makeAll({ done, hello }: Subject): Promise<void> {
  const { code } = hello;
  const of = LATEST;
  for (const serviceName of ['kept', 'gone'])
    await done('CreateService', { body: { serviceName, description: 'first' } });
  await done('PublishLayerVersion', { of, body: { ...LAYER, code } });
  await done('PublishLayerVersion', { of, body: { code } });
  await done('PutLayerACL', { of, query: 'public=true' });
  const first = { functionName: 'full', runtime: 'custom', handler: 'none', description: 'first', code };
  await done('CreateFunction', { of, body: first });
  await done('PublishVersion', { of, body: { description: 'v1' } });
  await done('UpdateFunction', { of, body: FUNCTION });
  await done('UpdateService', { of, body: SERVICE });
  await done('PublishVersion', { of, body: {} });
  await done('CreateFunction', { of, body: { ...hello, functionName: 'gone' } });
  await done('PublishVersion', { of, body: {} });
  await done('CreateAlias', { of, body: { aliasName: 'PROD', ...ALIAS } });
  await done('CreateAlias', { of, body: { aliasName: 'GONE', versionId: '1' } });
  for (const [triggerName, [sourceArn, triggerConfig]] of Object.entries({ ...TRIGGERS, gone: TIMER }))
    await done('CreateTrigger', {
      of,
      body: {
        triggerName,
        triggerType: triggerName === 'gone' ? 'timer' : triggerName,
        sourceArn,
        triggerConfig,
        description: triggerName,
      },
    });
  const pair = certificateFor('kept.example.com');
  const certConfig = { certName: 'c', ...pair };
  await done('CreateCustomDomain', { body: { domainName: 'kept.example.com', ...DOMAIN, certConfig } });
  await done('CreateCustomDomain', { body: { domainName: 'gone.example.com' } });
  await done('PutProvisionConfig', { of: PROD, body: PROVISION });
  for (const qualified of [PROD, ONE]) {
    await done('PutOnDemandConfig', { of: qualified, body: { maximumInstanceCount: 7 } });
    await done('PutFunctionAsyncInvokeConfig', { of: qualified, body: ASYNC });
  }
  await done('InvokeFunction', {
    of: PROD,
    body: 'kept',
    headers: {
      'x-fc-invocation-type': 'Async',
      'x-fc-async-delay': '3600',
      'x-fc-stateful-async-invocation-id': 'kept',
    },
  });
  await done('TagResource', { body: { resourceArn: 'services/kept', tags: { ...TAGS, gone: 'x' } } });
  await done('UntagResource', { body: { resourceArn: 'services/kept', tagKeys: ['gone'] } });
  for (const vpcId of ['vpc-kept', 'vpc-gone']) await done('CreateVpcBinding', { of, body: { vpcId } });
  await done('DeleteVpcBinding', { of: { ...of, vpc: 'vpc-gone' } });
  for (const [deletion, , asking] of GONE)
    await done(deletion, { of: { ...asking.of, service: asking.of?.['service']?.replace('.3', '') ?? '' } });
}
const TIMER = ['', { cronExpression: '@every 24h' }] as const;

/** Everything that `READS` reads, without the links to code, which a restart ends. */
export async function readAll({ done }: Subject): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (const [operation, asking] of READS) {
    const answer = await done(operation, asking);
    const text = answer.body
      .toString()
      .replaceAll(/"(url|location)":"[^"]*\/_sluice\/code\/(\w+)\?[^"]*"/g, '"$1":"$2"');
    seen.push([operation, answer.headers['etag'], JSON.parse(text)]);
  }
  return seen;
}
