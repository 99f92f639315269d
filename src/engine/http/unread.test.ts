/** Callers that read nothing, over real connections. */
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UnreadResponses } from './unread.ts';

/** More than the buffers of both kernels take. */
const BODY = Buffer.alloc(16 * 1024 * 1024, 'x');
const unread = new UnreadResponses(BODY.length * 2.5);
const responses: ServerResponse[] = [];
const server = createServer((_request, response) => {
  responses.push(response);
  response.end(BODY);
  unread.add(response);
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function call(): Promise<IncomingMessage> {
  const { port } = server.address() as AddressInfo;
  const asked = get({ port, host: '127.0.0.1', agent: false });
  asked.on('error', () => undefined);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return answer;
}

test('those that wait longest are cut when all together are too large; whoever reads gets all', async () => {
  const first = await call();
  const second = await call();
  expect((await buffer(await call())).length).toBe(BODY.length);
  expect([responses[0]?.destroyed, responses[1]?.destroyed]).toEqual([true, false]);
  await expect(buffer(first)).rejects.toThrow('aborted');
  expect((await buffer(second)).length).toBe(BODY.length);
});
