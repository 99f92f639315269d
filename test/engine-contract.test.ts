/**
 * The engine's control side as its callers see it: a real process on a real PostgreSQL, driven by the public SDK where it
 * offers the call, by signed HTTP where it does not.
 */
import { readdirSync } from 'node:fs';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crc64 } from '../src/domain/checksum/crc64.ts';
import {
  functionAnswering,
  refusal,
  sdkFor,
  send,
  startEngineProcess,
  zipOf,
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

const API = '/2016-08-15';
const json = { 'content-type': 'application/json' };

let serial = 0;
/** A service of the test's own, so that tests do not meet each other. */
async function newService(): Promise<string> {
  serial += 1;
  const name = `svc${serial}`;
  await sdk.createService(name, {});
  return name;
}

async function publish(service: string, answer: string): Promise<string> {
  const definition = await functionAnswering('hello', answer);
  const exists = await sdk.getFunction(service, 'hello').then(
    () => true,
    () => false,
  );
  if (exists) await sdk.updateFunction(service, 'hello', { ...definition, functionName: undefined });
  else await sdk.createFunction(service, definition);
  const { data } = await sdk.publishVersion(service, answer);
  return (data as { versionId: string }).versionId;
}

describe('services', () => {
  test('are created, read, updated, listed and deleted', async () => {
    const created = await sdk.createService('orders', { description: 'first' });
    expect(created.data).toMatchObject({ serviceName: 'orders', description: 'first', internetAccess: true });
    expect(created.headers['x-fc-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    const read = await sdk.getService('orders');
    expect(read.headers['etag']).toBe(created.headers['etag']);
    const updated = await sdk.updateService('orders', { description: '' });
    expect(updated.data).toMatchObject({ description: '' });
    expect(updated.headers['etag']).not.toBe(created.headers['etag']);
    expect((await sdk.listServices({ prefix: 'orders' })).data).toMatchObject({
      services: [{ serviceName: 'orders' }],
    });
    await sdk.deleteService('orders');
    expect(await refusal(sdk.getService('orders'))).toContain('404 ServiceNotFound');
  });

  test('an equal write changes the ETag too, and an old one is refused', async () => {
    const name = await newService();
    const first = await sdk.getService(name);
    const again = await sdk.updateService(name, {}, { 'if-match': first.headers['etag'] });
    expect(again.headers['etag']).not.toBe(first.headers['etag']);
    expect(await refusal(sdk.updateService(name, {}, { 'if-match': first.headers['etag'] }))).toContain(
      '412 PreconditionFailed',
    );
    expect(await refusal(sdk.deleteService(name, { 'if-match': first.headers['etag'] }))).toContain('412');
  });

  test('a service made again under its name never gets an old ETag — If-Match must not hit a stranger', async () => {
    const name = await newService();
    const etags = new Set<string | undefined>();
    for (let round = 0; round < 3; round += 1) {
      etags.add((await sdk.getService(name)).headers['etag']);
      await sdk.deleteService(name);
      await sdk.createService(name, {});
    }
    expect(etags.size).toBe(3);
  });

  test('a taken name, a bad name and an unserved setting are refused by name', async () => {
    const name = await newService();
    expect(await refusal(sdk.createService(name, {}))).toContain('409 ServiceAlreadyExists');
    expect(await refusal(sdk.createService('1x', {}))).toContain('400 InvalidArgument');
    const vpcConfig = { vpcId: 'vpc-1', vSwitchIds: ['vsw-1'], securityGroupId: 'sg-1' };
    const role = 'acs:ram::1:role/r';
    expect(await refusal(sdk.updateService(name, { vpcConfig, role }))).toContain(
      'vpcConfig: there is no VPC here',
    );
  });

  test('one that still holds something is not deleted, and says what', async () => {
    const name = await newService();
    await publish(name, 'x');
    expect(await refusal(sdk.deleteService(name))).toMatch(/409 ServiceNotEmpty.*1 functions, 1 versions/);
  });

  test('five creations at once: one wins, the others are told', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => refusal(sdk.createService('race', {}))));
    expect(all.filter((answer) => answer === 'accepted')).toHaveLength(1);
    expect(all.filter((answer) => answer.includes('409 ServiceAlreadyExists'))).toHaveLength(4);
  });
});

describe('functions', () => {
  test('are created with their code, which comes back byte for byte by a link that ends', async () => {
    const service = await newService();
    const zip = await zipOf({ 'index.js': 'exports.handler = async () => 1;' });
    const { data } = await sdk.createFunction(service, {
      functionName: 'hello',
      runtime: 'nodejs20',
      handler: 'index.handler',
      environmentVariables: { A: '1' },
      code: { zipFile: zip.toString('base64') },
    });
    expect(data).toMatchObject({
      codeSize: zip.length,
      codeChecksum: crc64(zip),
      memorySize: 128,
      timeout: 3,
    });
    expect(data).not.toHaveProperty('code');
    const code = (await sdk.getFunctionCode(service, 'hello')).data as { url: string; checksum: string };
    expect(code.checksum).toBe(crc64(zip));
    const download = await fetch(code.url);
    expect(Buffer.from(await download.arrayBuffer()).equals(zip)).toBe(true);
    const forged = await fetch(
      code.url.replace(/signature=(.)/, (_, first) => `signature=${first === '_' ? '-' : '_'}`),
    );
    expect([forged.status, ((await forged.json()) as { ErrorCode: string }).ErrorCode]).toEqual([
      403,
      'SignatureNotMatch',
    ]);
  });

  test('a partial update keeps the rest; environment is cleared by {}', async () => {
    const service = await newService();
    await sdk.createFunction(service, {
      ...(await functionAnswering('hello', 'a')),
      environmentVariables: { A: '1' },
    });
    const updated = await sdk.updateFunction(service, 'hello', { memorySize: 256 });
    expect(updated.data).toMatchObject({ memorySize: 256, timeout: 10, environmentVariables: { A: '1' } });
    const cleared = await sdk.updateFunction(service, 'hello', { environmentVariables: {} });
    expect(cleared.data).toMatchObject({ memorySize: 256, environmentVariables: {} });
  });

  test('faults are told in the order of the specification: service, then function, then body', async () => {
    const service = await newService();
    const bad = { memorySize: 1 };
    expect(await refusal(sdk.updateFunction('nope', 'hello', bad))).toContain('404 ServiceNotFound');
    expect(await refusal(sdk.updateFunction(service, 'hello', bad))).toContain('404 FunctionNotFound');
    await sdk.createFunction(service, await functionAnswering('hello', 'a'));
    expect(await refusal(sdk.updateFunction(service, 'hello', bad, { 'if-match': '0' }))).toContain(
      '400 InvalidArgument',
    );
    expect(await refusal(sdk.updateFunction(service, 'hello', {}, { 'if-match': '0' }))).toContain('412');
    expect(await refusal(sdk.createFunction(service, await functionAnswering('hello', 'a')))).toContain(
      '409 FunctionAlreadyExists',
    );
  });

  test('code that is hostile, absent or from object storage is refused, and leaves nothing on disk', async () => {
    const service = await newService();
    const folder = join(engine.home, 'engine', 'code');
    const before = readdirSync(folder).length;
    const { code: _, ...rest } = (await functionAnswering('hello', 'a')) as { code: unknown };
    const attempt = (code: object | undefined): Promise<string> =>
      refusal(sdk.createFunction(service, { ...rest, ...(code && { code }) }));
    const climbing = Buffer.from(
      (await zipOf({ 'aa/bb': 'x' })).toString('latin1').replaceAll('aa/bb', '../bb'),
      'latin1',
    );
    expect(await attempt({ zipFile: climbing.toString('base64') })).toContain('400 InvalidArgument');
    expect(await attempt({ zipFile: 'bm8gemlw' })).toContain('400 InvalidArgument');
    expect(await attempt({ ossBucketName: 'b', ossObjectName: 'o' })).toContain('object storage');
    expect(await attempt(undefined)).toContain('code');
    expect(readdirSync(folder)).toHaveLength(before);
  });

  test('may have a way of their own to resolve names', async () => {
    const service = await newService();
    await sdk.createFunction(service, await functionAnswering('hello', 'a'));
    const customDNS = {
      nameServers: ['223.5.5.5'],
      searches: ['shop.example'],
      dnsOptions: [{ name: 'ndots', value: '2' }, { name: 'rotate' }],
    };
    const { data } = await sdk.updateFunction(service, 'hello', { customDNS });
    const kept = { ...customDNS, dnsOptions: [customDNS.dnsOptions[0], { name: 'rotate', value: '' }] };
    expect(data).toMatchObject({ customDNS: kept });
    expect(
      await refusal(sdk.updateFunction(service, 'hello', { customDNS: { nameServers: ['dns.example'] } })),
    ).toContain('400 InvalidArgument');
    expect((await sdk.updateFunction(service, 'hello', { customDNS: {} })).data).toMatchObject({
      customDNS: { nameServers: [], searches: [], dnsOptions: [] },
    });
  });

  test('what this engine does not do yet is said, not dropped', async () => {
    const service = await newService();
    await sdk.createFunction(service, await functionAnswering('hello', 'a'));
    expect(await refusal(sdk.updateFunction(service, 'hello', { instanceType: 'fc.gpu.tesla.1' }))).toContain(
      "instanceType 'fc.gpu.tesla.1' is not supported",
    );
    expect(await refusal(sdk.get(`/services/${service}/nothing`))).toContain('400 PathNotSupported');
  });
});

describe('versions', () => {
  test('count up, are snapshots, and unchanged LATEST is not published again', async () => {
    const service = await newService();
    expect(await publish(service, 'one')).toBe('1');
    expect(await refusal(sdk.publishVersion(service, 'again'))).toMatch(
      /400 InvalidArgument.*nothing changed/,
    );
    expect(await publish(service, 'two')).toBe('2');
    const [one, latest] = await Promise.all([
      sdk.getFunction(service, 'hello', {}, '1'),
      sdk.getFunction(service, 'hello', {}),
    ]);
    expect((one.data as { codeChecksum: string }).codeChecksum).not.toBe(
      (latest.data as { codeChecksum: string }).codeChecksum,
    );
    expect(await refusal(sdk.updateFunction(`${service}.1`, 'hello', {}))).toContain('only LATEST');
  });

  test('a description is no secret change: LATEST put back to an old state is a new version', async () => {
    const service = await newService();
    await publish(service, 'one');
    await publish(service, 'two');
    expect(await publish(service, 'one')).toBe('3');
  });

  test('are listed newest first, or forward, in pages', async () => {
    const service = await newService();
    for (const answer of ['a', 'b', 'c']) await publish(service, answer);
    const ids = async (options: object): Promise<unknown> => {
      const { data } = await sdk.listVersions(service, options);
      const page = data as { versions: { versionId: string }[]; nextToken?: string };
      return [page.versions.map(({ versionId }) => versionId).join(), page.nextToken];
    };
    expect(await ids({})).toEqual(['3,2,1', undefined]);
    expect(await ids({ limit: 2 })).toEqual(['3,2', '1']);
    expect(await ids({ limit: 2, nextToken: '1' })).toEqual(['1', undefined]);
    expect(await ids({ direction: 'FORWARD', startKey: '2' })).toEqual(['2,3', undefined]);
    expect(await refusal(sdk.listVersions(service, { direction: 'UP' }))).toContain('400 InvalidArgument');
  });

  test('numbers are never used again, also after deletion and a kill', async () => {
    const service = await newService();
    await publish(service, 'one');
    await publish(service, 'two');
    await sdk.deleteVersion(service, '2');
    expect(await refusal(sdk.getFunction(service, 'hello', {}, '2'))).toContain('404 VersionNotFound');
    await engine.restart('SIGKILL');
    expect(await publish(service, 'three')).toBe('3');
  });

  test('one that an alias uses cannot be deleted, whether as main or as canary', async () => {
    const service = await newService();
    await publish(service, 'one');
    await publish(service, 'two');
    await sdk.createAlias(service, 'PROD', '1', { additionalVersionWeight: { 2: 0.1 } });
    for (const id of ['1', '2'])
      expect(await refusal(sdk.deleteVersion(service, id))).toContain('409 VersionInUse');
    await sdk.updateAlias(service, 'PROD', '1', { additionalVersionWeight: {} });
    await sdk.deleteVersion(service, '2');
    expect(await refusal(sdk.deleteVersion(service, '9'))).toContain('404 VersionNotFound');
  });

  test('ten publishings at once make one version', async () => {
    const service = await newService();
    await sdk.createFunction(service, await functionAnswering('hello', 'x'));
    const all = await Promise.all(
      Array.from({ length: 10 }, () => refusal(sdk.publishVersion(service, 'x'))),
    );
    expect(all.filter((answer) => answer === 'accepted')).toHaveLength(1);
  });
});

describe('aliases', () => {
  test('point, weigh, move and go', async () => {
    const service = await newService();
    await publish(service, 'one');
    await publish(service, 'two');
    const created = await sdk.createAlias(service, 'PROD', '1', { description: 'live' });
    expect(created.data).toMatchObject({ aliasName: 'PROD', versionId: '1', additionalVersionWeight: null });
    const gray = await sdk.updateAlias(service, 'PROD', '1', { additionalVersionWeight: { 2: 0.05 } });
    expect(gray.data).toMatchObject({ description: 'live', additionalVersionWeight: { 2: 0.05 } });
    const done = await sdk.updateAlias(service, 'PROD', '2', { additionalVersionWeight: {} });
    expect(done.data).toMatchObject({ versionId: '2', additionalVersionWeight: null });
    expect((await sdk.listAliases(service, {})).data).toMatchObject({ aliases: [{ aliasName: 'PROD' }] });
    await sdk.deleteAlias(service, 'PROD');
    expect(await refusal(sdk.getAlias(service, 'PROD'))).toContain('404 AliasNotFound');
  });

  test.each<[string, string, object, string]>([
    ['LATEST as target', 'LATEST', {}, 'cannot point to LATEST'],
    ['a missing version', '7', {}, '404 VersionNotFound'],
    ['a missing canary', '1', { additionalVersionWeight: { 7: 0.1 } }, '404 VersionNotFound'],
    ['its own version as canary', '1', { additionalVersionWeight: { 1: 0.1 } }, 'own versionId'],
    ['a weight above 1', '1', { additionalVersionWeight: { 2: 1.1 } }, '400 InvalidArgument'],
    ['two canaries', '1', { additionalVersionWeight: { 2: 0.1, 3: 0.1 } }, 'at most one further version'],
    ['routing by content', '1', { resolvePolicy: 'Content' }, 'not supported'],
  ])('%s is refused', async (_, version, options, says) => {
    const service = await newService();
    for (const answer of ['a', 'b', 'c']) await publish(service, answer);
    expect(await refusal(sdk.createAlias(service, 'PROD', version, options))).toContain(says);
    expect(await refusal(sdk.createAlias(service, 'LATEST', '1', {}))).toContain('not LATEST');
  });

  test('moving the version alone keeps the weight, and may not meet it', async () => {
    const service = await newService();
    for (const answer of ['a', 'b', 'c']) await publish(service, answer);
    await sdk.createAlias(service, 'PROD', '1', { additionalVersionWeight: { 2: 0.2 } });
    const put = (body: object) =>
      send(engine.process, {
        method: 'PUT',
        path: `${API}/services/${service}/aliases/PROD`,
        headers: json,
        body: JSON.stringify(body),
      });
    expect((await put({ versionId: '3', additionalVersionWeight: null })).json()).toMatchObject({
      versionId: '3',
      additionalVersionWeight: { 2: 0.2 },
    });
    expect((await put({ versionId: '2' })).json()).toMatchObject({ ErrorCode: 'InvalidArgument' });
  });

  test('two writers with one ETag: one wins, the other is told, again and again', async () => {
    const service = await newService();
    await publish(service, 'one');
    await sdk.createAlias(service, 'PROD', '1', {});
    for (let round = 0; round < 10; round += 1) {
      const { headers } = await sdk.getAlias(service, 'PROD');
      const move = (description: string) =>
        refusal(sdk.updateAlias(service, 'PROD', '1', { description }, { 'if-match': headers['etag'] }));
      const answers = await Promise.all([move('a'), move('b')]);
      expect(answers.filter((answer) => answer === 'accepted')).toHaveLength(1);
      expect(answers.filter((answer) => answer.includes('412 PreconditionFailed'))).toHaveLength(1);
    }
  });
});

describe('the door', () => {
  test('says no by the specified codes', async () => {
    const path = `${API}/services`;
    const ask = async (options: Parameters<typeof send>[1]): Promise<string> => {
      const answer = await send(engine.process, options);
      expect(answer.headers['content-type']).toBe('application/json');
      expect(answer.headers['x-fc-request-id']).toMatch(/^[0-9a-f-]{36}$/);
      return `${answer.status} ${answer.json().ErrorCode}`;
    };
    const late = new Date(Date.now() - 16 * 60_000).toUTCString();
    expect(await ask({ path, isSigned: false })).toBe('400 MissingRequiredHeader');
    expect(await ask({ path, isSigned: false, headers: { authorization: 'FC LTAItest:AAAA' } })).toBe(
      '403 SignatureNotMatch',
    );
    expect(await ask({ path, isSigned: false, headers: { authorization: 'FC other:AAAA' } })).toBe(
      '403 InvalidAccessKeyID',
    );
    expect(await ask({ path, headers: { date: late } })).toBe('403 AccessDenied');
    expect(await ask({ path: `${API}/nothing` })).toBe('400 PathNotSupported');
    expect(await ask({ path: '/elsewhere', isSigned: false })).toBe('400 PathNotSupported');
    expect(await ask({ method: 'PUT', path })).toBe('400 PathNotSupported');
    expect(await ask({ method: 'POST', path, headers: { 'content-type': 'text/plain' }, body: 'x' })).toBe(
      '415 UnsupportedMediaType',
    );
    expect(await ask({ method: 'POST', path, headers: json, body: '{' })).toBe('400 InvalidArgument');
    expect(await ask({ method: 'POST', path, headers: json, body: '[]' })).toBe('400 InvalidArgument');
    expect(await ask({ path: `${path}/%zz` })).toBe('400 InvalidArgument');
    expect(
      await refusal(sdkFor(engine.process, { id: 'LTAItest', secret: 'wrong' }).listServices()),
    ).toContain('SignatureNotMatch');
  });

  test('refuses a body over the limit with an answer, not a broken pipe', async () => {
    const service = await newService();
    await sdk.createFunction(service, await functionAnswering('hello', 'a'));
    const answer = await send(engine.process, {
      method: 'POST',
      path: `${API}/services/${service}/functions/hello/invocations`,
      body: Buffer.alloc(6 * 1024 * 1024 + 1),
    });
    expect([answer.status, answer.json().ErrorCode]).toEqual([413, 'EntityTooLarge']);
    expect(answer.json().ErrorMessage).toContain('6291456 bytes');
  });

  test('answers noise with the error form, and goes on', async () => {
    const socket = connect(engine.process.port, '127.0.0.1');
    socket.write('this is no HTTP\r\n\r\n');
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain('X-Fc-Request-Id: ');
    expect(answer).toContain('"ErrorCode":"InvalidArgument"');
    expect((await send(engine.process, { path: '/healthz', isSigned: false })).status).toBe(200);
  });

  test('shows its health and its parts', async () => {
    const ready = await send(engine.process, { path: '/readyz', isSigned: false });
    expect(ready.status).toBe(200);
    expect(ready.json()).toMatchObject({
      ready: true,
      parts: { postgres: { state: 'up' }, runtimes: { nodejs20: {} } },
    });
    const metrics = await send(engine.process, { path: '/metrics', isSigned: false });
    expect(metrics.body.toString()).toContain('# TYPE sluice_engine_requests_total counter');
  });
});

describe('invocation', () => {
  const invocations = (service: string, qualifier = ''): string =>
    `${API}/services/${service}${qualifier && `.${qualifier}`}/functions/hello/invocations`;

  test('an alias splits 30/70 at random, and the counters say what was measured', async () => {
    const service = await newService();
    await publish(service, 'one');
    await publish(service, 'two');
    await sdk.createAlias(service, 'PROD', '1', { additionalVersionWeight: { 2: 0.3 } });
    const calls = 600;
    const seen: Record<string, number> = { one: 0, two: 0 };
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const worker = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index += 1) {
        const answer = await send(engine.process, {
          method: 'POST',
          path: invocations(service, 'PROD'),
          agent,
        });
        const said = answer.body.toString();
        expect(answer.headers['x-fc-invocation-service-version']).toBe(said === 'one' ? '1' : '2');
        seen[said] = (seen[said] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: 6 }, () => worker(calls / 6)));
    agent.destroy();
    expect(Object.keys(seen).toSorted()).toEqual(['one', 'two']);
    // Five standard errors: a wrong test about once in a million runs.
    expect(Math.abs((seen['two'] ?? 0) / calls - 0.3)).toBeLessThan(5 * Math.sqrt((0.3 * 0.7) / calls));

    const { data } = await sdk.get('/_sluice/ring', {
      service,
      function: 'hello',
      qualifier: 'PROD',
      latencies: 'true',
    });
    const { versions } = data as {
      versions: {
        version: string;
        totals: { requests: number; failures: number; coldStarts: number };
        latencies: unknown[];
      }[];
    };
    expect(Object.fromEntries(versions.map(({ version, totals }) => [version, totals.requests]))).toEqual({
      1: seen['one'],
      2: seen['two'],
    });
    expect(
      versions.every(
        ({ totals, latencies }) => totals.failures === 0 && totals.coldStarts >= 1 && latencies.length > 0,
      ),
    ).toBe(true);
    const metrics = (await send(engine.process, { path: '/metrics', isSigned: false })).body.toString();
    expect(metrics).toContain(
      `sluice_engine_requests_total{service="${service}",function="hello",qualifier="PROD",version="1"} ${seen['one']}`,
    );
  });

  test('carries the headers of the specification, and the log when asked', async () => {
    const service = await newService();
    const zip = await zipOf({
      'index.js':
        "exports.handler = (event, context, callback) => { console.log('seen ' + event); callback(null, event); };",
    });
    await sdk.createFunction(service, {
      functionName: 'hello',
      runtime: 'nodejs20',
      handler: 'index.handler',
      timeout: 10,
      code: { zipFile: zip.toString('base64') },
    });
    const { headers, data } = await sdk.invokeFunction(service, 'hello', 'ping', { 'X-Fc-Log-Type': 'Tail' });
    expect(data).toBe('ping');
    expect(headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'x-fc-invocation-service-version': 'LATEST',
      'x-fc-code-checksum': crc64(zip),
    });
    expect(Number(headers['x-fc-invocation-duration'])).toBeGreaterThanOrEqual(0);
    expect(headers['x-fc-max-memory-usage']).toMatch(/^\d+\.\d\d$/);
    expect(headers['x-fc-instance-id']).toBeTruthy();
    expect(Buffer.from(headers['x-fc-log-result'] ?? '', 'base64').toString()).toContain('seen ping');
    expect((await sdk.invokeFunction(service, 'hello', 'ping')).headers).not.toHaveProperty(
      'x-fc-log-result',
    );
  });

  test("a function's own error is 200 with its type, and counts as a failure", async () => {
    const service = await newService();
    const zip = await zipOf({
      'index.js': "exports.handler = async () => { throw new Error('no price'); };",
    });
    await sdk.createFunction(service, {
      functionName: 'hello',
      runtime: 'nodejs20',
      handler: 'index.handler',
      timeout: 10,
      code: { zipFile: zip.toString('base64') },
    });
    for (let round = 0; round < 2; round += 1) {
      const answer = await send(engine.process, { method: 'POST', path: invocations(service) });
      expect([answer.status, answer.headers['x-fc-error-type']]).toEqual([200, 'UnhandledInvocationError']);
      expect(answer.headers['content-type']).toBe('application/json');
      expect(answer.json()).toMatchObject({ errorMessage: 'no price' });
    }
    const { data } = await sdk.get('/_sluice/ring', { service, function: 'hello' });
    expect(data).toMatchObject({
      versions: [{ version: 'LATEST', totals: { requests: 2, failures: 2 }, consecutiveFailures: 2 }],
    });
  });

  test('an update of LATEST takes effect with the next call', async () => {
    const service = await newService();
    await publish(service, 'old');
    expect((await sdk.invokeFunction(service, 'hello', '')).data).toBe('old');
    await publish(service, 'new');
    expect((await sdk.invokeFunction(service, 'hello', '')).data).toBe('new');
    expect((await sdk.invokeFunction(service, 'hello', '', {}, '1')).data).toBe('old');
  });

  test('what cannot be called is refused by what is missing', async () => {
    const service = await newService();
    await publish(service, 'one');
    const invoke = (...args: readonly unknown[]): Promise<string> => refusal(sdk.invokeFunction(...args));
    expect(await invoke('nope', 'hello', 'x')).toContain('404 ServiceNotFound');
    expect(await invoke(service, 'nope', 'x')).toContain('404 FunctionNotFound');
    expect(await invoke(service, 'hello', 'x', {}, '9')).toContain('404 VersionNotFound');
    expect(await invoke(service, 'hello', 'x', {}, 'BETA')).toContain('404 AliasNotFound');
    expect(await invoke(service, 'hello', 'x', { 'x-fc-invocation-type': 'Later' })).toContain(
      '400 InvalidArgument',
    );
  });
});

describe('whatever dies', () => {
  test('kill -9 in the middle of many writes loses nothing that was answered 2xx', async () => {
    const service = await newService();
    await publish(service, 'one');
    for (let round = 0; round < 3; round += 1) {
      const accepted: string[] = [];
      let isKilled = false;
      const write = async (writer: number): Promise<void> => {
        for (let index = 0; !isKilled; index += 1) {
          const name = `r${round}w${writer}i${index}`;
          const answer = await refusal(sdk.createAlias(service, name, '1', {}));
          if (answer === 'accepted') accepted.push(name);
          if (accepted.length >= 12 && !isKilled) {
            isKilled = true;
            await engine.process.end('SIGKILL');
          }
        }
      };
      await Promise.all([0, 1, 2, 3].map(write));
      await engine.restart();
      const { data } = await sdk.listAliases(service, { limit: 100, prefix: `r${round}w` });
      const stored = (data as { aliases: { aliasName: string }[] }).aliases.map(({ aliasName }) => aliasName);
      expect(accepted.length).toBeGreaterThanOrEqual(12);
      expect(accepted.filter((name) => !stored.includes(name))).toEqual([]);
    }
    expect((await sdk.invokeFunction(service, 'hello', '', {}, '1')).data).toBe('one');
  });

  test('counters come back after kill -9, all but the last second', async () => {
    const service = await newService();
    await publish(service, 'one');
    for (let index = 0; index < 5; index += 1) await sdk.invokeFunction(service, 'hello', '', {}, '1');
    const read = async (): Promise<unknown> =>
      (await sdk.get('/_sluice/ring', { service, function: 'hello', qualifier: '1', latencies: 'true' }))
        .data;
    const before = await read();
    // Two flushes later the counts are stored for certain.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await engine.restart('SIGKILL');
    const { now: _, ...kept } = before as { now: number };
    expect(await read()).toMatchObject(kept);
    await sdk.invokeFunction(service, 'hello', '', {}, '1');
    expect(await read()).toMatchObject({ versions: [{ totals: { requests: 6 } }] });
  });

  test('without PostgreSQL reads and calls go on, writes answer 503, and all is well again after', async () => {
    const service = await newService();
    await publish(service, 'one');
    await engine.postgres.crash();
    expect((await sdk.getService(service)).data).toMatchObject({ serviceName: service });
    expect((await sdk.invokeFunction(service, 'hello', '')).data).toBe('one');
    expect(await refusal(sdk.updateService(service, { description: 'x' }))).toContain(
      '503 ServiceUnavailable',
    );
    expect(await refusal(sdk.createService('unstored', {}))).toContain('503 ServiceUnavailable');
    expect((await send(engine.process, { path: '/readyz', isSigned: false })).status).toBe(503);
    await engine.postgres.start();
    await poll(
      'writes to work again',
      async () => (await refusal(sdk.updateService(service, { description: 'y' }))) === 'accepted',
    );
    expect((await sdk.getService(service)).data).toMatchObject({ description: 'y' });
    expect(await refusal(sdk.getService('unstored'))).toContain('404');
  });

  test('SIGTERM lets a running call finish and exits 0', async () => {
    const service = await newService();
    const zip = await zipOf({
      'index.js': "exports.handler = () => new Promise((done) => setTimeout(() => done('late'), 1000));",
    });
    await sdk.createFunction(service, {
      functionName: 'hello',
      runtime: 'nodejs20',
      handler: 'index.handler',
      timeout: 10,
      code: { zipFile: zip.toString('base64') },
    });
    await sdk.invokeFunction(service, 'hello', '');
    const running = sdk.invokeFunction(service, 'hello', '');
    await new Promise((resolve) => setTimeout(resolve, 200));
    const ended = engine.process.end('SIGTERM');
    expect((await running).data).toBe('late');
    expect(await ended).toBe(0);
    await engine.restart();
  });

  test('a port in use is named with the variable that changes it; exit code 78', async () => {
    const second = startEngineProcess({
      home: engine.home,
      databaseUrl: engine.postgres.url,
      port: engine.process.port,
    });
    await expect(second).rejects.toThrow(/ended with 78/);
    await expect(second).rejects.toThrow(new RegExp(`${engine.process.port}.*SLUICE_ENGINE_PORT`));
  });
});
