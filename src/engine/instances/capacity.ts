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
  /** Ends a waiting runtime; false when there is none. */
  giveWay(): boolean;
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
  /** Of runtimes that wait for a function: no instances yet. */
  #waitingMb = 0;

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
    if (this.isFull(memoryMb)) {
      // What is ended is gone in a moment, and `ended` or `waitingEnded` comes back here.
      const isWaitingInTheWay = this.#instances < this.#options.instances;
      if (!isWaitingInTheWay || !this.#options.giveWay()) this.#options.evictIdle();
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

  /** A start is under way. */
  get isStarting(): boolean {
    return this.#starting > 0;
  }

  /** Takes memory for a runtime that waits, if there is more than enough. */
  reserveWaiting(memoryMb: number): boolean {
    if (this.#isOver(memoryMb)) return false;
    this.#waitingMb += memoryMb;
    return true;
  }

  /** It has ended. */
  waitingEnded(memoryMb: number): void {
    this.#waitingMb -= memoryMb;
    this.#options.onFreed();
  }

  /** It has become the instance whose place was reserved before. */
  waitingTaken(memoryMb: number): void {
    this.#waitingMb -= memoryMb;
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

  /** MB that must become free for one more instance of that size; 0: nothing, or more than there can be. */
  missingMb(memoryMb: number): number {
    const { instances, memoryMb: budgetMb } = this.#options;
    if (memoryMb > budgetMb || !this.isFull(memoryMb)) return 0;
    const overMb = this.#memoryMb + memoryMb - budgetMb;
    return Math.max(overMb, this.#instances >= instances ? 1 : 0);
  }

  /** Whether one more instance of that size would be beyond what all may be. */
  isFull(memoryMb: number): boolean {
    return this.#instances >= this.#options.instances || this.#isOver(memoryMb);
  }

  #isOver(memoryMb: number): boolean {
    return this.#memoryMb + this.#waitingMb + memoryMb > this.#options.memoryMb;
  }
}
