import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createApiClient, type ApiClient } from './api-client.ts';

let server: Server | undefined;
afterEach(() => void server?.close());

async function clientOf(status: number, body: string): Promise<ApiClient> {
  server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/problem+json', connection: 'close' });
    response.end(body);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return createApiClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 't' });
}

test.each([
  [404, 3],
  [403, 4],
  [409, 4],
  [401, 6],
  [422, 2],
  [503, 5],
  [500, 1],
])('a problem with status %i ends a command with %i — scripts decide by it', async (status, exitCode) => {
  const client = await clientOf(
    status,
    JSON.stringify({ title: 'No', detail: 'because', code: 'x-y', status }),
  );
  await expect(client.get('/')).rejects.toMatchObject({ exitCode, message: 'because [x-y]' });
});

test('shows each field that is wrong', async () => {
  const client = await clientOf(
    422,
    JSON.stringify({ title: 'Bad', errors: [{ pointer: '/name', detail: 'too long' }] }),
  );
  await expect(client.post('/', {})).rejects.toThrow('Bad\n  /name: too long');
});

test('tells an answer that is not from Sluice, too', async () => {
  const client = await clientOf(502, '<html>bad gateway</html>');
  await expect(client.get('/')).rejects.toMatchObject({ exitCode: 5, message: '<html>bad gateway</html>' });
});

test('says what to do when nobody answers', async () => {
  const client = await clientOf(200, '{}');
  await new Promise((resolve) => server?.close(resolve));
  await expect(client.get('/')).rejects.toThrow('"sluice up" starts it here');
});
