/** HTTP functions as their callers see them: a real engine, real sandboxes, the public SDK and plain requests. */
import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  functionOf,
  KEY,
  refusal,
  sdkFor,
  send,
  type RawRequest,
  type Sdk,
} from './support/engine-process.ts';
import { startTestEngine, type TestEngine } from './support/test-engine.ts';

let engine: TestEngine;
let sdk: Sdk;
beforeAll(async () => {
  engine = await startTestEngine();
  ({ sdk } = engine);
});
afterAll(() => engine.close());

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'OPTIONS'];
/** Answers what it was asked. */
const TELL = `(req, resp) => {
  const chunks = [];
  req.on('data', (chunk) => chunks.push(chunk));
  req.on('end', () => {
    resp.setHeader('content-type', 'application/json');
    resp.send(JSON.stringify({ method: req.method, path: req.path, url: req.url, queries: req.queries, headers: req.headers, ip: req.clientIP, body: Buffer.concat(chunks).toString() }));
  });
}`;

let serial = 0;
/** A service with a function and its HTTP trigger; gives the path of the function. */
async function serve(
  handler: string,
  config: object = {},
  settings: object = {},
): Promise<{ service: string; base: string }> {
  serial += 1;
  const service = `svc${serial}`;
  await sdk.createService(service, {});
  await sdk.createFunction(service, { ...(await functionOf('web', handler)), ...settings });
  await sdk.createTrigger(service, 'web', trigger(config));
  return { service, base: `/2016-08-15/proxy/${service}/web` };
}

function trigger(config: object, qualifier = 'LATEST'): object {
  return {
    triggerName: `http-${qualifier}`,
    triggerType: 'http',
    qualifier,
    triggerConfig: { authType: 'anonymous', methods: METHODS, ...config },
  };
}

const ask = (path: string, options: Partial<RawRequest> = {}) =>
  send(engine.process, { path, isSigned: false, ...options });

describe('an anonymous HTTP function', () => {
  test('gets what was asked, without what belongs to the connection or the platform', async () => {
    const { base, service } = await serve(TELL);
    const answer = await ask(`${base}/a%20b/c?k=1&k=2&e=`, {
      method: 'POST',
      body: 'the body',
      headers: {
        host: 'somewhere:80',
        'x-fc-request-id': 'forged',
        'x-fc-account-id': '1',
        x_fc_account_id: '1',
        'x-fc_region': 'elsewhere',
        'proxy-authorization': 'Basic x',
        te: 'trailers',
        connection: 'close, X-Hop',
        'x-hop': '1',
        'x-own': 'kept',
        authorization: 'Bearer mine',
      },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers['x-fc-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers['x-fc-invocation-service-version']).toBe('LATEST');
    const seen = answer.json() as { headers: Record<string, string> };
    expect(seen).toMatchObject({
      method: 'POST',
      path: '/a%20b/c',
      url: `/2016-08-15/proxy/${service}/web/a%20b/c?k=1&k=2&e=`,
      queries: { k: ['1', '2'], e: '' },
      ip: '127.0.0.1',
      body: 'the body',
    });
    expect(Object.keys(seen.headers).sort()).toEqual([
      'authorization',
      'content-length',
      'date',
      'host',
      'x-own',
    ]);
  });

  test('has the path / where none was given', async () => {
    const { base } = await serve(TELL);
    expect((await ask(base)).json()).toMatchObject({ path: '/', queries: {} });
    expect((await ask(`${base}?a=1`)).json()).toMatchObject({ path: '/', queries: { a: '1' } });
    expect((await ask(`${base}/`)).json()).toMatchObject({ path: '/' });
  });

  test('answers with its own status, headers and body; what belongs to the connection is ours', async () => {
    const { base } = await serve(`(req, resp) => {
      resp.setStatusCode(404);
      resp.setHeader('Content-Type', 'text/plain');
      resp.setHeader('Set-Cookie', ['a=1', 'b=2']);
      resp.setHeader('Content-Length', '99');
      resp.setHeader('Connection', 'close');
      resp.setHeader('Server', 'mine');
      resp.setHeader('Date', 'never');
      resp.setHeader('X-Fc-Request-Id', 'forged');
      resp.setHeader('Transfer-Encoding', 'chunked');
      resp.setHeader('Content-Disposition', 'inline');
      resp.send('not here');
    }`);
    const { status, headers, body } = await ask(base, { headers: { connection: 'keep-alive' } });
    expect({ status, body: body.toString() }).toEqual({ status: 404, body: 'not here' });
    expect(headers).toMatchObject({
      'content-type': 'text/plain',
      'set-cookie': ['a=1', 'b=2'],
      'content-length': '8',
      connection: 'keep-alive',
      'content-disposition': 'inline',
    });
    expect(headers['server']).toBeUndefined();
    expect(headers['transfer-encoding']).toBeUndefined();
    expect(headers['x-fc-request-id']).not.toBe('forged');
    expect(Date.parse(headers['date'] ?? '')).not.toBeNaN();
  });

  test('behind a host of the cloud is an attachment — nobody shall show pages on the shared domain', async () => {
    const { base } = await serve(
      "(req, resp) => { resp.setHeader('Content-Disposition', 'inline'); resp.send('<p>'); }",
    );
    const headers = { host: '1234567890123456.cn-local.fc.aliyuncs.com' };
    expect((await ask(base, { headers })).headers['content-disposition']).toBe('attachment');
  });

  test('answers HEAD without a body, and 204 without a length', async () => {
    const { base } = await serve(
      "(req, resp) => { if (req.path === '/none') { resp.setStatusCode(204); resp.send(''); } else if (req.path === '/odd') { resp.setHeader('content-length', '1, 2'); resp.send(''); } else resp.send('12345'); }",
    );
    const head = await ask(base, { method: 'HEAD' });
    expect([head.headers['content-length'], head.body.length]).toEqual(['5', 0]);
    const odd = await ask(`${base}/odd`, { method: 'HEAD' });
    expect([odd.status, odd.headers['content-length']]).toEqual([200, undefined]);
    const none = await ask(`${base}/none`);
    expect([none.status, none.headers['content-length']]).toEqual([204, undefined]);
  });

  test('takes and gives large bodies whole', async () => {
    const { base } = await serve(
      "(req, resp) => { const c = []; req.on('data', (b) => c.push(b)); req.on('end', () => resp.send(Buffer.concat(c))); }",
    );
    const large = Buffer.alloc(6 * 1024 * 1024, 'abcdefg');
    const answer = await ask(base, { method: 'PUT', body: large });
    expect(answer.body.equals(large)).toBe(true);
    const over = await ask(base, { method: 'PUT', body: Buffer.alloc(large.length + 1) });
    expect([over.status, over.json().ErrorCode]).toEqual([400, 'InvalidArgument']);
  });
});

describe('what is let in', () => {
  test('only the methods of the trigger', async () => {
    const { base } = await serve(TELL, { methods: ['GET', 'POST'] });
    expect((await ask(base)).status).toBe(200);
    const refused = await ask(base, { method: 'DELETE' });
    expect([refused.status, refused.json().ErrorCode, refused.headers['x-fc-error-type']]).toEqual([
      403,
      'AccessDenied',
      'FcCommonError',
    ]);
    expect(refused.json().ErrorMessage).toContain('does not allow DELETE; it allows GET, POST');
  });

  test('only functions with an HTTP trigger for the qualifier', async () => {
    const { service, base } = await serve(TELL);
    const why = async (path: string) => (await ask(path)).json().ErrorCode;
    await sdk.publishVersion(service, 'one');
    await sdk.createAlias(service, 'PROD', '1', {});
    expect(await why(`/2016-08-15/proxy/none/web/`)).toBe('ServiceNotFound');
    expect(await why(`/2016-08-15/proxy/${service}/none/`)).toBe('FunctionNotFound');
    expect(await why(`/2016-08-15/proxy/${service}.GRAY/web/`)).toBe('AliasNotFound');
    expect(await why(`/2016-08-15/proxy/${service}.9/web/`)).toBe('VersionNotFound');
    expect(await why(`/2016-08-15/proxy/${service}.PROD/web/`)).toBe('TriggerNotFound');
    expect(await why('/2016-08-15/proxy/only')).toBe('PathNotSupported');
    await sdk.createTrigger(service, 'web', trigger({}, 'PROD'));
    expect((await ask(`/2016-08-15/proxy/${service}.PROD/web/`)).headers).toMatchObject({
      'x-fc-invocation-service-version': '1',
    });
    await sdk.deleteTrigger(service, 'web', 'http-LATEST');
    expect(await why(base)).toBe('TriggerNotFound');
  });

  test('no more than 8 KB of headers and 4 KB of path and query', async () => {
    const { base } = await serve(TELL);
    const date = new Date().toUTCString();
    // Names and values of all of them count.
    const rest = Object.entries({ host: 'h', date, connection: 'close', 'x-long': '' })
      .flat()
      .reduce((bytes, part) => bytes + part.length, 0);
    const ofBytes = (bytes: number) =>
      ask(base, {
        headers: { host: 'h', date, connection: 'close', 'x-long': 'x'.repeat(bytes - rest) },
      });
    expect((await ofBytes(8 * 1024)).status).toBe(200);
    const headers = await ofBytes(8 * 1024 + 1);
    expect([headers.status, headers.json().ErrorCode]).toEqual([400, 'InvalidArgument']);
    const ofLength = (length: number) => ask(`${base}/a?${'x'.repeat(length - base.length - 3)}`);
    expect((await ofLength(4 * 1024)).status).toBe(200);
    const path = await ofLength(4 * 1024 + 1);
    expect([path.status, path.json().ErrorCode]).toEqual([400, 'InvalidArgument']);
  });

  test('nothing by a URL that is switched off', async () => {
    const { base } = await serve(TELL, { disableURLInternet: true });
    expect((await ask(base)).json().ErrorMessage).toContain('is switched off; use a custom domain');
  });
});

describe('authType function', () => {
  test('is called with the SDK, its query signed', async () => {
    const { service } = await serve(TELL, { authType: 'function' });
    const query = { q: 'x y', k: ['2', '1'], sign: 'ä+&=' };
    const { data } = await sdk.get(`/proxy/${service}/web/a/b`, query);
    expect(data).toMatchObject({ path: '/a/b', queries: query });
    const posted = await sdk.post(`/proxy/${service}/web/`, { a: 1 }, null, query);
    expect(posted.data).toMatchObject({ method: 'POST', body: '{"a":1}', queries: query });
    const put = await sdk.put(`/proxy/${service}/web/x`, Buffer.from('bytes'));
    expect(put.data).toMatchObject({ method: 'PUT', body: 'bytes' });
    expect((await sdk.delete(`/proxy/${service}/web/x`)).data).toMatchObject({ method: 'DELETE' });
    const { headers } = (await sdk.get(`/proxy/${service}/web/`)).data as { headers: object };
    expect(headers).not.toHaveProperty('authorization');
  });

  test('refuses an unsigned request, another key, and a query that was changed', async () => {
    const { service, base } = await serve(TELL, { authType: 'function' });
    expect((await ask(base)).json().ErrorCode).toBe('MissingRequiredHeader');
    const stranger = sdkFor(engine.process, { id: 'OTHER', secret: 'x' });
    expect(await refusal(stranger.get(`/proxy/${service}/web/`))).toContain('403 InvalidAccessKeyID');
    // `send` signs the path alone.
    const changed = await ask(`${base}/?a=1`, { isSigned: true });
    expect([changed.status, changed.json().ErrorCode]).toEqual([403, 'SignatureNotMatch']);
  });

  test('takes a presigned URL until it expires', async () => {
    const { base } = await serve(TELL, { authType: 'function' });
    const presigned = (expires: number) => {
      const query = `a=1\nx-fc-access-key-id=${KEY.id}\nx-fc-expires=${expires}`;
      const signature = createHmac('sha256', KEY.secret)
        .update(`GET\n\n\n${expires}\n${base}/img\n${query}`)
        .digest('base64');
      return `${base}/img?${query.replaceAll('\n', '&')}&x-fc-signature=${encodeURIComponent(signature)}`;
    };
    const nowS = Math.floor(Date.now() / 1_000);
    expect((await ask(presigned(nowS + 60))).status).toBe(200);
    expect((await ask(presigned(nowS - 60))).json().ErrorCode).toBe('AccessDenied');
  });
});

describe('a function that fails', () => {
  test.each([
    ['throws', "() => { throw new TypeError('no'); }", { errorMessage: 'no', errorType: 'TypeError' }],
    [
      'ends its process',
      '() => process.exit(1)',
      { errorMessage: expect.stringContaining('Process exited') },
    ],
    [
      'runs too long',
      '() => {}',
      { errorMessage: expect.stringContaining('Function timed out after 1 seconds') },
    ],
  ])('and %s is 502 with the document of event calls', async (_, handler, document) => {
    const { base } = await serve(handler, {}, { timeout: 1 });
    const answer = await ask(base);
    expect([answer.status, answer.headers['x-fc-error-type']]).toEqual([502, 'UnhandledInvocationError']);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.json()).toMatchObject(document);
  });

  test('by a response that is too large is 502 with the reason', async () => {
    const { base } = await serve(`(req, resp) => resp.send(Buffer.alloc(${6 * 1024 * 1024 + 1}))`);
    const answer = await ask(base);
    expect([answer.status, answer.headers['x-fc-error-type'], answer.json().ErrorCode]).toEqual([
      502,
      'FcCommonError',
      'EntityTooLarge',
    ]);
  });

  test('after its head went out is cut off — a half response must not look whole', async () => {
    const { base } = await serve(`(req, resp) => {
      const frame = (type, text) => {
        const head = Buffer.alloc(9);
        head.writeUInt32BE(text.length, 0);
        head[4] = type;
        head.writeUInt32BE(2, 5);
        require('fs').writeSync(3, Buffer.concat([head, Buffer.from(text)]));
      };
      frame(0x87, '{"status":200,"headers":[]}');
      frame(0x88, 'half');
      setTimeout(() => process.exit(1), 50);
    }`);
    const raw = await exchange(`GET ${base} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    expect(raw).toContain('HTTP/1.1 200 OK');
    expect(raw).toContain('\r\n\r\n4\r\nhalf\r\n');
    expect(raw).not.toContain('\r\n0\r\n');
  });
});

describe('behind an alias', () => {
  test('versions share the requests by weight, and are counted as event calls are', async () => {
    const { service } = await serve("(req, resp) => resp.send('1')");
    await sdk.publishVersion(service, 'one');
    const second = await functionOf('web', "(req, resp) => { resp.setStatusCode(503); resp.send('2'); }");
    await sdk.updateFunction(service, 'web', { ...second, functionName: undefined });
    await sdk.publishVersion(service, 'two');
    await sdk.createAlias(service, 'PROD', '1', { additionalVersionWeight: { 2: 0.5 } });
    await sdk.createTrigger(service, 'web', trigger({}, 'PROD'));
    const path = `/2016-08-15/proxy/${service}.PROD/web/`;
    const seen = { '1': 0, '2': 0 };
    for (let call = 0; call < 60; call += 1) {
      const answer = await ask(path);
      const body = answer.body.toString() as '1' | '2';
      expect(answer.headers['x-fc-invocation-service-version']).toBe(body);
      seen[body] += 1;
    }
    // A fair coin falls one way 60 times once in 10^18 runs.
    expect(seen['1'] * seen['2']).toBeGreaterThan(0);
    const { data } = await sdk.get('/_sluice/ring', { service, function: 'web', qualifier: 'PROD' });
    const { versions } = data as { versions: { version: string; totals: Record<string, number> }[] };
    const totals = Object.fromEntries(versions.map(({ version, totals: counts }) => [version, counts]));
    expect(totals).toMatchObject({
      1: { requests: seen['1'], failures: 0 },
      2: { requests: seen['2'], failures: seen['2'] },
    });
  });

  test('a probe is counted apart only where its signature holds — or callers could leave the figures', async () => {
    const { service, base } = await serve('(req, resp, context) => resp.send(String(context.probe))');
    const headers = { 'x-sluice-probe': '1' };
    expect((await ask(base, { headers })).body.toString()).toBe('undefined');
    const { data } = await sdk.get(`/proxy/${service}/web/`, null, headers);
    expect(data).toBe('true');
    const ring = async () => {
      const answer = await sdk.get('/_sluice/ring', { service, function: 'web', qualifier: 'LATEST' });
      return (answer.data as { versions: { totals: { requests: number } }[] }).versions[0]?.totals.requests;
    };
    expect(await ring()).toBe(1);
  });
});

test('a call whose upload outlasts its trigger is let in by the trigger that is there by then', async () => {
  const { service, base } = await serve(TELL);
  const socket = connect(engine.process.port, '127.0.0.1');
  socket.write(`POST ${base} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n\r\nx`);
  // The engine answers in the order in which it reads: by this answer it has seen the call.
  expect((await ask(base)).status).toBe(200);
  await sdk.updateTrigger(service, 'web', 'http-LATEST', {
    triggerConfig: { authType: 'function', methods: METHODS },
  });
  socket.write('x');
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 .*MissingRequiredHeader/s);
});

test('a caller that hangs up disturbs nobody', async () => {
  const { base } = await serve(
    "(req, resp) => setTimeout(() => resp.send('late'), req.path === '/slow' ? 300 : 0)",
  );
  await ask(base);
  const socket = connect(engine.process.port, '127.0.0.1');
  socket.write(`GET ${base}/slow HTTP/1.1\r\nHost: h\r\n\r\n`);
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.destroy();
  expect((await ask(base)).body.toString()).toBe('late');
});

describe('an offer of another protocol', () => {
  test('is ignored where nobody speaks it: the body arrives, and the connection goes on', async () => {
    const { base } = await serve(TELL);
    const one = `POST ${base} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 4\r\n\r\nbody`;
    const two = `GET ${base}/second HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`;
    const raw = await exchange(one + two);
    expect(raw.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect(raw).toContain('"body":"body"');
    expect(raw).toContain('"path":"/second"');
  });

  test('a WebSocket to a function behind a shim is answered as a request', async () => {
    const { base } = await serve(TELL);
    const raw = await exchange(
      `GET ${base}/ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n`,
    );
    expect(raw).toContain('HTTP/1.1 200 OK');
    expect(raw).toContain('"path":"/ws"');
    expect(raw).toContain('"upgrade":"websocket"');
  });
});

/** Sends raw bytes and reads until the engine closes. */
function exchange(bytes: string): Promise<string> {
  const socket = connect(engine.process.port, '127.0.0.1');
  socket.write(bytes);
  return text(socket);
}
