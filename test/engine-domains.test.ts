/** Custom domains: the public SDK sets them, plain and encrypted requests reach functions by them. */
import { createHmac } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certificateFor, type TestCertificate } from './support/certificate.ts';
import { functionOf, KEY, refusal, send, type Sdk } from './support/engine-process.ts';
import { freePorts } from './support/stack.ts';
import { startTestEngine, type TestEngine } from './support/test-engine.ts';

let engine: TestEngine;
let tlsPort: number;
let sdk: Sdk;
beforeAll(async () => {
  [tlsPort = 0] = await freePorts(1);
  engine = await startTestEngine({ SLUICE_ENGINE_TLS_PORT: String(tlsPort) });
  ({ sdk } = engine);
  await sdk.createService('shop', {});
  for (const name of ['pages', 'api'])
    await sdk.createFunction('shop', {
      ...(await functionOf(name, TELL)),
      environmentVariables: { NAME: name },
    });
  await sdk.createTrigger('shop', 'pages', trigger('anonymous', 'LATEST'));
  await sdk.createTrigger('shop', 'api', trigger('function', 'LATEST'));
});
afterAll(() => engine.close());

const TELL = `(req, resp, context) => resp.send(JSON.stringify({
  name: process.env.NAME, path: req.path, url: req.url, proto: req.headers['x-forwarded-proto'], version: context.service.versionId,
}))`;

function trigger(authType: string, qualifier: string): object {
  return {
    triggerName: `http-${qualifier}`,
    triggerType: 'http',
    qualifier,
    triggerConfig: { authType, methods: ['GET', 'POST'], disableURLInternet: true },
  };
}

const route = (path: string, more: object = {}) => ({
  path,
  serviceName: 'shop',
  functionName: 'pages',
  ...more,
});
const ask = (host: string, path: string, method = 'GET') =>
  send(engine.process, { path, method, isSigned: false, headers: { host } });

let serial = 0;
async function newDomain(settings: object): Promise<string> {
  serial += 1;
  const name = `d${serial}.example.com`;
  await sdk.createCustomDomain(name, settings);
  return name;
}

describe('a custom domain', () => {
  test('is created, read, updated, listed and deleted; its private key never comes back', async () => {
    const pair = certificateFor('a.example.com');
    const created = await sdk.createCustomDomain('a.example.com', {
      protocol: 'HTTP,HTTPS',
      routeConfig: { routes: [route('/*', { methods: ['GET'] })] },
      // As the Go SDK spells the members.
      certConfig: { CertName: 'mine', PrivateKey: pair.privateKey, Certificate: pair.certificate },
    });
    expect(created.data).toEqual({
      domainName: 'a.example.com',
      accountId: '1234567890123456',
      apiVersion: '2016-08-15',
      protocol: 'HTTP,HTTPS',
      routeConfig: { routes: [route('/*', { methods: ['GET'], qualifier: 'LATEST' })] },
      certConfig: { certName: 'mine', certificate: pair.certificate },
      createdTime: expect.stringMatching(/Z$/),
      lastModifiedTime: expect.stringMatching(/Z$/),
    });
    expect((await sdk.getCustomDomain('a.example.com')).data).toEqual(created.data);
    const updated = await sdk.updateCustomDomain('a.example.com', { protocol: 'HTTP' });
    expect(updated.data).toMatchObject({ protocol: 'HTTP', routeConfig: { routes: [{ path: '/*' }] } });
    await sdk.createCustomDomain('b.example.com', {});
    const page = await sdk.listCustomDomains({ limit: 1, prefix: 'a.' });
    expect(page.data).toEqual({ customDomains: [updated.data] });
    expect(await refusal(sdk.createCustomDomain('a.example.com', {}))).toContain(
      '409 DomainNameAlreadyExists',
    );
    await sdk.deleteCustomDomain('a.example.com');
    await sdk.deleteCustomDomain('b.example.com');
    for (const attempt of [
      () => sdk.getCustomDomain('a.example.com'),
      () => sdk.updateCustomDomain('a.example.com', {}),
      () => sdk.deleteCustomDomain('a.example.com'),
    ])
      expect(await refusal(attempt())).toContain('404 DomainNameNotFound');
  });

  const pair = certificateFor('x.example.com');
  const secure = (certConfig: object) => ({ protocol: 'HTTPS', certConfig });
  test.each<[string, object, string]>([
    ['Upper.example.com', {}, 'must be a host name in lower case'],
    ['localhost', {}, 'must have a dot and be no IP address'],
    ['127.0.0.1', {}, 'must have a dot and be no IP address'],
    ['1.cn-local.fc.aliyuncs.com', {}, 'is the host of the API itself'],
    ['x.example.com', { protocol: 'GOPHER' }, 'protocol'],
    ['x.example.com', { routeConfig: { routes: [route('a')] } }, 'routeConfig.routes.0.path: must be a path'],
    ['x.example.com', { routeConfig: { routes: [route('/a*')] } }, 'must be a path'],
    [
      'x.example.com',
      { routeConfig: { routes: [route('/a', { serviceName: '1' })] } },
      'serviceName: must be the name of a service',
    ],
    [
      'x.example.com',
      { routeConfig: { routes: [route('/a'), route('/a')] } },
      "the path '/a' has two routes",
    ],
    [
      'x.example.com',
      { routeConfig: { routes: [route('/a', { rewriteConfig: { equalRules: [{ match: '/a' }] } })] } },
      'rewriteConfig is not supported',
    ],
    ['x.example.com', secure({}), "protocol 'HTTPS' needs a certificate"],
    ['x.example.com', secure({ ...pair, certificate: 'none' }), 'is not a certificate in PEM'],
    ['x.example.com', secure({ ...pair, privateKey: 'none' }), 'is not an unencrypted private key'],
    [
      'x.example.com',
      secure({ ...pair, privateKey: certificateFor('x.example.com').privateKey }),
      'is not the key of the certificate',
    ],
    ['x.example.com', secure(certificateFor('x.example.com', new Date(Date.now() - 1_000))), 'expired on'],
    ['y.example.com', secure(pair), "is for DNS:x.example.com, not for 'y.example.com'"],
  ])('%s, set to what cannot be, is refused by name: %#', async (name, settings, words) => {
    const answer = await refusal(sdk.createCustomDomain(name, settings));
    expect(answer).toContain('400 InvalidArgument');
    expect(answer).toContain(words);
  });
});

describe('a request to a domain', () => {
  test('reaches the function of its route, with the whole path; the trigger’s own URL may be off', async () => {
    const host = await newDomain({ routeConfig: { routes: [route('/shop/*')] } });
    const answer = await ask(`${host.toUpperCase()}:80`, '/shop/a?b=1');
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({ name: 'pages', path: '/shop/a', url: '/shop/a?b=1', version: '' });
    expect(answer.headers['content-disposition']).toBeUndefined();
    const none = await ask(host, '/other');
    expect([none.status, none.json().ErrorCode, none.headers['x-fc-error-type']]).toEqual([
      404,
      'DomainRouteNotFound',
      'FcCommonError',
    ]);
  });

  test('never means the API or its pages', async () => {
    const host = await newDomain({ routeConfig: { routes: [route('/healthz')] } });
    expect((await ask(host, '/healthz')).json()).toMatchObject({ name: 'pages' });
    expect((await ask(host, '/2016-08-15/services')).json().ErrorCode).toBe('DomainRouteNotFound');
    expect((await ask('unknown.example.com', '/healthz')).json()).toEqual({ status: 'alive' });
  });

  test('goes by method where routes name methods, and to versions by an alias', async () => {
    await sdk.publishVersion('shop', 'one');
    await sdk.createAlias('shop', 'PROD', '1', {});
    await sdk.createTrigger('shop', 'pages', trigger('anonymous', 'PROD'));
    const host = await newDomain({
      routeConfig: {
        routes: [
          route('/*', { qualifier: 'PROD' }),
          route('/api/*', { functionName: 'api', methods: ['POST'] }),
        ],
      },
    });
    expect((await ask(host, '/api/x')).json()).toMatchObject({ name: 'pages', version: '1' });
    const posted = await ask(host, '/api/x', 'POST');
    expect([posted.status, posted.json().ErrorCode]).toEqual([400, 'MissingRequiredHeader']);
  });

  test('is signed over its path and query where the trigger asks for it', async () => {
    const host = await newDomain({ routeConfig: { routes: [route('/api/*', { functionName: 'api' })] } });
    const signed = await send(engine.process, {
      path: '/api/a?q=x%20y',
      signedAs: '/api/a\nq=x y',
      headers: { host },
    });
    expect(signed.json()).toMatchObject({ name: 'api', url: '/api/a?q=x%20y' });
    const expires = Math.floor(Date.now() / 1_000) + 60;
    const query = `x-fc-access-key-id=${KEY.id}\nx-fc-expires=${expires}`;
    const signature = createHmac('sha256', KEY.secret)
      .update(`GET\n\n\n${expires}\n/api/a\n${query}`)
      .digest('base64');
    const presigned = `${query.replaceAll('\n', '&')}&x-fc-signature=${encodeURIComponent(signature)}`;
    expect((await ask(host, `/api/a?${presigned}`)).json()).toMatchObject({ name: 'api', path: '/api/a' });
    expect((await ask(host, `/api/b?${presigned}`)).json().ErrorCode).toBe('SignatureNotMatch');
  });

  test('survives a restart of the engine', async () => {
    const host = await newDomain({ routeConfig: { routes: [route('/*')] } });
    await engine.restart();
    expect((await ask(host, '/x')).json()).toMatchObject({ name: 'pages' });
  });
});

describe('by HTTPS', () => {
  interface Served {
    readonly status: number | undefined;
    readonly body: string;
  }
  function askSecurely(host: string, ca: TestCertificate, header = host): Promise<Served> {
    return new Promise((resolve, reject) => {
      const call = httpsRequest({
        host: '127.0.0.1',
        port: tlsPort,
        servername: host,
        path: '/a?b=1',
        headers: { host: header, 'x-forwarded-proto': 'http' },
        ca: ca.certificate,
        agent: false,
      });
      call.on('error', reject);
      call.on('response', (response) => {
        text(response).then((body) => resolve({ status: response.statusCode, body }), reject);
      });
      call.end();
    });
  }
  async function newSecureDomain(protocol: string): Promise<{ host: string; pair: TestCertificate }> {
    serial += 1;
    const host = `s${serial}.example.com`;
    const pair = certificateFor(host);
    await sdk.createCustomDomain(host, {
      protocol,
      certConfig: { certName: 'c', ...pair },
      routeConfig: { routes: [route('/*')] },
    });
    return { host, pair };
  }

  test('each domain has its own certificate, and functions see what was used', async () => {
    const [one, two] = [await newSecureDomain('HTTPS'), await newSecureDomain('HTTP,HTTPS')];
    for (const { host, pair } of [one, two]) {
      const { status, body } = await askSecurely(host, pair);
      expect(status).toBe(200);
      expect(JSON.parse(body)).toMatchObject({ path: '/a', proto: 'https' });
    }
    await expect(askSecurely(one.host, two.pair)).rejects.toThrow(/self-signed|certificate/);
  });

  test('a protocol that is not set is refused, either way', async () => {
    const { host, pair } = await newSecureDomain('HTTPS');
    const plain = await ask(host, '/');
    expect([plain.status, plain.json().ErrorMessage]).toEqual([
      403,
      `domain name '${host}' is served by HTTPS only`,
    ]);
    await sdk.updateCustomDomain(host, { protocol: 'HTTP' });
    expect((await ask(host, '/')).status).toBe(200);
    await expect(askSecurely(host, pair)).rejects.toThrow();
  });

  test('a renewed certificate is used at once', async () => {
    const { host } = await newSecureDomain('HTTPS');
    const renewed = certificateFor(host);
    await sdk.updateCustomDomain(host, { certConfig: { certName: 'c2', ...renewed } });
    expect((await askSecurely(host, renewed)).status).toBe(200);
  });

  test('the API and unknown names are not served', async () => {
    const { host, pair } = await newSecureDomain('HTTPS');
    const { status, body } = await askSecurely(host, pair, '127.0.0.1');
    expect([status, (JSON.parse(body) as { ErrorCode: string }).ErrorCode]).toEqual([
      404,
      'DomainNameNotFound',
    ]);
    await expect(askSecurely('unknown.example.com', pair)).rejects.toThrow();
  });

  test("a request to one domain on another one's connection is misdirected", async () => {
    const [one, two] = [await newSecureDomain('HTTPS'), await newSecureDomain('HTTPS')];
    const socket = tlsConnect({
      port: tlsPort,
      host: '127.0.0.1',
      servername: one.host.toUpperCase(),
      ca: one.pair.certificate,
    });
    socket.write(`GET / HTTP/1.1\r\nHost: ${two.host}\r\n\r\n`);
    socket.write(`GET / HTTP/1.1\r\nHost: ${one.host}:${tlsPort}\r\nConnection: close\r\n\r\n`);
    const answers = await text(socket);
    expect(answers).toMatch(/^HTTP\/1.1 421 .*"ErrorCode":"MisdirectedRequest".*HTTP\/1.1 200 OK/s);
  });

  test('an offer of HTTP/2 beside a request costs nothing', async () => {
    const { host, pair } = await newSecureDomain('HTTPS');
    const socket = tlsConnect({ port: tlsPort, host: '127.0.0.1', servername: host, ca: pair.certificate });
    socket.write(
      `POST /x HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\n1GET /y HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    expect((await text(socket)).match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  });

  test('plain bytes on the encrypted port end that connection only', async () => {
    const { host, pair } = await newSecureDomain('HTTPS');
    const socket = connect(tlsPort, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await new Promise((resolve) => socket.once('close', resolve));
    expect((await askSecurely(host, pair)).status).toBe(200);
  });
});
