import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createApiClient } from './api-client.ts';
import { releaseEvents, serverSentData } from './event-stream.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function collect(chunks: readonly string[]): Promise<string[]> {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
  const found: string[] = [];
  for await (const data of serverSentData(new Response(body))) found.push(data);
  return found;
}

describe('serverSentData', () => {
  test('joins data lines, and drops comments and other fields', async () => {
    expect(await collect([': hello\n\nid: 1\nevent: x\ndata: a\ndata: b\n\n'])).toEqual(['a\nb']);
  });

  test('does not care where the network cuts', async () => {
    const text = 'id: 1\r\ndata: {"ü":1}\r\n\r\ndata: second\r\n\r\n';
    expect(await collect([...text])).toEqual(['{"ü":1}', 'second']);
  });

  test('drops what is not complete — it comes again after the reconnect', async () => {
    expect(await collect(['data: whole\n\ndata: half'])).toEqual(['whole']);
  });
});

describe('releaseEvents', () => {
  test('goes on after the last event when the connection breaks — each event is seen once', async () => {
    const asked: string[] = [];
    server = createServer((request, response) => {
      asked.push(String(request.headers['last-event-id']));
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const from = asked.length === 1 ? [1, 2] : [2, 3];
      for (const id of from) response.write(`id: ${id}\ndata: ${JSON.stringify({ id, releaseId: 'r' })}\n\n`);
      response.write(`id: 9\ndata: ${JSON.stringify({ id: 9, releaseId: 'another' })}\n\n`);
      setTimeout(() => response.destroy(), 20);
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const client = createApiClient({ url: `http://127.0.0.1:${port}`, token: 't' });
    const stop = new AbortController();
    const seen: number[] = [];
    for await (const event of releaseEvents(client, 'r', stop.signal, 10)) {
      seen.push(event.id);
      if (seen.length === 3) break;
    }
    stop.abort();
    expect(seen).toEqual([1, 2, 3]);
    expect(asked).toEqual(['0', '2']);
  });
});
