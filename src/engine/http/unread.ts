/**
 * Responses that are complete here and that their callers do not read. Each holds its bytes in the engine's memory, and
 * whoever calls a public function can ask for many and read none, so together they have a limit: those that have waited
 * longest are cut off first.
 */
import type { Reply } from './reply.ts';

/** Above what readers with slow lines need at once, below what the engine cannot afford. */
const MOST_BYTES = 256 * 1024 * 1024;

export class UnreadResponses {
  readonly #mostBytes: number;
  /** Oldest first. */
  readonly #waiting = new Map<Reply, number>();
  #bytes = 0;

  /** @param mostBytes of all of them together */
  constructor(mostBytes = MOST_BYTES) {
    this.#mostBytes = mostBytes;
  }

  /** To be called when the response was ended; what went out at once costs nothing. */
  add(response: Reply): void {
    const bytes = response.writableLength;
    if (bytes === 0 || response.destroyed) return;
    this.#waiting.set(response, bytes);
    this.#bytes += bytes;
    response.once('finish', () => this.#remove(response));
    response.once('close', () => this.#remove(response));
    for (const oldest of this.#waiting.keys()) {
      if (this.#bytes <= this.#mostBytes) return;
      this.#remove(oldest);
      oldest.destroy();
    }
  }

  #remove(response: Reply): void {
    this.#bytes -= this.#waiting.get(response) ?? 0;
    this.#waiting.delete(response);
  }
}
