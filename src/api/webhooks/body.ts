/** Raw bytes of a request, up to a limit: refused by the announced length, and while reading where none was announced. */
import type { Context } from 'hono';
import { Problem } from '../problem.ts';

/** @throws Problem 413 */
export async function readBody(c: Context, limitBytes: number): Promise<Buffer> {
  const announced = c.req.header('content-length');
  if (announced !== undefined) {
    if (Number(announced) > limitBytes) throw tooLarge(limitBytes);
    // Node gives a body no more bytes than were announced.
    return Buffer.from(await c.req.arrayBuffer());
  }
  const stream = c.req.raw.body;
  if (!stream) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > limitBytes) throw tooLarge(limitBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(limitBytes: number): Problem {
  return new Problem({
    status: 413,
    code: 'body-too-large',
    detail: `the body is larger than ${limitBytes / 1024 / 1024} MB`,
    // What is left of the body is not read: the connection cannot be used again.
    headers: { connection: 'close' },
  });
}
