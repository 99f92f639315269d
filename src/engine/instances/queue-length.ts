/**
 * How many calls of one revision may wait without an instance to count on. A burst may fill the whole queue. But where calls have
 * waited all the time and no more instances can come, more is asked for than can be done: a long queue would make every call
 * late and serve none more, so only as many wait as run, and the rest is told at once.
 */

/** Waiting for this long without a pause is no burst any more; a pause of this length is the end of it. */
export const STANDING_MS = 1_000;

export class QueueLength {
  #isWaiting = false;
  #isStanding = false;
  #changedMs = Number.NEGATIVE_INFINITY;

  /** To be told after each change whether calls wait. */
  note(isWaiting: boolean, nowMs: number): void {
    if (isWaiting === this.#isWaiting) return;
    // A short queue runs empty between two clumps of calls, which ends nothing.
    if (nowMs - this.#changedMs >= STANDING_MS) this.#isStanding = this.#isWaiting;
    this.#isWaiting = isWaiting;
    this.#changedMs = nowMs;
  }

  /**
   * @param most of a burst
   * @param running calls that can run at once
   * @param canGrow whether an instance more may come
   */
  limit(most: number, running: number, canGrow: boolean, nowMs: number): number {
    if (this.#isWaiting && nowMs - this.#changedMs >= STANDING_MS) this.#isStanding = true;
    return this.#isStanding && !canGrow ? Math.min(most, running) : most;
  }
}
