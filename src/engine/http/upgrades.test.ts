/** Connections that asked for another protocol and got an ordinary answer. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { poll } from '../../../test/support/stack.ts';
import { createListener } from './listener.ts';

const { server } = createListener(createServer(), (_request, response) => {
  response.writeHead(404).end('none here');
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => server.close());

const HEAD = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';

function open(): Promise<number> {
  return new Promise((resolve) => {
    server.getConnections((_, count) => resolve(count));
  });
}

describe('a WebSocket that is refused is closed, and its answer arrives', () => {
  test.each([
    ['by a caller that closes', HEAD, false],
    ['by a caller that has sent more and closes', `${HEAD}frames that came too early`, false],
    ['by a caller that never closes', HEAD, true],
  ])('%s', async (_, text, allowHalfOpen) => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const { port } = server.address() as AddressInfo;
    const caller = connect({ port, host: '127.0.0.1', allowHalfOpen });
    let answer = '';
    caller.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
    });
    caller.on('error', () => caller.destroy());
    caller.write(text);
    await once(caller, 'end');
    expect(answer).toContain('none here');
    if (allowHalfOpen) vi.advanceTimersByTime(2_000);
    vi.useRealTimers();
    await poll('the connection to be closed', async () => (await open()) === 0);
    caller.destroy();
  });
});
