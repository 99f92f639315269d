/** Asynchronous requests to HTTP functions: let in like any other, answered 202, made from the queue. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { functionOf, refusal, send, type RawAnswer, type Sdk } from './support/engine-process.ts';
import { poll } from './support/stack.ts';
import { startTestEngine, type TestEngine } from './support/test-engine.ts';

/** Tells all that it saw; `/fail` fails, `/throw` throws. As a destination it tells what it got. */
const HANDLER = `(req, resp, context) => {
  if (Buffer.isBuffer(req)) { console.log('OUTCOME ' + req.toString()); context(null, ''); return; }
  const chunks = [];
  req.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
    console.log('SAW ' + JSON.stringify({ method: req.method, path: req.path, queries: req.queries, own: req.headers['x-own'], fc: Object.keys(req.headers).filter((name) => name.startsWith('x-fc-')), body: Buffer.concat(chunks).toString(), id: context.requestId }));
    if (req.path === '/throw') throw new Error('thrown');
    resp.setStatusCode(req.path === '/fail' ? 503 : 201);
    resp.send('answer to ' + req.path);
  });
}`;
const OUTCOME = `async (event) => { console.log('OUTCOME ' + event); }`;

let engine: TestEngine;
let sdk: Sdk;
beforeAll(async () => {
  engine = await startTestEngine();
  ({ sdk } = engine);
  await sdk.createService('shop', {});
  for (const [name, handler] of [
    ['web', HANDLER],
    ['closed', HANDLER],
    ['outcome', OUTCOME],
  ] as const)
    await sdk.createFunction('shop', await functionOf(name, handler));
  for (const [name, authType] of [
    ['web', 'anonymous'],
    ['closed', 'function'],
  ] as const)
    await sdk.createTrigger('shop', name, {
      triggerName: 'http',
      triggerType: 'http',
      triggerConfig: { authType, methods: ['GET', 'POST'] },
    });
  const destination = 'acs:fc:cn-local:1:services/shop/functions/outcome';
  await sdk.putFunctionAsyncConfig('shop', 'web', '', {
    statefulInvocation: true,
    maxAsyncRetryAttempts: 0,
    destinationConfig: { onSuccess: { destination }, onFailure: { destination } },
  });
  await sdk.createCustomDomain('shop.example.com', {
    protocol: 'HTTP',
    routeConfig: { routes: [{ path: '/*', serviceName: 'shop', functionName: 'web' }] },
  });
});
afterAll(() => engine.close());

interface Ask {
  readonly base?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly isSigned?: boolean;
}
function ask(
  path: string,
  { base = '/2016-08-15/proxy/shop/web', body, headers, isSigned = false }: Ask = {},
) {
  return send(engine.process, {
    method: 'POST',
    path: `${base}${path}`,
    ...(body !== undefined && { body }),
    headers: { 'x-fc-invocation-type': 'Async', ...headers },
    isSigned,
    signedAs: `${base}${path}\n`,
  });
}
const idOf = (answer: RawAnswer): string => String(answer.headers['x-fc-request-id']);

/** The document that a line of the function's log has behind `mark`. */
async function logged(name: string, mark: string, id: string): Promise<Record<string, unknown>> {
  let found: string | undefined;
  await poll(`${mark} of ${id}`, () => {
    found = engine
      .functionLog()
      .split('\n')
      .find((line) => line.includes(`\tshop/${name}\t`) && line.includes(mark) && line.includes(id));
    return Promise.resolve(found !== undefined);
  });
  return JSON.parse(found?.slice(found.indexOf('{')) ?? '') as Record<string, unknown>;
}
const statusOf = async (id: string) =>
  (
    await send(engine.process, {
      path: `/2016-08-15/services/shop/functions/web/stateful-async-invocations/${id}`,
    })
  ).json();

describe('an asynchronous request', () => {
  test('is answered 202 and reaches the handler whole', async () => {
    const answer = await ask('/a/b?q=x%20y', { body: 'payload', headers: { 'x-own': 'mine' } });
    expect([answer.status, answer.body.length]).toEqual([202, 0]);
    expect(answer.headers['x-fc-stateful-async-invocation-id']).toBe(idOf(answer));
    expect(await logged('web', 'SAW', idOf(answer))).toEqual({
      method: 'POST',
      path: '/a/b',
      queries: { q: 'x y' },
      own: 'mine',
      fc: [],
      body: 'payload',
      id: idOf(answer),
    });
    expect(await logged('outcome', 'OUTCOME', idOf(answer))).toMatchObject({
      requestContext: { requestId: idOf(answer), condition: '', approximateInvokeCount: 1 },
      requestPayload: 'payload',
      responseContext: { statusCode: 201, functionError: '' },
      responsePayload: 'answer to /a/b',
    });
    expect(await statusOf(idOf(answer))).toMatchObject({ status: 'Succeeded' });
  });

  test('is the same by a custom domain, which the function sees whole', async () => {
    const answer = await ask('/x', { base: '', headers: { host: 'shop.example.com' } });
    expect(answer.status).toBe(202);
    expect(await logged('web', 'SAW', idOf(answer))).toMatchObject({ path: '/x', body: '' });
  });

  test('has failed where the response is 500 or above, or the handler throws', async () => {
    const failed = await ask('/fail');
    expect(await logged('outcome', 'OUTCOME', idOf(failed))).toMatchObject({
      requestContext: { condition: 'Http503' },
      responseContext: { statusCode: 503, functionError: 'Http503' },
      responsePayload: 'answer to /fail',
    });
    const thrown = await ask('/throw');
    expect(await logged('outcome', 'OUTCOME', idOf(thrown))).toMatchObject({
      responseContext: { statusCode: 502, functionError: 'UnhandledInvocationError' },
    });
    expect(await statusOf(idOf(thrown))).toMatchObject({ status: 'Failed' });
  });

  test('may be named and put off, as one by /invocations', async () => {
    const headers = { 'x-fc-stateful-async-invocation-id': 'mine', 'x-fc-async-delay': '3600' };
    const answer = await ask('/later', { headers });
    expect(answer.headers['x-fc-stateful-async-invocation-id']).toBe('mine');
    expect(await statusOf('mine')).toMatchObject({ status: 'Enqueued' });
    expect((await ask('/later', { headers })).json().ErrorCode).toBe('StatefulAsyncInvocationAlreadyExists');
    expect(await refusal(sdk.put('/services/shop/functions/web/stateful-async-invocations/mine', ''))).toBe(
      'accepted',
    );
    // A caller's cookies and tokens are kept no longer than they are needed.
    const client = new Client({ connectionString: engine.postgres.url });
    await client.connect();
    const { rows } = await client.query(
      "select status, http from engine.async_calls where invocation_id = 'mine'",
    );
    await client.end();
    expect(rows).toEqual([{ status: 'Stopped', http: null }]);
  });

  test('is made after a kill of the engine', async () => {
    const answer = await ask('/killed', { headers: { 'x-fc-async-delay': '1' } });
    await engine.restart('SIGKILL');
    expect(await logged('web', 'SAW', idOf(answer))).toMatchObject({ path: '/killed' });
  });
});

describe('is not let in', () => {
  test('without the signature that the trigger asks for', async () => {
    const base = '/2016-08-15/proxy/shop/closed';
    expect((await ask('/', { base })).json().ErrorCode).toBe('MissingRequiredHeader');
    const signed = await ask('/', { base, isSigned: true });
    expect([signed.status, signed.headers['x-fc-stateful-async-invocation-id']]).toEqual([202, undefined]);
    expect(await logged('closed', 'SAW', idOf(signed))).toMatchObject({ path: '/' });
  });

  test('with more than 128 KB, another type, another method, or a name that is none', async () => {
    expect((await ask('/', { body: 'x'.repeat(128 * 1024) })).status).toBe(202);
    const large = await ask('/', { body: 'x'.repeat(128 * 1024 + 1) });
    expect([large.status, large.json().ErrorCode]).toEqual([400, 'InvalidArgument']);
    for (const headers of [
      { 'x-fc-invocation-type': 'later' },
      { 'x-fc-async-delay': '-1' },
      { 'x-fc-stateful-async-invocation-id': '1st' },
    ])
      expect((await ask('/', { headers })).json().ErrorCode).toBe('InvalidArgument');
    const put = await send(engine.process, {
      method: 'PUT',
      path: '/2016-08-15/proxy/shop/web/',
      headers: { 'x-fc-invocation-type': 'Async' },
      isSigned: false,
    });
    expect(put.json().ErrorCode).toBe('AccessDenied');
  });

  test('as a WebSocket', async () => {
    const socket = connect(engine.process.port, '127.0.0.1');
    socket.end(
      'GET /2016-08-15/proxy/shop/web/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Fc-Invocation-Type: Async\r\n\r\n',
    );
    expect(await text(socket)).toMatch(/^HTTP\/1.1 400 .*a WebSocket cannot be called asynchronously/s);
  });
});
