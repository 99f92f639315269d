/** What hangs on services and functions beside their versions: tags, VPC bindings, warm instances, ceilings; over a kill. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ACCOUNT,
  functionAnswering,
  send,
  zipOf,
  type RawAnswer,
  type Sdk,
} from './support/engine-process.ts';
import { poll } from './support/stack.ts';
import { startTestEngine, type TestEngine } from './support/test-engine.ts';

let engine: TestEngine;
let sdk: Sdk;
beforeAll(async () => {
  engine = await startTestEngine();
  ({ sdk } = engine);
});
afterAll(() => engine.close());

/** One signed call; the body goes as JSON. */
function ask(
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<RawAnswer> {
  return send(engine.process, {
    method,
    path: `/2016-08-15${path}`,
    ...(body && { body: JSON.stringify(body) }),
    headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
  });
}
const codeOf = (answer: RawAnswer): string => `${answer.status} ${answer.json().ErrorCode}`;

let serial = 0;
/** A service with `hello` published as version 1. */
async function newService(definition: object): Promise<string> {
  serial += 1;
  const name = `svc${serial}`;
  await sdk.createService(name, {});
  await sdk.createFunction(name, definition);
  await sdk.publishVersion(name, '');
  return name;
}

describe('tags', () => {
  test('are set, read, filter the list, and go one by one or all at once', async () => {
    await sdk.createService('red', {});
    await sdk.createService('blue', {});
    const arn = `acs:fc:cn-local:${ACCOUNT}:services/red`;
    await sdk.tagResource(arn, { team: 'a', stage: 'x' });
    await sdk.tagResource('services/blue', { team: 'a' });
    expect((await sdk.getResourceTags({ resourceArn: arn })).data).toEqual({
      resourceArn: arn,
      tags: { team: 'a', stage: 'x' },
    });
    const named = async (tags: object): Promise<string[]> => {
      const { data } = await sdk.listServices({ tags });
      return (data as { services: { serviceName: string }[] }).services.map(({ serviceName }) => serviceName);
    };
    expect(await named({ team: 'a' })).toEqual(['blue', 'red']);
    expect(await named({ team: 'a', stage: 'x' })).toEqual(['red']);
    expect((await sdk.getService('red')).data).toMatchObject({ tags: { team: 'a', stage: 'x' } });
    await sdk.untagResource(arn, ['stage']);
    expect(await named({ stage: 'x' })).toEqual([]);
    await sdk.untagResource(arn, [], true);
    expect((await sdk.getService('red')).data).toMatchObject({ tags: {} });
  });

  test('are 20 at most, of services only', async () => {
    await sdk.createService('full', {});
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`k${index}`, 'v']));
    expect((await ask('POST', '/tag', { resourceArn: 'services/full', tags: many })).status).toBe(204);
    const more = await ask('POST', '/tag', { resourceArn: 'services/full', tags: { one: 'more' } });
    expect(codeOf(more)).toBe('400 InvalidArgument');
    expect(more.json().ErrorMessage).toContain('would have 21 tags');
    expect(codeOf(await ask('POST', '/tag', { resourceArn: 'layers/x', tags: { a: 'b' } }))).toBe(
      '400 InvalidArgument',
    );
    expect(codeOf(await ask('POST', '/tag', { resourceArn: 'services/none', tags: { a: 'b' } }))).toBe(
      '404 ServiceNotFound',
    );
    expect(codeOf(await ask('DELETE', '/tag', { resourceArn: 'services/full' }))).toBe('400 InvalidArgument');
  });
});

describe('VPC bindings', () => {
  test('close a service to callers outside, and keep it from being deleted', async () => {
    const service = await newService(await functionAnswering('hello', 'open'));
    expect((await sdk.invokeFunction(service, 'hello', '')).data).toBe('open');
    expect((await ask('POST', `/services/${service}/bindings`, { vpcId: 'vpc-one' })).status).toBe(204);
    expect(codeOf(await ask('POST', `/services/${service}/bindings`, { vpcId: 'vpc-one' }))).toBe(
      '409 VpcBindingAlreadyExists',
    );
    expect((await ask('GET', `/services/${service}/bindings`)).json()).toEqual({ vpcIds: ['vpc-one'] });
    const refused = await ask('POST', `/services/${service}/functions/hello/invocations`);
    expect([refused.status, refused.json()]).toEqual([
      403,
      { ErrorCode: 'AccessDenied', ErrorMessage: 'Resource access is bound by VPC: vpc-one' },
    ]);
    await sdk.createTrigger(service, 'hello', {
      triggerName: 'http',
      triggerType: 'http',
      triggerConfig: { authType: 'anonymous', methods: ['GET'] },
    });
    const page = await send(engine.process, {
      path: `/2016-08-15/proxy/${service}/hello/`,
      isSigned: false,
    });
    expect([page.status, page.json(), page.headers['x-fc-error-type']]).toEqual([
      403,
      refused.json(),
      'FcCommonError',
    ]);
    await sdk.deleteTrigger(service, 'hello', 'http');
    await sdk.deleteFunction(service, 'hello');
    await sdk.deleteVersion(service, '1');
    expect((await ask('DELETE', `/services/${service}`)).json().ErrorMessage).toContain('1 VPC bindings');
    expect((await ask('DELETE', `/services/${service}/bindings/vpc-one`)).status).toBe(204);
    expect(codeOf(await ask('DELETE', `/services/${service}/bindings/vpc-one`))).toBe(
      '404 VpcBindingNotFound',
    );
    await sdk.deleteService(service);
  });

  test('are 20 at most', async () => {
    const service = await newService(await functionAnswering('hello', 'x'));
    const bind = (id: number) => ask('POST', `/services/${service}/bindings`, { vpcId: `vpc-${id}` });
    for (let id = 0; id < 20; id += 1) expect((await bind(id)).status).toBe(204);
    expect((await bind(20)).json().ErrorMessage).toContain('20 VPCs');
  });
});

describe('provisioned instances', () => {
  interface Provision {
    readonly target: number;
    readonly current: number;
    readonly currentError: string;
  }
  const read = async (service: string, qualifier: string): Promise<Provision> =>
    (await sdk.getProvisionConfig(service, 'hello', qualifier)).data as Provision;

  test('start without a call, answer without a cold start, survive a kill, and go at 0', async () => {
    const service = await newService(await functionAnswering('hello', 'warm'));
    await sdk.createAlias(service, 'PROD', '1', {});
    const put = await sdk.putProvisionConfig(service, 'hello', 'PROD', { target: 2 });
    expect(put.data).toMatchObject({ resource: `${ACCOUNT}#${service}#PROD#hello`, target: 2 });
    await poll('two warm instances', async () => (await read(service, 'PROD')).current === 2);
    const { data } = await sdk.listInstances(service, 'hello', 'PROD');
    const { instances } = data as { instances: { instanceId: string; versionId: number }[] };
    expect(instances.map(({ versionId }) => versionId)).toEqual([1, 1]);
    const [one, two] = instances.map(({ instanceId }) => ({ instances: [{ instanceId, versionId: 1 }] }));
    const page = async (query: string): Promise<object> =>
      (await ask('GET', `/services/${service}.PROD/functions/hello/instances?limit=1${query}`)).json();
    expect(await page('')).toEqual({ ...one, nextToken: two?.instances[0]?.instanceId });
    expect(await page(`&nextToken=${two?.instances[0]?.instanceId}`)).toEqual(two);
    const answer = await ask('POST', `/services/${service}.PROD/functions/hello/invocations`);
    expect(instances.map(({ instanceId }) => instanceId)).toContain(answer.headers['x-fc-instance-id']);

    await engine.restart('SIGKILL');
    await poll('warm again after a kill', async () => (await read(service, 'PROD')).current === 2);
    const listed = (await sdk.listProvisionConfigs({ serviceName: service })).data;
    expect(listed).toMatchObject({ provisionConfigs: [{ target: 2, current: 2 }] });

    await sdk.putProvisionConfig(service, 'hello', 'PROD', { target: 0 });
    expect(await read(service, 'PROD')).toMatchObject({ target: 0, current: 0 });
    await sdk.deleteAlias(service, 'PROD');
    expect((await sdk.listProvisionConfigs({ serviceName: service })).data).toEqual({ provisionConfigs: [] });
  });

  test('one that cannot start is told, and not tried without end', async () => {
    const broken = await zipOf({ 'index.js': 'exports.init = (_, done) => done(new Error("no database"));' });
    const service = await newService({
      functionName: 'hello',
      runtime: 'nodejs20',
      handler: 'index.handler',
      initializer: 'index.init',
      code: { zipFile: broken.toString('base64') },
    });
    await sdk.putProvisionConfig(service, 'hello', '1', { target: 1 });
    await poll('the reason of the failed start', async () =>
      (await read(service, '1')).currentError.includes('no database'),
    );
    expect((await read(service, '1')).current).toBe(0);
    await sdk.putProvisionConfig(service, 'hello', '1', { target: 0 });
  });

  test('follow If-Match, and plans are read', async () => {
    const service = await newService(await functionAnswering('hello', 'x'));
    const path = `/services/${service}.1/functions/hello/provision-config`;
    const first = await ask('PUT', path, { target: 0 });
    const plan = {
      name: 'evening',
      startTime: '2026-01-01T00:00:00Z',
      endTime: '2027-01-01T00:00:00Z',
      scheduleExpression: 'cron(0 0 20 * * *)',
      target: 50,
    };
    const second = await ask(
      'PUT',
      path,
      { target: 0, scheduledActions: [plan] },
      { 'if-match': String(first.headers['etag']) },
    );
    expect(second.json()).toMatchObject({ scheduledActions: [plan] });
    expect(codeOf(await ask('PUT', path, { target: 0 }, { 'if-match': String(first.headers['etag']) }))).toBe(
      '412 PreconditionFailed',
    );
    const bad = await ask('PUT', path, {
      target: 0,
      scheduledActions: [{ ...plan, scheduleExpression: 'cron(0 0 25 * * *)' }],
    });
    expect(bad.json().ErrorMessage).toContain("scheduleExpression of 'evening' has '25' as its hour");
    const latest = await ask('PUT', `/services/${service}/functions/hello/provision-config`, { target: 1 });
    expect(latest.json().ErrorMessage).toContain('not LATEST');
    expect(codeOf(await ask('GET', `/services/${service}.9/functions/hello/provision-config`))).toBe(
      '404 VersionNotFound',
    );
  });
});

describe('a ceiling of on-demand instances', () => {
  test('refuses what exceeds it with 429, and is gone when deleted', async () => {
    const slow = await zipOf({
      'index.js':
        'exports.handler = async () => { await new Promise((r) => setTimeout(r, 1500)); return "slow"; };',
    });
    const service = await newService({
      functionName: 'hello',
      runtime: 'nodejs20',
      handler: 'index.handler',
      timeout: 20,
      code: { zipFile: slow.toString('base64') },
    });
    const path = `/services/${service}.1/functions/hello`;
    const call = async (): Promise<number> => (await ask('POST', `${path}/invocations`)).status;
    expect(codeOf(await ask('GET', `${path}/on-demand-config`))).toBe('404 OnDemandConfigNotFound');
    const put = await sdk.putOnDemandConfig(service, 'hello', '1', { maximumInstanceCount: 0 });
    expect(put.data).toEqual({ resource: `services/${service}.1/functions/hello`, maximumInstanceCount: 0 });
    const refused = await ask('POST', `${path}/invocations`);
    expect(codeOf(refused)).toBe('429 ResourceExhausted');
    expect(refused.json().ErrorMessage).toContain('the maximum of 0 on-demand instances');
    await sdk.putOnDemandConfig(service, 'hello', '1', { maximumInstanceCount: 1 });
    expect(await call()).toBe(200);
    const { data } = await sdk.listInstances(service, 'hello', '1');
    expect((data as { instances: object[] }).instances).toHaveLength(1);
    expect((await sdk.listOnDemandConfigs({ prefix: `services/${service}.` })).data).toMatchObject({
      configs: [{ maximumInstanceCount: 1 }],
    });
    await sdk.deleteOnDemandConfig(service, 'hello', '1');
    expect(await Promise.all([call(), call()])).toEqual([200, 200]);
  });
});

test('the account is told as it is', async () => {
  expect((await sdk.getAccountSettings()).data).toEqual({ availableAZs: ['cn-local-a'], defaultRole: '' });
  expect((await sdk.getAccountConfigs({ config: ['CodeSizeLimit', 'GPUCodeSizeLimit'] })).data).toEqual({
    CodeSizeLimit: '104857600',
  });
  expect((await sdk.getAccountConfigs()).data).toMatchObject({ Concurrency: '300' });
  expect((await sdk.listReservedCapacities()).data).toEqual({ reservedCapacities: [] });
});
