/** Connections on the short way, and how they come to node:http; over real sockets. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { poll } from '../../../test/support/stack.ts';
import { createListener } from './listener.ts';
import type { Reply } from './reply.ts';
import type { WholeRequest } from './whole-request.ts';

/** Which way each request went, and where its response is to be written. */
let served: { way: string; url: string | undefined; reply: Reply }[] = [];
let answer: (request: WholeRequest | IncomingMessage, reply: Reply) => void;

const listener = createListener(
  createServer(),
  (request: IncomingMessage, response: ServerResponse) => {
    served.push({ way: 'node:http', url: request.url, reply: response });
    answer(request, response);
  },
  (request, reply) => {
    if (request.url.startsWith('/other')) return false;
    served.push({ way: 'direct', url: request.url, reply });
    answer(request, reply);
    return true;
  },
);
const { server } = listener;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => listener.drain(0));
beforeEach(() => {
  served = [];
  answer = (request, reply) =>
    reply.writeHead(200, ['Content-Length', '2']).end(Buffer.from(request.method === 'PUT' ? 'PU' : 'ok'));
});

interface Caller {
  readonly socket: Socket;
  readonly text: () => string;
  /** Waits until `words` have come `times` times. */
  readonly until: (words: string, times?: number) => Promise<void>;
}

function call(...pieces: string[]): Caller {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => socket.destroy());
  for (const piece of pieces) socket.write(piece);
  const until = (words: string, times = 1) =>
    poll(`${times} × ${words}`, () => Promise.resolve(text.split(words).length > times));
  return { socket, text: () => text, until };
}

const get = (url: string, further = '') => `GET ${url} HTTP/1.1\r\nHost: a\r\n${further}\r\n`;
const ways = () => served.map(({ way, url }) => `${way} ${url}`);

test('requests in turn on one connection take the short way', async () => {
  const { socket, text, until } = call(get('/1'));
  await until('ok');
  socket.write(`PUT /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n`);
  await poll('the head to be read', () =>
    Promise.resolve(socket.bytesWritten > 0 && socket.writableLength === 0),
  );
  socket.write('x');
  await until('PU');
  expect(ways()).toEqual(['direct /1', 'direct /2']);
  expect(text()).toMatch(
    /^HTTP\/1.1 200 OK\r\nContent-Length: 2\r\nDate: [A-Z][^\r]+ GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=75\r\n\r\nokHTTP/,
  );
  socket.destroy();
});

describe('a connection goes to node:http', () => {
  test('with the first request that is not served directly, and stays there', async () => {
    const { socket, until } = call(get('/1'));
    await until('ok');
    socket.write(get('/other'));
    await until('ok', 2);
    socket.write(get('/3'));
    await until('ok', 3);
    expect(ways()).toEqual(['direct /1', 'node:http /other', 'node:http /3']);
    socket.destroy();
  });

  test('with requests that come ahead of their answers; those come in order', async () => {
    answer = (request, reply) => {
      const body = Buffer.from(`<${request.url}>`);
      setImmediate(() => reply.writeHead(200, ['Content-Length', String(body.length)]).end(body));
    };
    const { socket, text, until } = call(get('/1'));
    await poll('the first', () => Promise.resolve(served.length === 1));
    socket.write(get('/2') + get('/3'));
    await until('</3>');
    expect(text().match(/<[^>]+>/g)).toEqual(['</1>', '</2>', '</3>']);
    socket.destroy();
  });

  test('with a head in pieces, and with bytes that are no HTTP', async () => {
    const pieces = call('GET /1 HT');
    await poll('the piece to be read', () => Promise.resolve(pieces.socket.writableLength === 0));
    pieces.socket.write('TP/1.1\r\nHost: a\r\n\r\n');
    await pieces.until('ok');
    const { socket, until } = call('\u0000\u0001 nothing');
    await until('400 Bad Request');
    await poll('the end', () => Promise.resolve(socket.destroyed));
    expect(ways()).toEqual(['node:http /1']);
    pieces.socket.destroy();
  });
});

test('a response in pieces is chunked; one without body has no framing', async () => {
  answer = (request, reply) => {
    if (request.url === '/none') {
      reply.writeHead(204, []).end(Buffer.from('never sent'));
      return;
    }
    reply.writeHead(200, ['X-A', 'b']);
    reply.flushHeaders();
    reply.write(Buffer.from('one'));
    reply.end(Buffer.from('x'.repeat(17)));
  };
  const { socket, text, until } = call(get('/'));
  await until('0\r\n\r\n');
  expect(text()).toContain('X-A: b\r\nTransfer-Encoding: chunked\r\n');
  expect(text()).toContain(`\r\n\r\n3\r\none\r\n11\r\n${'x'.repeat(17)}\r\n0\r\n\r\n`);
  socket.write(get('/none'));
  await until('204 No Content');
  answer = (_, reply) => reply.writeHead(200, []).end(Buffer.alloc(40_000, 'y'));
  socket.write(get('/large'));
  await until('y'.repeat(40_000));
  expect(text()).toContain('Content-Length: 40000\r\n');
  expect(text()).toMatch(
    /204 No Content\r\nDate: [^\r]+\r\nConnection: keep-alive\r\nKeep-Alive: timeout=75\r\n\r\nHTTP/,
  );
  socket.destroy();
});

test('the connection ends behind the response where the caller asks for that', async () => {
  const { socket, text } = call(get('/', 'Connection: close\r\n'));
  await once(socket, 'close');
  expect(text()).toMatch(/Connection: close\r\n\r\nok$/);
});

test('a request behind a response that ends the connection is not served: its caller asks it again elsewhere', async () => {
  answer = (request, reply) => {
    // It arrives between the end of the response and that of the connection.
    reply.once('finish', () => process.nextTick(() => request.socket.emit('data', Buffer.from(get('/2')))));
    reply.shouldKeepAlive = false;
    reply.writeHead(200, []).end(Buffer.from('ok'));
  };
  const { socket, text } = call(get('/1'));
  await once(socket, 'close');
  expect(ways()).toEqual(['direct /1']);
  expect(text().split('HTTP/1.1')).toHaveLength(2);
});

test('a value that could begin another header is not sent', async () => {
  let thrown: unknown;
  answer = (_, reply) => {
    try {
      reply.writeHead(200, ['X-A', 'b\r\nX-C: d']);
    } catch (error) {
      thrown = error;
    }
    reply.destroy();
  };
  await once(call(get('/')).socket, 'close');
  expect(String(thrown)).toContain("the value of header 'X-A'");
});

test('whoever answers hears that the caller hung up, and may write on', async () => {
  const events: string[] = [];
  answer = (_, reply) => {
    reply.once('close', () => events.push('close'));
    reply.once('finish', () => events.push('finish'));
  };
  const { socket } = call(get('/'));
  await poll('the request', () => Promise.resolve(served.length === 1));
  socket.destroy();
  await poll('the end to be told', () => Promise.resolve(events.length > 0));
  served[0]?.reply.writeHead(200, []).end(Buffer.from('late'));
  expect(events).toEqual(['close']);
});

test('closing ends idle connections at once and lets a response go out', async () => {
  const other = createListener(
    createServer(),
    () => undefined,
    (request, reply) => {
      if (request.url === '/slow') late = reply;
      else reply.writeHead(200, []).end();
      return true;
    },
  );
  let late: Reply | undefined;
  other.server.listen(0, '127.0.0.1');
  await once(other.server, 'listening');
  const { port } = other.server.address() as AddressInfo;
  const idle = connect(port, '127.0.0.1');
  const busy = connect(port, '127.0.0.1');
  let text = '';
  busy.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  idle.resume();
  busy.write(get('/slow'));
  await poll('the request', () => Promise.resolve(late !== undefined));
  const drained = other.drain(60_000);
  await once(idle, 'close');
  if (late) late.shouldKeepAlive = false;
  late?.writeHead(200, []).end(Buffer.from('done'));
  await drained;
  await once(busy, 'close');
  expect(text).toMatch(/Connection: close\r\n\r\ndone$/);
});
