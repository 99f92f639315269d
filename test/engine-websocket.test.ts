/** WebSockets from a caller through the engine to a function's own server: the public SDK, real sandboxes. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send, serverFunction, type Sdk } from './support/engine-process.ts';
import { startTestEngine, type TestEngine } from './support/test-engine.ts';

/** The part of the SDK's WebSocket (package ws) that is used here. */
interface SdkSocket extends NodeJS.EventEmitter {
  send(text: string): void;
  close(): void;
  terminate(): void;
}

let engine: TestEngine;
let sdk: Sdk & { websocket(path: string, query?: object): SdkSocket };
beforeAll(async () => {
  engine = await startTestEngine();
  sdk = engine.sdk as typeof sdk;
  await sdk.createService('chat', {});
});
afterAll(() => engine.close());

/**
 * A server that agrees to a WebSocket and sends back each short text in upper case; `/hello` speaks first, in the same
 * packet as its head. `/count` tells how many sockets are open, `/no` refuses.
 */
const SERVER = `const http = require('http');
const crypto = require('crypto');
let open = 0;
const frame = (text) => Buffer.concat([Buffer.of(0x81, text.length), Buffer.from(text)]);
const server = http.createServer((request, response) => response.end(request.url === '/count' ? String(open) : 'plain ' + request.url));
server.on('upgrade', (request, socket) => {
  if (request.url === '/no') return socket.end('HTTP/1.1 403 Forbidden\\r\\nContent-Length: 2\\r\\n\\r\\nno');
  open += 1;
  socket.on('close', () => { open -= 1; });
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  const accept = crypto.createHash('sha1').update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
  socket.write(Buffer.concat([
    Buffer.from('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\nX-Own: kept\\r\\nX-Fc-Own: dropped\\r\\nSec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n'),
    request.url === '/hello' ? frame('hello ' + request.headers['x-fc-qualifier']) : Buffer.alloc(0),
  ]));
  socket.on('data', (data) => {
    if ((data[0] & 15) === 8) return socket.end(Buffer.of(0x88, 0));
    const text = Buffer.from(data.subarray(6)).map((byte, at) => byte ^ data[2 + (at & 3)]).toString();
    socket.write(frame(text.toUpperCase()));
  });
});
server.listen(process.env.FC_SERVER_PORT);
`;

let serial = 0;
async function serve(authType: string, program = SERVER, settings: object = {}): Promise<string> {
  serial += 1;
  const name = `ws${serial}`;
  await sdk.createFunction('chat', {
    ...(await serverFunction(name, program)),
    instanceConcurrency: 10,
    ...settings,
  });
  await sdk.createTrigger('chat', name, {
    triggerName: 'http',
    triggerType: 'http',
    triggerConfig: { authType, methods: ['GET'] },
  });
  return `/proxy/chat/${name}`;
}

async function opened(path: string, query: object = {}): Promise<SdkSocket> {
  const socket = sdk.websocket(path, query);
  await once(socket, 'open');
  return socket;
}
/** However it ends: a reset comes as an error before. */
const closed = (socket: SdkSocket): Promise<void> => {
  socket.on('error', () => undefined);
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
  });
};
const next = async (socket: SdkSocket): Promise<string> => String((await once(socket, 'message'))[0]);
const ask = (path: string) => send(engine.process, { path: `/2016-08-15${path}`, isSigned: false });

describe('a WebSocket', () => {
  test('is signed like any request, and joins caller and server both ways', async () => {
    const base = await serve('function');
    const socket = await opened(`${base}/chat`, { room: 'x y' });
    for (const word of ['one', 'two']) {
      socket.send(word);
      expect(await next(socket)).toBe(word.toUpperCase());
    }
    socket.close();
    await closed(socket);
  });

  test('brings what the server said with its first breath, and its headers', async () => {
    const base = await serve('anonymous');
    const socket = sdk.websocket(`${base}/hello`);
    const upgraded = once(socket, 'upgrade');
    expect(await next(socket)).toBe('hello LATEST');
    const [{ headers }] = (await upgraded) as [{ headers: Record<string, string> }];
    expect(headers).toMatchObject({
      'x-own': 'kept',
      'x-fc-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'x-fc-invocation-service-version': 'LATEST',
    });
    expect(headers['x-fc-own']).toBeUndefined();
    socket.terminate();
  });

  test('works behind a custom domain', async () => {
    const name = (await serve('anonymous')).split('/')[3];
    await sdk.createCustomDomain('chat.example.com', {
      routeConfig: { routes: [{ path: '/hello', serviceName: 'chat', functionName: name }] },
    });
    const socket = connect(engine.process.port, '127.0.0.1');
    socket.write(
      'GET /hello HTTP/1.1\r\nHost: chat.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n',
    );
    let seen = '';
    for await (const chunk of socket) {
      seen += String(chunk);
      if (seen.includes('hello LATEST')) break;
    }
    expect(seen).toContain('HTTP/1.1 101 Switching Protocols');
  });

  test('that a caller drops is closed at the server too', async () => {
    const base = await serve('anonymous');
    const socket = await opened(`${base}/chat`);
    expect((await ask(`${base}/count`)).body.toString()).toBe('1');
    socket.terminate();
    await expect.poll(async () => (await ask(`${base}/count`)).body.toString()).toBe('0');
  });

  test('that a caller drops before it is agreed to is closed at the server too', async () => {
    const late = `let agree;
let open = 0;
const server = require('http').createServer((request, response) => {
  if (request.url === '/go') agree = agree();
  response.end(String(request.url === '/waits' ? agree !== undefined : open));
});
server.on('upgrade', (request, socket) => {
  socket.on('error', () => undefined);
  socket.on('end', () => socket.end());
  socket.resume();
  agree = () => {
    open += 1;
    socket.on('close', () => { open -= 1; });
    socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n\\r\\n');
  };
});
server.listen(process.env.FC_SERVER_PORT);
`;
    const base = await serve('anonymous', late, { timeout: 60 });
    const told = async (path: string) => (await ask(base + path)).body.toString();
    for (const reset of [false, true]) {
      const socket = connect(engine.process.port, '127.0.0.1');
      socket.write(
        `GET /2016-08-15${base}/late HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n`,
      );
      await expect.poll(() => told('/waits')).toBe('true');
      if (reset) socket.resetAndDestroy();
      else socket.destroy();
      await once(socket, 'close');
      await told('/go');
      await expect.poll(() => told('/')).toBe('0');
    }
  });

  test('ends with the time of its function', async () => {
    const base = await serve('anonymous', SERVER, { timeout: 1 });
    const socket = await opened(`${base}/chat`);
    await closed(socket);
  });

  test('that nobody lets in gets the error of a request', async () => {
    const base = await serve('function');
    const raw = (path: string) => rawUpgrade(`/2016-08-15${path}`);
    expect(await raw(base)).toMatch(/^HTTP\/1\.1 400 .*MissingRequiredHeader/s);
    expect(await raw('/proxy/chat/none')).toMatch(/^HTTP\/1\.1 404 .*FunctionNotFound/s);
    expect(await raw('/services')).toMatch(/^HTTP\/1\.1 400 .*MissingRequiredHeader/s);
  });

  test('that the server refuses gets its response', async () => {
    const base = await serve('anonymous');
    const refused = await rawUpgrade(`/2016-08-15${base}/no`);
    expect(refused).toMatch(/^HTTP\/1\.1 403 /);
    expect(refused).toMatch(/\r\nno(\r\n|$)/);
  });
});

test('a server that switches protocols unasked fails its call, not the engine', async () => {
  const base = await serve(
    'anonymous',
    "require('net').createServer((socket) => { socket.on('error', () => undefined); socket.on('data', () => socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: x\\r\\n\\r\\n')); }).listen(process.env.FC_SERVER_PORT);",
  );
  const answer = await ask(base);
  expect(answer.status).toBe(502);
  expect(answer.json()['errorMessage']).toContain('it switched to another protocol unasked');
  expect((await send(engine.process, { path: '/healthz', isSigned: false })).status).toBe(200);
});

test('an open socket does not keep the engine from ending', async () => {
  const base = await serve('anonymous');
  const socket = await opened(`${base}/chat`);
  const end = closed(socket);
  await engine.restart();
  await end;
  expect((await ask(`${base}/count`)).body.toString()).toBe('0');
});

function rawUpgrade(path: string): Promise<string> {
  const socket = connect(engine.process.port, '127.0.0.1');
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n`,
  );
  return text(socket);
}
