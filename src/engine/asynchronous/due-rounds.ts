/**
 * Work that comes due by times in the database: one round at a time, at once when woken, else when the last round said.
 * Timers and asynchronous calls are served by it.
 */
import { ensureError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';

/** Longest sleep: another engine on the same database may have stored something. */
const LONGEST_SLEEP_MS = 30_000;
const DATABASE_PAUSE_MS = 1_000;

export interface DueRoundsOptions {
  /** One round; gives the milliseconds to the next, 0 where more is due already. A wake meanwhile makes it 0. */
  readonly round: () => Promise<number>;
  /** What cannot be read when a round fails, for the log. */
  readonly what: string;
  readonly log: Logger;
}

export class DueRounds {
  readonly #options: DueRoundsOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isWoken = false;
  #isClosed = false;

  constructor(options: DueRoundsOptions) {
    this.#options = options;
  }

  /** Something may be due, or due earlier than it was. */
  wake(): void {
    if (this.#isClosed) return;
    this.#isWoken = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#isWoken) this.wake();
    });
  }

  /** Begins no further round, and returns when the one that runs is over. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { round, what, log } = this.#options;
    let sleepMs = 0;
    try {
      while ((this.#isWoken || sleepMs <= 0) && !this.#isClosed) {
        this.#isWoken = false;
        sleepMs = await round();
      }
    } catch (error) {
      log.warn({ err: ensureError(error) }, `${what} cannot be read; trying again`);
      sleepMs = DATABASE_PAUSE_MS;
    }
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => this.wake(), Math.min(sleepMs, LONGEST_SLEEP_MS));
    this.#timer.unref();
  }
}
