/** Raw bytes of a request, up to a limit: refused by the announced length, and while reading where none was announced. */
import type { Context } from 'hono';
import { discardBody } from '../discard-body.ts';
import { tooLarge } from '../problem.ts';

/** @throws Problem 413 */
export async function readBody(c: Context, limitBytes: number): Promise<Buffer> {
  const announced = c.req.header('content-length');
  if (announced !== undefined && Number(announced) <= limitBytes)
    // Node gives a body no more bytes than were announced. Whoever only touches the stream pays for making it.
    return Buffer.from(await c.req.arrayBuffer());
  const stream = c.req.raw.body as ReadableStream<Uint8Array> | null;
  if (!stream) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let size = Number(announced ?? 0);
  if (size <= limitBytes)
    for await (const chunk of stream.values({ preventCancel: true })) {
      size += chunk.byteLength;
      if (size > limitBytes) break;
      chunks.push(chunk);
    }
  if (size <= limitBytes) return Buffer.concat(chunks);
  await discardBody(stream);
  throw tooLarge(`${limitBytes / 1024 / 1024} MB`);
}
