/**
 * What a runtime fetches or builds before its first instance: done once, its failure remembered for a while, so that not
 * every call of a function tries again what takes long to fail.
 */
import { performance } from 'node:perf_hooks';
import { ensureError } from '../../platform/errors.ts';

/** So long nothing is tried again after a failure. */
const RETRY_MS = 60_000;

export class Preparation {
  readonly #act: () => Promise<void>;
  readonly #nowMs: () => number;
  #isDone = false;
  #running: Promise<void> | undefined;
  #failure: { readonly reason: string; readonly atMs: number } | undefined;

  constructor(act: () => Promise<void>, nowMs: () => number = () => performance.now()) {
    this.#act = act;
    this.#nowMs = nowMs;
  }

  /** Why the last try failed; empty: it did not. */
  get failure(): string {
    return this.#failure?.reason ?? '';
  }

  /**
   * Settles when there is nothing more to wait for, well or not; callers at the same time share one try. `undefined`:
   * it is done, or failed a moment ago.
   */
  start(): Promise<void> | undefined {
    if (this.#isDone) return undefined;
    if (this.#failure && this.#nowMs() - this.#failure.atMs < RETRY_MS) return undefined;
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    try {
      await this.#act();
      this.#isDone = true;
      this.#failure = undefined;
    } catch (error) {
      this.#failure = { reason: ensureError(error).message, atMs: this.#nowMs() };
    } finally {
      this.#running = undefined;
    }
  }
}
