/**
 * How many runtimes of a kind should wait: as many as starts came within one second lately, because those that come one by
 * one find it refilled; none when no start came for a while.
 */
const BURST_MS = 1_000;

export class StockDemand {
  readonly #most: number;
  readonly #keepMs: number;
  /** Times of the newest starts, oldest first; no more than `most`. */
  readonly #starts: number[] = [];
  /** When so many starts came within a second for the last time, by their number less one. */
  readonly #seenMs: number[] = [];

  /** @param most largest answer @param keepMs how long a burst counts, in milliseconds */
  constructor(most: number, keepMs: number) {
    this.#most = most;
    this.#keepMs = keepMs;
  }

  /** @param nowMs of a clock that never goes back */
  onStart(nowMs: number): void {
    this.#starts.push(nowMs);
    if (this.#starts.length > this.#most) this.#starts.shift();
    const burst = this.#starts.filter((atMs) => nowMs - atMs < BURST_MS).length;
    this.#seenMs.fill(nowMs, 0, burst);
    while (this.#seenMs.length < burst) this.#seenMs.push(nowMs);
  }

  /** 0…`most` */
  wanted(nowMs: number): number {
    return this.#seenMs.filter((atMs) => nowMs - atMs < this.#keepMs).length;
  }
}
