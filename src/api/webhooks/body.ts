/** Raw bytes of a request, up to a limit: refused by the announced length, and while reading where none was announced. */
import type { Context } from 'hono';
import { tooLarge } from '../problem.ts';

/** @throws Problem 413 */
export async function readBody(c: Context, limitBytes: number): Promise<Buffer> {
  const announced = c.req.header('content-length');
  if (announced !== undefined) {
    if (Number(announced) > limitBytes) throw tooLarge(`${limitBytes / 1024 / 1024} MB`);
    // Node gives a body no more bytes than were announced.
    return Buffer.from(await c.req.arrayBuffer());
  }
  const stream = c.req.raw.body;
  if (!stream) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > limitBytes) throw tooLarge(`${limitBytes / 1024 / 1024} MB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
