/**
 * A request's body on its way to a function's own server while the caller still sends it: for a caller who did not say how
 * long it is. As it is read there it is read here, so that nothing of it piles up.
 */
import type { IncomingMessage } from 'node:http';
import { Transform, type TransformCallback } from 'node:stream';
import { RefusedError } from '../invoke/contract.ts';
import { discardRest } from './read-body.ts';

/** What a caller is told whose body is larger than an HTTP function takes. */
export function sayTooLarge(limitBytes: number): string {
  return `the body is larger than the ${limitBytes} bytes that are allowed`;
}

export class IncomingBody extends Transform {
  readonly #request: IncomingMessage;
  readonly #limitBytes: number;
  #bytes = 0;

  /** Fails with a `RefusedError` where there are more bytes than `limitBytes`, or the caller hangs up before the end. */
  constructor(request: IncomingMessage, limitBytes: number) {
    super();
    this.#request = request;
    this.#limitBytes = limitBytes;
    // It may fail before anybody reads it; whoever comes to read it looks.
    this.on('error', () => undefined);
    request.once('close', () => {
      if (!request.complete)
        this.destroy(
          new RefusedError(400, 'InvalidArgument', 'the caller hung up before the end of the body'),
        );
    });
    request.pipe(this);
  }

  /** Nobody reads on; what still comes is thrown away. */
  leave(): void {
    this.destroy();
    discardRest(this.#request);
  }

  override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#bytes += piece.length;
    if (this.#bytes <= this.#limitBytes) done(null, piece);
    else done(new RefusedError(400, 'InvalidArgument', sayTooLarge(this.#limitBytes)));
  }
}
