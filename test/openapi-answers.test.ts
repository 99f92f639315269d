/**
 * What the engine answers against what its own `/openapi.json` says: one call of every operation, each answer parsed by
 * the schema of its document, which allows no member that it does not name.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { describedApi, pathOf, type DescribedOperation } from './support/described-api.ts';
import { ACCOUNT, functionAnswering, send, zipOf, type RawAnswer } from './support/engine-process.ts';
import { startTestEngine, type TestEngine } from './support/test-engine.ts';

const SERVICE = 'shop';
const FUNCTION = 'hello';
const ALIAS = 'PROD';
const QUALIFIED = { service: `${SERVICE}.${ALIAS}`, function: FUNCTION };

let engine: TestEngine;
let described: ReadonlyMap<string, DescribedOperation>;
const asked = new Set<string>();
/** Operations whose answers had an ETag. */
const tagged = new Set<string>();

beforeAll(async () => {
  engine = await startTestEngine();
  described = await describedApi(engine.process);
});
afterAll(() => engine.close());

interface Asking {
  /** The path's own parameters. */
  readonly of?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Calls an operation and checks that its answer is one that the document describes. */
async function ask(
  operation: string,
  { of = {}, query, body, headers = {} }: Asking = {},
): Promise<RawAnswer> {
  const found = described.get(operation);
  if (!found) throw new Error(`${operation} is not in the document`);
  const path = pathOf(found, of);
  const answer = await send(engine.process, {
    method: found.method,
    path: query === undefined ? path : `${path}?${query}`,
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    headers: { ...(typeof body === 'object' && { 'content-type': 'application/json' }), ...headers },
  });
  const said = `${operation}: ${answer.status} ${answer.body.toString().slice(0, 500)}`;
  const { content } = found.responses[answer.status] ?? expect.fail(`${said}, which is not described`);
  asked.add(operation);
  if (answer.headers['etag'] !== undefined) tagged.add(operation);
  const schema = content?.['application/json']?.schema;
  if (schema) {
    const parsed = z.fromJSONSchema(schema).safeParse(answer.json());
    expect(parsed.success ? [] : parsed.error.issues, said).toEqual([]);
  } else if (content) expect(Object.keys(content)).toContain(answer.headers['content-type']);
  else expect(answer.body.toString(), said).toBe('');
  return answer;
}

const SOURCES: Readonly<Record<string, readonly [sourceArn: string, config: object]>> = {
  oss: [`acs:oss:cn-local:${ACCOUNT}:bucket`, { events: ['oss:ObjectCreated:*'] }],
  log: [`acs:log:cn-local:${ACCOUNT}:project/p`, { sourceConfig: { logstore: 'l' } }],
  timer: ['', { cronExpression: '@every 5m' }],
  http: ['', { authType: 'anonymous', methods: ['GET'] }],
  cdn_events: [`acs:cdn:*:${ACCOUNT}`, { eventName: 'LogFileCreated', eventVersion: '1.0.0' }],
  mns_topic: [`acs:mns:cn-local:${ACCOUNT}:/topics/t`, {}],
  tablestore: [`acs:ots:cn-local:${ACCOUNT}:instance/i/table/t`, {}],
  eventbridge: ['', {}],
};

test('services, functions, versions and aliases', async () => {
  const service = SERVICE;
  await ask('CreateService', { body: { serviceName: service, description: 'first' } });
  const params = { endpoint: 'http://jaeger.test/' };
  await ask('UpdateService', { of: { service }, body: { tracingConfig: { type: 'Jaeger', params } } });
  await ask('GetService', { of: { service } });
  await ask('ListServices', { query: 'limit=1' });
  await ask('CreateFunction', { of: { service }, body: await functionAnswering(FUNCTION, 'hi') });
  const hooks = { preStop: { handler: 'index.stop', timeout: 5 } };
  const changes = { description: 'd', environmentVariables: { A: '1' }, instanceLifecycleConfig: hooks };
  await ask('UpdateFunction', { of: { service, function: FUNCTION }, body: changes });
  await ask('GetFunction', { of: { service, function: FUNCTION } });
  await ask('ListFunctions', { of: { service } });
  const code = await ask('GetFunctionCode', { of: { service, function: FUNCTION } });
  const url = new URL(String(code.json()['url']));
  const sha256 = url.pathname.split('/').at(-1) ?? '';
  await ask('DownloadCode', { of: { sha256 }, query: url.search.slice(1) });
  await ask('PublishVersion', { of: { service }, body: { description: 'v' } });
  await ask('UpdateFunction', { of: { service, function: FUNCTION }, body: { timeout: 20 } });
  await ask('PublishVersion', { of: { service }, body: {} });
  await ask('ListVersions', { of: { service }, query: 'limit=1&direction=FORWARD' });
  await ask('CreateAlias', { of: { service }, body: { aliasName: ALIAS, versionId: '1' } });
  await ask('UpdateAlias', {
    of: { service, alias: ALIAS },
    body: { additionalVersionWeight: { 2: 0.5 } },
  });
  await ask('GetAlias', { of: { service, alias: ALIAS } });
  await ask('ListAliases', { of: { service } });
});

test('triggers of every type', async () => {
  const of = { service: SERVICE, function: FUNCTION };
  for (const [triggerType, [sourceArn, triggerConfig]] of Object.entries(SOURCES)) {
    const triggerName = `on-${triggerType}`;
    await ask('CreateTrigger', { of, body: { triggerName, triggerType, sourceArn, triggerConfig } });
    await ask('GetTrigger', { of: { ...of, trigger: triggerName } });
  }
  await ask('ListTriggers', { of });
  await ask('UpdateTrigger', { of: { ...of, trigger: 'on-timer' }, body: { description: 'd' } });
  await ask('DeliverEvent', {
    body: {
      triggerType: 'oss',
      sourceArn: `acs:oss:cn-local:${ACCOUNT}:bucket`,
      eventName: 'ObjectCreated:PutObject',
      object: { key: 'k' },
    },
  });
  for (const type of Object.keys(SOURCES))
    await ask('DeleteTrigger', { of: { ...of, trigger: `on-${type}` } });
});

test('custom domains', async () => {
  const domainName = 'www.shop.test';
  const routes = [{ path: '/*', serviceName: SERVICE, functionName: FUNCTION, methods: ['GET'] }];
  await ask('CreateCustomDomain', { body: { domainName, routeConfig: { routes } } });
  await ask('UpdateCustomDomain', { of: { domain: domainName }, body: { routeConfig: { routes: [] } } });
  await ask('GetCustomDomain', { of: { domain: domainName } });
  await ask('ListCustomDomains');
  await ask('DeleteCustomDomain', { of: { domain: domainName } });
});

test('layers', async () => {
  const layer = 'tools';
  const zip = await zipOf({ 'nodejs/node_modules/tool/index.js': 'module.exports = 1;' });
  const body = { code: { zipFile: zip.toString('base64') }, compatibleRuntime: ['nodejs20'] };
  const published = await ask('PublishLayerVersion', { of: { layer }, body });
  await ask('PublishLayerVersion', { of: { layer }, body: { ...body, description: 'again' } });
  const of = { layer, version: '1' };
  await ask('GetLayerVersion', { of });
  await ask('GetLayerVersionByArn', { of: { arn: String(published.json()['arn']) } });
  await ask('ListLayers');
  await ask('ListLayerVersions', { of: { layer }, query: 'limit=1' });
  await ask('PublishPublicLayerVersion', { of });
  await ask('PutLayerACL', { of: { layer }, query: 'public=false' });
  await ask('DeleteLayerVersion', { of });
});

test('what hangs on a qualifier', async () => {
  await ask('PutOnDemandConfig', { of: QUALIFIED, body: { maximumInstanceCount: 3 } });
  await ask('GetOnDemandConfig', { of: QUALIFIED });
  await ask('ListOnDemandConfigs');
  await ask('DeleteOnDemandConfig', { of: QUALIFIED });
  const scheduledActions = [
    {
      name: 'morning',
      startTime: '2026-01-01T00:00:00Z',
      endTime: '2027-01-01T00:00:00Z',
      scheduleExpression: 'cron(0 0 8 * * *)',
      target: 1,
    },
  ];
  await ask('PutProvisionConfig', { of: QUALIFIED, body: { target: 1, scheduledActions } });
  await ask('GetProvisionConfig', { of: QUALIFIED });
  await ask('ListProvisionConfigs');
  await ask('PutProvisionConfig', { of: QUALIFIED, body: { target: 0 } });
  const destination = `acs:fc:cn-local:${ACCOUNT}:services/${SERVICE}/functions/${FUNCTION}`;
  const config = { destinationConfig: { onFailure: { destination } }, statefulInvocation: true };
  await ask('PutFunctionAsyncInvokeConfig', { of: QUALIFIED, body: config });
  await ask('GetFunctionAsyncInvokeConfig', { of: QUALIFIED });
  await ask('ListFunctionAsyncInvokeConfigs', { of: { service: SERVICE, function: FUNCTION } });
});

test('calls, what runs and what was counted', async () => {
  await ask('InvokeFunction', { of: QUALIFIED, body: 'event' });
  await ask('ListInstances', { of: QUALIFIED });
  const headers = {
    'x-fc-invocation-type': 'Async',
    'x-fc-stateful-async-invocation-id': 'one',
    // It waits, so that it can be stopped.
    'x-fc-async-delay': '3600',
  };
  await ask('InvokeFunction', { of: QUALIFIED, body: 'event', headers });
  const of = { ...QUALIFIED, invocation: 'one' };
  await ask('GetStatefulAsyncInvocation', { of });
  await ask('ListStatefulAsyncInvocations', { of: QUALIFIED, query: 'includePayload=true' });
  await ask('StopStatefulAsyncInvocation', { of });
  const query = `service=${SERVICE}&function=${FUNCTION}&qualifier=${ALIAS}&latencies=true&probes=true`;
  await ask('ReadRing', { query });
});

test('bindings, tags and the account', async () => {
  const service = SERVICE;
  await ask('CreateVpcBinding', { of: { service }, body: { vpcId: 'vpc-1' } });
  await ask('ListVpcBindings', { of: { service } });
  await ask('DeleteVpcBinding', { of: { service, vpc: 'vpc-1' } });
  const resourceArn = `services/${service}`;
  await ask('TagResource', { body: { resourceArn, tags: { team: 'a' } } });
  await ask('GetResourceTags', { query: `resourceArn=${resourceArn}` });
  await ask('ListServices', { query: 'tag_team=a' });
  await ask('UntagResource', { body: { resourceArn, all: true } });
  await ask('GetAccountSettings');
  await ask('GetAccountConfigs');
  await ask('ListReservedCapacities');
});

test('what is taken away is answered with nothing, and no operation was left out', async () => {
  const service = SERVICE;
  await ask('DeleteFunctionAsyncInvokeConfig', { of: QUALIFIED });
  await ask('DeleteAlias', { of: { service, alias: ALIAS } });
  for (const version of ['1', '2']) await ask('DeleteVersion', { of: { service, version } });
  await ask('DeleteFunction', { of: { service, function: FUNCTION } });
  await ask('DeleteService', { of: { service } });
  // Some only refuse, and one is a WebSocket (engine-exec.test.ts).
  const all = [...described].filter(([, { responses }]) =>
    Object.keys(responses).some((status) => status.startsWith('2')),
  );
  expect([...asked].toSorted()).toEqual(all.map(([operation]) => operation).toSorted());
});

test('an ETag is with what one resource with ETags is — not with lists, deletions, domains and tags', () => {
  const written = ['Service', 'Function', 'Trigger', 'Alias'].flatMap((what) =>
    ['Create', 'Get', 'Update'].map((verb) => verb + what),
  );
  const configured = ['ProvisionConfig', 'OnDemandConfig'].flatMap((what) => [`Put${what}`, `Get${what}`]);
  const published = ['PublishVersion', 'PublishLayerVersion', 'GetLayerVersion', 'GetLayerVersionByArn'];
  expect([...tagged].toSorted()).toEqual([...written, ...configured, ...published].toSorted());
});
