/**
 * Every method that the public SDK has, called once against a running engine, in an order in which one needs what those
 * before it made. A method that is in no list fails the first test, so that none is forgotten.
 */
import FC from '@alicloud/fc2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ACCOUNT, functionAnswering, zipOf, type Sdk } from './support/engine-process.ts';
import { startTestEngine, type TestEngine } from './support/test-engine.ts';

/** What other methods are made of. */
const INTERNAL = [
  'constructor',
  'buildHeaders',
  'request',
  'get',
  'post',
  'put',
  'delete',
  'websocket',
  'normalizeParams',
  'largeFunctionHelper',
  'uploadCodeToTmpOssBucket',
];

type Step = readonly [method: string, args: () => readonly unknown[], data: unknown];

const anything: unknown = expect.anything();
const layer = async (): Promise<object> => ({
  code: { zipFile: (await zipOf({ 'a.txt': 'a' })).toString('base64') },
});
let layerCode: object;
let functionCode: object;
const ARN = `acs:fc:cn-local:${ACCOUNT}:layers/base/versions/1`;
const timer = { triggerName: 't', triggerType: 'timer', triggerConfig: { cronExpression: '@every 24h' } };
const domain = { protocol: 'HTTP', routeConfig: { routes: [] } };

const STEPS: readonly Step[] = [
  ['createService', () => ['shop', { description: 'd' }], { serviceName: 'shop' }],
  ['listServices', () => [{}], { services: [{ serviceName: 'shop' }] }],
  ['getService', () => ['shop'], { description: 'd' }],
  ['updateService', () => ['shop', { description: 'e' }], { description: 'e' }],
  ['createFunction', () => ['shop', functionCode], { functionName: 'hello' }],
  ['listFunctions', () => ['shop'], { functions: [{ functionName: 'hello' }] }],
  ['getFunction', () => ['shop', 'hello'], { runtime: 'nodejs20' }],
  ['getFunctionCode', () => ['shop', 'hello'], { url: anything, checksum: anything }],
  ['updateFunction', () => ['shop', 'hello', { memorySize: '256' }], { memorySize: 256 }],
  ['invokeFunction', () => ['shop', 'hello', 'x'], 'hi'],
  ['createTrigger', () => ['shop', 'hello', timer], { triggerType: 'timer' }],
  ['listTriggers', () => ['shop', 'hello'], { triggers: [{ triggerName: 't' }] }],
  ['getTrigger', () => ['shop', 'hello', 't'], { triggerName: 't' }],
  ['updateTrigger', () => ['shop', 'hello', 't', { description: 'd' }], { description: 'd' }],
  ['deleteTrigger', () => ['shop', 'hello', 't'], ''],
  ['publishVersion', () => ['shop', 'first'], { versionId: '1' }],
  ['listVersions', () => ['shop'], { versions: [{ versionId: '1' }], direction: 'BACKWARD' }],
  ['createAlias', () => ['shop', 'PROD', '1'], { aliasName: 'PROD' }],
  ['listAliases', () => ['shop'], { aliases: [{ aliasName: 'PROD' }] }],
  ['getAlias', () => ['shop', 'PROD'], { versionId: '1' }],
  ['updateAlias', () => ['shop', 'PROD', '1', { description: 'd' }], { description: 'd' }],
  ['tagResource', () => ['services/shop', { a: 'b' }], ''],
  ['getResourceTags', () => [{ resourceArn: 'services/shop' }], { tags: { a: 'b' } }],
  ['untagResource', () => ['services/shop', ['a']], ''],
  ['putProvisionConfig', () => ['shop', 'hello', 'PROD', { target: 0 }], { target: 0 }],
  ['getProvisionConfig', () => ['shop', 'hello', 'PROD'], { target: 0, current: 0 }],
  ['listProvisionConfigs', () => [{}], { provisionConfigs: [{ target: 0 }] }],
  [
    'putOnDemandConfig',
    () => ['shop', 'hello', 'PROD', { maximumInstanceCount: 3 }],
    { maximumInstanceCount: 3 },
  ],
  ['getOnDemandConfig', () => ['shop', 'hello', 'PROD'], { maximumInstanceCount: 3 }],
  ['listOnDemandConfigs', () => [{}], { configs: [{ maximumInstanceCount: 3 }] }],
  ['deleteOnDemandConfig', () => ['shop', 'hello', 'PROD'], ''],
  [
    'putFunctionAsyncConfig',
    () => ['shop', 'hello', 'PROD', { maxAsyncRetryAttempts: 1 }],
    { maxAsyncRetryAttempts: 1 },
  ],
  ['getFunctionAsyncConfig', () => ['shop', 'hello', 'PROD'], { qualifier: 'PROD' }],
  ['listFunctionAsyncConfigs', () => ['shop', 'hello'], { configs: [{ qualifier: 'PROD' }] }],
  ['deleteFunctionAsyncConfig', () => ['shop', 'hello', 'PROD'], ''],
  ['listInstances', () => ['shop', 'hello', ''], { instances: [{ versionId: 0 }] }],
  ['publishLayerVersion', () => ['base', layerCode], { arn: ARN }],
  ['listLayers', () => [{}], { layers: [{ layerName: 'base' }] }],
  ['listLayerVersions', () => ['base'], { layers: [{ version: 1 }] }],
  ['getLayerVersion', () => ['base', '1'], { version: 1 }],
  ['getLayerVersionByArn', () => [ARN], { version: 1 }],
  ['putLayerACL', () => ['base', { public: true }], ''],
  ['deleteLayerVersion', () => ['base', '1'], ''],
  ['createCustomDomain', () => ['shop.example.com', domain], { domainName: 'shop.example.com' }],
  ['listCustomDomains', () => [{}], { customDomains: [{ domainName: 'shop.example.com' }] }],
  ['getCustomDomain', () => ['shop.example.com'], { protocol: 'HTTP' }],
  ['updateCustomDomain', () => ['shop.example.com', domain], { protocol: 'HTTP' }],
  ['deleteCustomDomain', () => ['shop.example.com'], ''],
  ['getAccountSettings', () => [], { availableAZs: anything }],
  ['getAccountConfigs', () => [{ config: ['CodeSizeLimit'] }], { CodeSizeLimit: anything }],
  ['listReservedCapacities', () => [{}], { reservedCapacities: [] }],
  ['deleteAlias', () => ['shop', 'PROD'], ''],
  ['deleteVersion', () => ['shop', '1'], ''],
  ['deleteFunction', () => ['shop', 'hello'], ''],
  ['deleteService', () => ['shop'], ''],
];

/** There is no object storage to upload to. */
const WITHOUT_STORAGE = [
  'getTempCodeBucketPermission',
  'getTempBucketToken',
  'publishLayerVersionForBigCode',
];
/** In `engine-exec.test.ts`. */
const ELSEWHERE = ['instanceExec'];

let engine: TestEngine;
let sdk: Sdk;
beforeAll(async () => {
  engine = await startTestEngine();
  ({ sdk } = engine);
  layerCode = await layer();
  functionCode = await functionAnswering('hello', 'hi');
});
afterAll(() => engine.close());

test('no method is forgotten', () => {
  const methods = Object.getOwnPropertyNames((FC as unknown as { prototype: object }).prototype);
  const known = [...INTERNAL, ...STEPS.map(([method]) => method), ...WITHOUT_STORAGE, ...ELSEWHERE];
  expect(methods.toSorted()).toEqual(known.toSorted());
});

describe('the SDK', () => {
  test.each(STEPS)('%s', async (method, args, expected) => {
    const call = sdk[method as keyof Sdk];
    const { data } = await call.apply(sdk, args() as unknown[]);
    if (typeof expected === 'object' && expected !== null) expect(data).toMatchObject(expected);
    else expect(data).toBe(expected);
  });

  test('is told that there is no object storage, and where code is sent instead', async () => {
    const service = 'without-storage';
    await sdk.createService(service, {});
    for (const method of ['getTempCodeBucketPermission', 'getTempBucketToken']) {
      const call = sdk[method as keyof Sdk];
      await expect(call.apply(sdk, [service, 'hello'])).rejects.toMatchObject({
        code: 'InvalidArgument',
        message: expect.stringContaining('send the zip as base64 in code.zipFile, 50 MB at most') as string,
      });
    }
  });
});
