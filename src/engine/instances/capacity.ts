/** How many instances may exist and start at once in this engine, and how much memory they may have, over all revisions. */
import { RefusedError } from '../invoke/contract.ts';

export interface CapacityOptions {
  /** Most instances of the account in this region (guide.md §10: 300). */
  readonly instances: number;
  /**
   * Most instances that start at the same time. A start costs tens of milliseconds of CPU: hundreds at once would
   * starve each other while warm instances could long have taken the calls.
   */
  readonly startsAtOnce: number;
  /** Most memory that all instances together may have if each takes what it may, in MB. */
  readonly memoryMb: number;
  readonly region: string;
  /** Ends the instance that has been idle longest; false when none is idle. */
  evictIdle(): boolean;
  /** An instance more can start than before. */
  onFreed(): void;
}

export class Capacity {
  readonly #options: CapacityOptions;
  #instances = 0;
  #starting = 0;
  #memoryMb = 0;

  constructor(options: CapacityOptions) {
    this.#options = options;
  }

  /**
   * Takes the place for one instance, which `started` and later `ended` give back.
   *
   * @param memoryMb what the instance may take
   */
  reserve(memoryMb: number): boolean {
    if (this.#starting >= this.#options.startsAtOnce) return false;
    if (this.#isFull(memoryMb)) {
      // The evicted one is gone in a moment, and `ended` comes back here.
      this.#options.evictIdle();
      return false;
    }
    this.#instances += 1;
    this.#starting += 1;
    this.#memoryMb += memoryMb;
    return true;
  }

  /** A start is over, well or not. */
  started(): void {
    this.#starting -= 1;
    this.#options.onFreed();
  }

  ended(memoryMb: number): void {
    this.#instances -= 1;
    this.#memoryMb -= memoryMb;
    this.#options.onFreed();
  }

  /**
   * Why a call that needs a new instance of `memoryMb` is refused.
   *
   * @param otherwise the limit that the call itself met, where none of all instances is reached
   */
  refusal(memoryMb: number, otherwise: string): RefusedError {
    const { instances, region, memoryMb: budgetMb, startsAtOnce } = this.#options;
    let reason = otherwise;
    if (this.#instances >= instances)
      reason = `the limit of ${instances} on-demand instances in region ${region} is reached`;
    else if (this.#memoryMb + memoryMb > budgetMb)
      reason = `the limit of ${budgetMb} MB for all instances of this host is reached: ${this.#memoryMb} MB are taken, ${memoryMb} MB are needed`;
    else if (this.#starting >= startsAtOnce)
      reason = `${otherwise}, and the limit of ${startsAtOnce} instances that start at once is reached`;
    return new RefusedError(429, 'ResourceExhausted', reason);
  }

  #isFull(memoryMb: number): boolean {
    const { instances, memoryMb: budgetMb } = this.#options;
    return this.#instances >= instances || this.#memoryMb + memoryMb > budgetMb;
  }
}
