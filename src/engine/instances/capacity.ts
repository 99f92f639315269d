/** How many instances may exist and start at once in this engine, over all revisions. */
import { RefusedError } from '../invoke/contract.ts';

export interface CapacityOptions {
  /** Most instances of the account in this region (guide.md §10: 300). */
  readonly instances: number;
  /**
   * Most instances that start at the same time. A start costs tens of milliseconds of CPU: hundreds at once would
   * starve each other while warm instances could long have taken the calls.
   */
  readonly startsAtOnce: number;
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

  constructor(options: CapacityOptions) {
    this.#options = options;
  }

  /** Takes the place for one instance, which `started` and later `ended` give back. */
  reserve(): boolean {
    if (this.#starting >= this.#options.startsAtOnce) return false;
    if (this.#instances >= this.#options.instances) {
      // The evicted one is gone in a moment, and `ended` comes back here.
      this.#options.evictIdle();
      return false;
    }
    this.#instances += 1;
    this.#starting += 1;
    return true;
  }

  /** A start is over, well or not. */
  started(): void {
    this.#starting -= 1;
    this.#options.onFreed();
  }

  ended(): void {
    this.#instances -= 1;
    this.#options.onFreed();
  }

  refusal(): RefusedError {
    const { instances, region } = this.#options;
    const reason =
      this.#instances >= instances
        ? `the limit of ${instances} on-demand instances in region ${region} is reached`
        : 'more calls wait for an instance than may wait';
    return new RefusedError(429, 'ResourceExhausted', reason);
  }
}
