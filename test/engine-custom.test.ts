/** HTTP calls to a function's own server as callers see them: a real engine, a real sandbox, plain connections. */
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { send, serverFunction, type RawRequest, type Sdk } from './support/engine-process.ts';
import { startTestEngine, type TestEngine } from './support/test-engine.ts';

let engine: TestEngine;
let sdk: Sdk;

/** What it does is in the path. */
const SERVER = `
const http = require('http');
let slow;
const ways = {
  '/invoke': (...all) => ways['/tell'](...all),
  '/tell': (request, response, body) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body: body.toString() }));
  },
  '/head': (request, response) => {
    response.writeHead(404, 'Gone Fishing', [['Server', 'mine'], ['X-Fc-Status', '200'], ['Keep-Alive', 'timeout=9'], ['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2'], ['X-Own', 'kept'], ['Content-Length', '4']]);
    response.end('none');
  },
  '/slow': (request, response) => { slow = response; response.write('first'); },
  '/go': (request, response) => { slow.end(' last'); response.end(); },
  '/watch': (request, response) => { response.write('first'); response.on('close', () => console.log('the caller left')); },
  '/cut': (request, response) => { response.writeHead(200, { 'content-length': '10' }); response.write('half'); setTimeout(() => request.socket.destroy(), 50); },
  '/large': (request, response) => response.end(Buffer.alloc(6 * 1024 * 1024 + 1)),
  '/exit': () => process.exit(3),
};
const server = http.createServer((request, response) => {
  if (request.url === '/early') return void response.end('enough');
  if (request.url === '/stream') {
    response.setHeader('X-Framing', request.headers['transfer-encoding'] + ',' + request.headers['content-length']);
    response.write('got ');
    request.on('data', (piece) => request.method === 'POST' || response.write(piece.toString().toUpperCase()));
    request.on('close', () => request.complete || console.log('the body broke off'));
    request.on('end', () => response.end(' all'));
    return;
  }
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => ways[request.url.split('?')[0]](request, response, Buffer.concat(pieces)));
});
server.on('upgrade', (request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: ' + request.headers.upgrade + '\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: ' + request.headers['sec-websocket-key'] + '\\r\\nX-Fc-Forged: 1\\r\\n\\r\\nhello ');
  socket.on('data', (data) => socket.write(data.toString().toUpperCase()));
  socket.on('end', () => socket.end());
  socket.on('close', () => console.log('the socket closed'));
});
server.listen(process.env.FC_SERVER_PORT);
`;

const base = '/2016-08-15/proxy/own/web';
/** The same with a time limit of a second. */
const BRIEF = '/2016-08-15/proxy/own/brief';

beforeAll(async () => {
  engine = await startTestEngine();
  ({ sdk } = engine);
  await sdk.createService('own', {});
  for (const [name, timeout] of [
    ['web', 20],
    ['brief', 1],
  ] as const) {
    await sdk.createFunction('own', {
      ...(await serverFunction(name, SERVER)),
      timeout,
      instanceConcurrency: 10,
      caPort: 8080,
    });
    await sdk.createTrigger('own', name, {
      triggerName: 'http',
      triggerType: 'http',
      triggerConfig: { authType: 'anonymous', methods: ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH'] },
    });
  }
});
afterAll(() => engine.close());

const ask = (path: string, options: Partial<RawRequest> = {}) =>
  send(engine.process, { path: `${base}${path}`, isSigned: false, ...options });

/** What the server wrote on its standard output. */
const logged = (): string => engine.functionLog();

/** The response as soon as its head is there. */
function open(path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port: engine.process.port, path: `${base}${path}` }, resolve);
    call.on('error', reject);
    call.end();
  });
}

test('method, path, query, headers and body reach the server; what is under x-fc- is the platform’s word', async () => {
  const answer = await ask('/tell?a=%20b&c', {
    method: 'PATCH',
    body: 'the body',
    headers: {
      host: 'somewhere:80',
      'x-fc-request-id': 'forged',
      'x-fc-access-key-secret': 'forged',
      connection: 'close',
      te: 'trailers',
      'x-own': 'kept',
    },
  });
  const seen = answer.json() as unknown as { headers: Record<string, string> };
  expect(seen).toMatchObject({
    method: 'PATCH',
    url: '/tell?a=%20b&c',
    body: 'the body',
    headers: {
      host: 'somewhere:80',
      'content-length': '8',
      connection: 'keep-alive',
      'x-own': 'kept',
      'x-fc-control-path': '/http-invoke',
      'x-fc-base-path': base,
      'x-fc-request-id': answer.headers['x-fc-request-id'],
      'x-fc-access-key-secret': '',
      'x-fc-function-name': 'web',
      'x-fc-service-name': 'own',
    },
  });
  expect(seen.headers).not.toHaveProperty('te');
  const bare = (await ask('/tell')).json() as unknown as { headers: Record<string, string> };
  expect(bare.headers).not.toHaveProperty('content-length');
});

test('status, headers and body of the response pass; what belongs to a connection or the platform does not', async () => {
  const answer = await ask('/head');
  expect(answer.status).toBe(404);
  expect(answer.headers).toMatchObject({
    'x-own': 'kept',
    'set-cookie': ['a=1', 'b=2'],
    'content-length': '4',
  });
  for (const name of ['server', 'x-fc-status', 'x-fc-error-type'])
    expect(answer.headers).not.toHaveProperty(name);
  expect(answer.body.toString()).toBe('none');
  const head = await ask('/head', { method: 'HEAD' });
  expect(head).toMatchObject({ status: 404, headers: { 'content-length': '4' } });
});

test('a body goes to the caller while the server still writes it', async () => {
  const response = await open('/slow');
  let body = '';
  response.on('data', (piece) => {
    body += String(piece);
  });
  await expect.poll(() => body).toBe('first');
  await ask('/go');
  await expect.poll(() => body).toBe('first last');
  await expect.poll(() => response.complete).toBe(true);
});

/** A request whose body comes in pieces, of which nobody knows how many there will be. */
function upload(
  path: string,
  method = 'PUT',
  prefix = base,
): { call: ClientRequest; response: Promise<IncomingMessage> } {
  const headers = { 'transfer-encoding': 'chunked' };
  const call = request({
    host: '127.0.0.1',
    port: engine.process.port,
    path: `${prefix}${path}`,
    method,
    headers,
  });
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    call.on('response', resolve);
    call.on('error', reject);
  });
  response.catch(() => undefined);
  call.flushHeaders();
  return { call, response };
}
/** Requests and failures of LATEST until now. */
async function counted(name = 'web'): Promise<{ readonly requests: number; readonly failures: number }> {
  const { data } = await sdk.get('/_sluice/ring', { service: 'own', function: name, qualifier: 'LATEST' });
  const { versions } = data as { versions: { totals: { requests: number; failures: number } }[] };
  const [{ totals } = { totals: { requests: 0, failures: 0 } }] = versions;
  return { requests: totals.requests, failures: totals.failures };
}

test.each(['PUT', 'DELETE'])(
  'a body whose length nobody knows goes to the server while the caller still sends it (%s), and the answer back meanwhile',
  async (method) => {
    const { call, response } = upload('/stream', method);
    let body = '';
    const answer = await response;
    expect(answer.headers['x-framing']).toBe('chunked,undefined');
    answer.on('data', (piece) => {
      body += String(piece);
    });
    await expect.poll(() => body).toBe('got ');
    call.write('one');
    await expect.poll(() => body).toBe('got ONE');
    call.write('two');
    await expect.poll(() => body).toBe('got ONETWO');
    call.end();
    await expect.poll(() => body).toBe('got ONETWO all');
    await expect.poll(() => answer.complete).toBe(true);
  },
);

test('a body that breaks off or grows too large is its caller’s fault: told to the server, and no failure of the function', async () => {
  await ask('/tell');
  const before = await counted();
  const broken = upload('/stream');
  const begun = await broken.response;
  begun.on('error', () => undefined);
  broken.call.write('half');
  await expect.poll(() => begun.readableLength).toBeGreaterThan(0);
  broken.call.destroy();
  await expect.poll(logged).toContain('the body broke off');

  // The server waits for the end before it says anything.
  const large = upload('/tell');
  large.call.end(Buffer.alloc(6 * 1024 * 1024 + 1));
  const refused = await large.response;
  expect([refused.statusCode, JSON.parse(await text(refused))]).toEqual([
    400,
    {
      ErrorCode: 'InvalidArgument',
      ErrorMessage: 'the body is larger than the 6291456 bytes that are allowed',
    },
  ]);
  expect(refused.headers['x-fc-request-id']).toMatch(/^[0-9a-f-]{36}$/);

  // This one is not sent back: the response must not be what grows too large.
  const overgrown = upload('/stream', 'POST');
  const cut = await overgrown.response;
  overgrown.call.on('error', () => undefined);
  overgrown.call.end(Buffer.alloc(6 * 1024 * 1024 + 1));
  await expect(text(cut)).rejects.toThrow('aborted');
  expect((await ask('/tell')).status).toBe(200);
  await expect.poll(() => counted()).toEqual({ requests: before.requests + 4, failures: before.failures });
});

test('a body that takes longer than the function may is answered as its time limit, and is no failure either', async () => {
  const before = await counted('brief');
  const { call, response } = upload('/tell', 'POST', BRIEF);
  call.on('error', () => undefined);
  call.write('half');
  const late = await response;
  expect([late.statusCode, late.headers['x-fc-error-type']]).toEqual([502, 'UnhandledInvocationError']);
  expect(await text(late)).toContain('Function timed out after 1 seconds');
  call.destroy();
  expect(await counted('brief')).toEqual(before);
});

test('a server that answers before it has the body needs no more of it', async () => {
  const { call, response } = upload('/early');
  call.on('error', () => undefined);
  call.write('one');
  const answer = await response;
  expect(await text(answer)).toBe('enough');
  call.end('two');
  expect((await ask('/tell')).status).toBe(200);
});

test('a caller that leaves in the middle is told to the server, and harms nobody', async () => {
  const response = await open('/watch');
  response.once('data', () => response.destroy());
  await expect.poll(logged).toContain('the caller left');
  expect((await ask('/tell')).status).toBe(200);
});

test('a response that breaks off is cut at the caller too; one that is too large is refused', async () => {
  const response = await open('/cut');
  await expect(text(response)).rejects.toThrow('aborted');
  const large = await ask('/large');
  expect({ status: large.status, code: large.json()['ErrorCode'] }).toEqual({
    status: 502,
    code: 'EntityTooLarge',
  });
  expect((await ask('/tell')).status).toBe(200);
});

test('an event call reaches the same server', async () => {
  const { data } = await sdk.invokeFunction('own', 'web', 'x');
  expect(JSON.parse(String(data))).toMatchObject({ method: 'POST', url: '/invoke', body: 'x' });
});

function upgrade(path: string): { socket: Socket; read: (until: string) => Promise<string> } {
  const socket = connect(engine.process.port, '127.0.0.1');
  let seen = '';
  socket.on('data', (piece) => {
    seen += String(piece);
  });
  socket.on('error', () => socket.destroy());
  socket.write(
    `GET ${base}${path} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: the-key\r\n\r\n`,
  );
  const read = async (until: string): Promise<string> => {
    await expect.poll(() => seen, { timeout: 10_000 }).toContain(until);
    return seen;
  };
  return { socket, read };
}

test('a WebSocket is joined with the server until one side closes', async () => {
  const { socket, read } = upgrade('/ws');
  const head = await read('hello ');
  expect(head).toMatch(/^HTTP\/1\.1 101 /);
  expect(head).toContain('Sec-WebSocket-Accept: the-key\r\n');
  expect(head).not.toContain('X-Fc-Forged');
  socket.write('one');
  await read('ONE');
  socket.write('x'.repeat(300_000));
  await read('X'.repeat(300_000));
  socket.destroy();
  await expect.poll(logged).toContain('the socket closed');
});

test('a server that ends takes its callers’ connections with it, and the next call has a new one', async () => {
  const { socket, read } = upgrade('/ws');
  await read('hello ');
  const closed = new Promise((resolve) => {
    socket.once('close', resolve);
  });
  const exit = await ask('/exit');
  expect(exit.status).toBe(502);
  expect(exit.headers['x-fc-error-type']).toBe('UnhandledInvocationError');
  await closed;
  expect((await ask('/tell')).status).toBe(200);
});
