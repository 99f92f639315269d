/**
 * Every operation with every error code that the specification names for it (fc-api.md §3, §6): what is asked of an
 * engine that has one of everything, and what it must say.
 */
import { functionAnswering } from '../support/engine-process.ts';
import { timer, type Asking } from './subject.ts';

export type Refusal = readonly [says: string, asking: Asking];

const stale = { headers: { 'if-match': '0' } };
const noService: Refusal = ['404 ServiceNotFound', { of: { service: 'none' } }];
const noVersion: Refusal = ['404 VersionNotFound', { of: { service: 'shop.9' } }];
const noAlias: Refusal = ['404 AliasNotFound', { of: { service: 'shop.NONE' } }];
const noFunction: Refusal = ['404 FunctionNotFound', { of: { function: 'none' } }];
/** Of what is read or called by a qualifier. */
const QUALIFIED: readonly Refusal[] = [noService, noVersion, noAlias, noFunction];
/** Of what belongs to LATEST alone. */
const LATEST_ONLY: readonly Refusal[] = [
  noService,
  noFunction,
  ['400 InvalidArgument', { of: { service: 'shop.1' } }],
];
/** Limits are 1 to 100. */
const PAGED: readonly Refusal[] = ['0', '101', '-1', 'x'].map((limit): Refusal => [
  '400 InvalidArgument',
  { query: `limit=${limit}` },
]);

const bad = (body: object, more: Asking = {}): Refusal => ['400 InvalidArgument', { ...more, body }];
/** The refusals with a body that would do, where the operation reads one. */
const withBody = (refusals: readonly Refusal[], body: object): Refusal[] =>
  refusals.map(([says, asking]) => [says, { ...asking, body }]);
const vpcConfig = { vpcId: 'vpc-1', vSwitchIds: ['vsw-1'], securityGroupId: 'sg-1' };
const long = { description: 'd'.repeat(257) };
const noZip = { code: { zipFile: 'bm8gemlw' } };
const stored = { code: { ossBucketName: 'b', ossObjectName: 'o' } };

const hello = await functionAnswering('hello', 'hi');
const http = { triggerName: 'http', triggerType: 'http', triggerConfig: { authType: 'none' } };
const PROD = { service: 'shop.PROD' };
const noLayer: Refusal = ['404 LayerNotFound', { of: { layer: 'none' } }];
const NO_LAYER_VERSION: readonly Refusal[] = [
  noLayer,
  ['404 LayerVersionNotFound', { of: { version: '9' } }],
  ['400 InvalidArgument', { of: { version: '0' } }],
];
const noCall: Refusal = ['404 StatefulAsyncInvocationNotFound', { of: { invocation: 'none' } }];
const noTrigger: Refusal = ['404 TriggerNotFound', { of: { trigger: 'none' } }];
const noDomain: Refusal = ['404 DomainNameNotFound', { of: { domain: 'none.example.com' } }];
const noAliasOf: Refusal = ['404 AliasNotFound', { of: { alias: 'NONE' } }];
const ARN_NONE = 'acs:fc:cn-local:1:layers/none/versions/1';

/** By operation. Empty: whoever is known and asks is answered. */
export const REFUSALS: Readonly<Record<string, readonly Refusal[]>> = {
  CreateService: [
    ['409 ServiceAlreadyExists', { body: { serviceName: 'shop' } }],
    bad({ serviceName: '1st' }),
    bad({}),
  ],
  ListServices: PAGED,
  GetService: [noService, noVersion, noAlias],
  UpdateService: [
    ...withBody([noService], {}),
    bad(long),
    bad({}, { of: { service: 'shop.1' } }),
    bad({ vpcConfig: { ...vpcConfig, vSwitchIds: [] } }),
    ['403 AccessDenied', { body: { vpcConfig } }],
    // With a role there is still no VPC that has the vSwitch.
    bad({ vpcConfig, role: 'acs:ram::1:role/r' }),
    bad({ nasConfig: { mountPoints: [{ serverAddr: 'h:/d', mountDir: '/mnt/x' }] } }),
    ['412 PreconditionFailed', { ...stale, body: {} }],
  ],
  DeleteService: [noService, ['412 PreconditionFailed', stale], ['409 ServiceNotEmpty', {}]],
  CreateFunction: [
    ...withBody([noService], { ...hello, functionName: 'new' }),
    ['409 FunctionAlreadyExists', { body: hello }],
    bad({ ...hello, functionName: '1st' }),
    bad({ ...hello, functionName: 'new', runtime: 'cobol' }),
    bad({ ...hello, functionName: 'new', code: null }),
    bad({ ...hello, functionName: 'new', ...noZip }),
    bad({ ...hello, functionName: 'new', ...stored }),
    ['404 LayerNotFound', { body: { ...hello, functionName: 'new', layers: [ARN_NONE] } }],
  ],
  ListFunctions: [noService, noVersion, noAlias, ...PAGED],
  GetFunction: QUALIFIED,
  GetFunctionCode: QUALIFIED,
  UpdateFunction: [
    ...withBody(LATEST_ONLY, {}),
    bad({ memorySize: 1 }),
    bad(noZip),
    bad(stored),
    ['412 PreconditionFailed', { ...stale, body: {} }],
  ],
  DeleteFunction: [
    ...LATEST_ONLY,
    ['412 PreconditionFailed', stale],
    // It has a trigger.
    ['409 FunctionNotEmpty', {}],
  ],
  InvokeFunction: [
    ...QUALIFIED,
    ['413 EntityTooLarge', { body: Buffer.alloc(6 * 1024 * 1024 + 1) }],
    [
      '413 EntityTooLarge',
      { body: Buffer.alloc(128 * 1024 + 1), headers: { 'x-fc-invocation-type': 'async' } },
    ],
    ['400 InvalidArgument', { headers: { 'x-fc-invocation-type': 'Later' } }],
    ['400 InvalidArgument', { headers: { 'x-fc-log-type': 'Head' } }],
    ['403 AccessDenied', { of: { service: 'bound' } }],
    [
      '409 StatefulAsyncInvocationAlreadyExists',
      { headers: { 'x-fc-invocation-type': 'Async', 'x-fc-stateful-async-invocation-id': 'waiting' } },
    ],
  ],
  CreateTrigger: [
    ...withBody(LATEST_ONLY, timer('new')),
    ['404 VersionNotFound', { body: { ...timer('new'), qualifier: '9' } }],
    ['404 AliasNotFound', { body: { ...timer('new'), qualifier: 'NONE' } }],
    ['409 TriggerAlreadyExists', { body: timer('web') }],
    bad(http),
    bad(timer('1st')),
  ],
  ListTriggers: [...LATEST_ONLY, ...PAGED],
  GetTrigger: [...LATEST_ONLY, noTrigger],
  UpdateTrigger: [
    ...withBody([...LATEST_ONLY, noTrigger], {}),
    ['404 VersionNotFound', { body: { qualifier: '9' } }],
    bad({ triggerConfig: { cronExpression: 'never' } }),
    ['412 PreconditionFailed', { ...stale, body: {} }],
  ],
  DeleteTrigger: [...LATEST_ONLY, noTrigger, ['412 PreconditionFailed', stale]],
  PublishVersion: [
    ...withBody([noService], {}),
    bad(long),
    ['412 PreconditionFailed', { ...stale, body: {} }],
    // Nothing changed since version 2.
    bad({}),
  ],
  ListVersions: [
    noService,
    ...PAGED,
    ['400 InvalidArgument', { query: 'direction=UP' }],
    ['400 InvalidArgument', { query: 'startKey=LATEST' }],
  ],
  DeleteVersion: [
    noService,
    ['404 VersionNotFound', { of: { version: '9' } }],
    // PROD points to it.
    ['409 VersionInUse', {}],
  ],
  CreateAlias: [
    ...withBody([noService], { aliasName: 'NEW', versionId: '1' }),
    ['404 VersionNotFound', { body: { aliasName: 'NEW', versionId: '9' } }],
    ['409 AliasAlreadyExists', { body: { aliasName: 'PROD', versionId: '1' } }],
    bad({ aliasName: 'LATEST', versionId: '1' }),
    bad({ aliasName: 'NEW', versionId: 'LATEST' }),
    bad({ aliasName: 'NEW' }),
  ],
  ListAliases: [noService, ...PAGED],
  GetAlias: [noService, noAliasOf],
  UpdateAlias: [
    ...withBody([noService, noAliasOf], {}),
    ['404 VersionNotFound', { body: { versionId: '9' } }],
    bad({ additionalVersionWeight: { 1: 0.5 } }),
    ['412 PreconditionFailed', { ...stale, body: {} }],
  ],
  DeleteAlias: [noService, noAliasOf, ['412 PreconditionFailed', stale]],
  CreateCustomDomain: [
    ['409 DomainNameAlreadyExists', { body: { domainName: 'a.example.com' } }],
    bad({ domainName: 'A.example.com' }),
  ],
  ListCustomDomains: PAGED,
  GetCustomDomain: [noDomain],
  UpdateCustomDomain: [...withBody([noDomain], {}), bad({ protocol: 'HTTPS' })],
  DeleteCustomDomain: [noDomain],
  ListLayers: PAGED,
  ListLayerVersions: [noLayer, ...PAGED, ['400 InvalidArgument', { query: 'startVersion=0' }]],
  PublishLayerVersion: [bad({}), bad(noZip), bad(stored), bad(noZip, { of: { layer: '1st' } })],
  GetLayerVersion: NO_LAYER_VERSION,
  GetLayerVersionByArn: [
    ['404 LayerNotFound', { of: { arn: ARN_NONE } }],
    ['404 LayerVersionNotFound', { of: { arn: 'x#base#9' } }],
    ['400 InvalidArgument', { of: { arn: 'base' } }],
  ],
  DeleteLayerVersion: NO_LAYER_VERSION,
  PutLayerACL: [
    ['404 LayerNotFound', { of: { layer: 'none' }, query: 'public=true' }],
    ['400 InvalidArgument', {}],
    ['400 InvalidArgument', { query: 'public=yes' }],
    ['400 InvalidArgument', { query: 'public=true&official=true' }],
  ],
  PublishPublicLayerVersion: NO_LAYER_VERSION,
  PutProvisionConfig: [
    ...withBody(QUALIFIED, { target: 0 }),
    bad({ target: 0 }),
    bad({ target: -1 }, { of: PROD }),
    ['412 PreconditionFailed', { ...stale, of: PROD, body: { target: 0 } }],
  ],
  GetProvisionConfig: [...QUALIFIED, ['404 ProvisionConfigNotFound', { of: PROD }]],
  ListProvisionConfigs: PAGED,
  PutOnDemandConfig: [
    ...withBody(QUALIFIED, { maximumInstanceCount: 1 }),
    bad({ maximumInstanceCount: -1 }),
    bad({}),
    ['412 PreconditionFailed', { ...stale, body: { maximumInstanceCount: 1 } }],
  ],
  GetOnDemandConfig: [...QUALIFIED, ['404 OnDemandConfigNotFound', {}]],
  DeleteOnDemandConfig: [...QUALIFIED, ['404 OnDemandConfigNotFound', {}]],
  ListOnDemandConfigs: PAGED,
  PutFunctionAsyncInvokeConfig: [
    ...withBody(QUALIFIED, {}),
    bad({ maxAsyncRetryAttempts: 9 }),
    bad({ destinationConfig: { onSuccess: { destination: 'acs:mns:cn-local:1:/topics/t/messages' } } }),
    bad({ destinationConfig: { onFailure: { destination: 'somewhere' } } }),
  ],
  GetFunctionAsyncInvokeConfig: [...QUALIFIED, ['404 AsyncConfigNotExists', { of: PROD }]],
  DeleteFunctionAsyncInvokeConfig: [...QUALIFIED, ['404 AsyncConfigNotExists', { of: PROD }]],
  ListFunctionAsyncInvokeConfigs: [noService, noFunction, ...PAGED],
  GetStatefulAsyncInvocation: [...QUALIFIED, noCall],
  ListStatefulAsyncInvocations: [
    ...QUALIFIED,
    ...PAGED,
    ...[
      'status=Never',
      'sortOrderByTime=up',
      'startedTimeBegin=then',
      'startedTimeEnd=-1',
      'nextToken=x',
    ].map((query): Refusal => ['400 InvalidArgument', { query }]),
  ],
  StopStatefulAsyncInvocation: [
    ...QUALIFIED,
    noCall,
    ['412 PreconditionFailed', { of: { invocation: 'ended' } }],
  ],
  CreateVpcBinding: [
    ...withBody([noService], { vpcId: 'vpc-2' }),
    ['409 VpcBindingAlreadyExists', { of: { service: 'bound' }, body: { vpcId: 'vpc-1' } }],
    bad({ vpcId: 'net' }),
  ],
  ListVpcBindings: [noService],
  DeleteVpcBinding: [noService, ['404 VpcBindingNotFound', {}]],
  TagResource: [
    ['404 ServiceNotFound', { body: { resourceArn: 'services/none', tags: { a: 'b' } } }],
    bad({ resourceArn: 'services/shop', tags: {} }),
    bad({ resourceArn: 'services/shop', tags: { '': 'b' } }),
    bad({ resourceArn: 'layers/base', tags: { a: 'b' } }),
  ],
  UntagResource: [
    ['404 ServiceNotFound', { body: { resourceArn: 'services/none', all: true } }],
    bad({ resourceArn: 'services/shop' }),
    bad({ resourceArn: 'layers/base', all: true }),
  ],
  GetResourceTags: [
    ['404 ServiceNotFound', { query: 'resourceArn=services/none' }],
    ['400 InvalidArgument', { query: 'resourceArn=layers/base' }],
    ['400 InvalidArgument', {}],
  ],
  GetAccountSettings: [],
  GetAccountConfigs: [],
  ListReservedCapacities: PAGED,
  GetTempBucketToken: [['400 InvalidArgument', {}]],
  GetTempCodeBucketToken: [noService, ['400 InvalidArgument', {}]],
  ListInstances: [...QUALIFIED, ...PAGED],
  // A WebSocket: what it refuses with instead of 101 is in engine-exec.test.ts.
  InstanceExec: [...QUALIFIED, ['400 InvalidArgument', {}]],
  DeliverEvent: [bad({}), bad({ triggerType: 'oss', sourceArn: 'a' })],
  DownloadCode: [
    ['400 InvalidArgument', {}],
    ['403 SignatureNotMatch', { query: 'expires=1&signature=x' }],
  ],
  ReadRing: [
    ['400 InvalidArgument', {}],
    ['404 ServiceNotFound', { query: 'service=none&function=hello' }],
  ],
};
