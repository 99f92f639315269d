/** Collects a request's body under a limit: what is too large is refused before, or as soon as, it shows. */
import type { IncomingMessage } from 'node:http';
import { entityTooLarge, type ApiError } from './api-error.ts';
import { WholeRequest } from './whole-request.ts';

const NOTHING = Buffer.alloc(0);

/** The caller went away before the body was whole; there is nobody to answer. */
export class RequestAborted extends Error {
  override readonly name = 'RequestAborted';
}

/** What the headers say of the body. */
export interface BodyHead {
  /** Bytes; `undefined` when it is chunked or absent. */
  readonly contentLength: number | undefined;
  readonly hasBody: boolean;
}

/** How long a caller may go on sending what nobody reads, so that it gets to read the answer. */
const DISCARD_MS = 2_000;

/**
 * Throws away what is left of a body: closing on a caller that still sends would reset the connection, and the caller would
 * see a broken pipe instead of the answer.
 */
export function discardRest(request: IncomingMessage): void {
  if (request.complete) return;
  request.resume();
  const cut = setTimeout(() => request.destroy(), DISCARD_MS);
  request.once('close', () => clearTimeout(cut));
}

/**
 * The whole body.
 *
 * @param limitBytes largest body that is accepted
 * @throws ApiError above the limit (413 unless told otherwise), RequestAborted when the caller hangs up
 */
export function readBody(
  request: IncomingMessage | WholeRequest,
  head: BodyHead,
  limitBytes: number,
  tooLarge: (limitBytes: number) => ApiError = entityTooLarge,
): Promise<Buffer> {
  if (!head.hasBody) return Promise.resolve(NOTHING);
  if ((head.contentLength ?? 0) > limitBytes) return Promise.reject(tooLarge(limitBytes));
  if (request instanceof WholeRequest) return Promise.resolve(request.body);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limitBytes) {
        chunks.length = 0;
        reject(tooLarge(limitBytes));
      } else chunks.push(chunk);
    });
    request.on('end', () => {
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size));
    });
    request.on('close', () => {
      if (!request.complete) reject(new RequestAborted('the caller hung up'));
    });
    request.on('error', () => reject(new RequestAborted('the connection broke')));
  });
}
