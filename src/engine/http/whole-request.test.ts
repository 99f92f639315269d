/** Which requests are read here, and that each of them is read as node:http reads it. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, Socket, type AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { readWholeRequest, WholeRequest } from './whole-request.ts';

const socket = new Socket();
const read = (text: string) => readWholeRequest(Buffer.from(text, 'latin1'), socket);

const PLAIN = [
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /2016-08-15/proxy/s/f/x?a=1&b=%20#c HTTP/1.1\r\nhost:a:80\r\nConnection: keep-alive\r\n\r\n',
  'POST /x HTTP/1.1\r\nHOST: \t a \t \r\nContent-Length: 3\r\nX-Empty:\r\n\r\nabc',
  'PUT /x HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nX-One: 2: 3\r\nX-Latin: \xe4\xff\r\nX-Spaces: \xa0a\xa0\r\nContent-Length: 5\r\n\r\n\0\r\n\r\n',
  'DELETE /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n',
];

test.each(PLAIN)('a plain request is read as node:http reads it: %j', async (text) => {
  const server = createServer().listen(0, '127.0.0.1');
  const arrived = once(server, 'request') as Promise<[IncomingMessage]>;
  await once(server, 'listening');
  const caller = connect((server.address() as AddressInfo).port, '127.0.0.1');
  caller.write(text, 'latin1');
  const [theirs] = await arrived;
  const body = await buffer(theirs);
  caller.destroy();
  server.close();
  const ours = read(text);
  if (!(ours instanceof WholeRequest)) throw new Error(`it was not read: ${ours}`);
  expect([ours.method, ours.url, ours.rawHeaders, ours.body]).toEqual([
    theirs.method,
    theirs.url,
    theirs.rawHeaders,
    body,
  ]);
  expect(ours.isLast).toBe(text.includes('close'));
});

test('one of whose body a part is missing is told from others', () => {
  expect(read('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab')).toBe('partial');
});

test.each([
  ['a head that is not whole', 'GET / HTTP/1.1\r\nHost: a\r\n'],
  ['a second request', `${PLAIN[0]}GET`],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na'],
  ['a length with a sign', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na'],
  ['a length in hexadecimal', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\na'],
  ['a length behind a space of Latin-1', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \xa01\r\n\r\na'],
  ['a connection header of old', 'GET / HTTP/1.1\r\nHost: a\r\nProxy-Connection: close\r\n\r\n'],
  ['chunks', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  [
    'chunks beside a length',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\ntransfer-encoding: x\r\n\r\na',
  ],
  ['a space before the colon', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 1\r\n\r\na'],
  ['a line that goes on', 'GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n'],
  ['a line without colon', 'GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n'],
  ['a line end without carriage return', 'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n'],
  ['a carriage return alone', 'GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n'],
  ['a zero character', 'GET / HTTP/1.1\r\nHost: a\0\r\n\r\n'],
  ['an empty line before it', `\r\n${PLAIN[0]}`],
  ['no host', 'GET / HTTP/1.1\r\nX: a\r\n\r\n'],
  ['two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n'],
  ['another version', 'GET / HTTP/1.0\r\nHost: a\r\n\r\n'],
  ['a target with a space', 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a target with its host', 'GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a method with rules of its own', 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['an unknown method', 'get / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['another protocol', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'],
  [
    'a caller that waits to be asked',
    'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na',
  ],
  ['a long head', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(9_000)}\r\n\r\n`],
  ['a large body', `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n${'x'.repeat(70_000)}`],
])('%s is left to node:http', (_, text) => {
  expect(read(text)).toBe('other');
});
