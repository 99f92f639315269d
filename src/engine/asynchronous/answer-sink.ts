/** Takes the response of an HTTP function whose caller is gone long since: what its outcome says of it. */
import type { HttpSink } from '../invoke/contract.ts';

export class AnswerSink implements HttpSink {
  /** 0 while there was no head. */
  status = 0;
  readonly isGone = false;
  readonly #limitBytes: number;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  /** @param limitBytes what is kept of the body */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get body(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  head(status: number): void {
    this.status = status;
  }

  piece(bytes: Buffer): void {
    const kept = bytes.subarray(0, this.#limitBytes - this.#bytes);
    if (kept.length === 0) return;
    // A piece may be part of a larger buffer, which it would keep.
    this.#pieces.push(Buffer.from(kept));
    this.#bytes += kept.length;
  }

  end(): void {
    // The result says that it is complete.
  }

  /** Nobody asked for it: `wantsUpgrade` is false. */
  upgrade(): void {
    throw new Error('an asynchronous call cannot switch protocols');
  }

  onGone(): void {
    // Nobody waits who could hang up.
  }
}
