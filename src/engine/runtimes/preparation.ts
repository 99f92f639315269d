/**
 * What a runtime fetches or builds before its first instance: done once, its failure remembered for a while, so that not
 * every call of a function tries again what takes long to fail.
 */
import { performance } from 'node:perf_hooks';
import { ensureError } from '../../platform/errors.ts';

const RETRY_MS = 60_000;

interface PreparationOptions {
  /** So long nothing is tried again after a failure. */
  readonly retryMs?: number;
  readonly nowMs?: () => number;
}

export class Preparation {
  readonly #act: () => Promise<void>;
  readonly #retryMs: number;
  readonly #nowMs: () => number;
  #isDone = false;
  #running: Promise<void> | undefined;
  #failure: { readonly reason: string; readonly atMs: number } | undefined;

  constructor(
    act: () => Promise<void>,
    { retryMs = RETRY_MS, nowMs = () => performance.now() }: PreparationOptions = {},
  ) {
    this.#act = act;
    this.#retryMs = retryMs;
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
    if (this.#failure && this.#nowMs() - this.#failure.atMs < this.#retryMs) return undefined;
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

/** Preparations by what they make, so that all who need a thing meet in the same one. */
export class Preparations {
  readonly #known = new Map<string, Preparation>();

  of(key: string, act: () => Promise<void>, options: PreparationOptions = {}): Preparation {
    const known = this.#known.get(key) ?? new Preparation(act, options);
    this.#known.set(key, known);
    return known;
  }

  /** The next `of` makes a new one. */
  forget(key: string): void {
    this.#known.delete(key);
  }
}
