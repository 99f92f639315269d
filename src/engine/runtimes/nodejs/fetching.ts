/** Fetches majors of Node.js for whoever needs them, and says so in the engine's log. */
import { performance } from 'node:perf_hooks';
import { ensureError } from '../../../platform/errors.ts';
import type { Logger } from '../../../platform/log.ts';
import { Preparations } from '../preparation.ts';
import { cachedBinary, fetchBinary } from './binaries.ts';

/** Without a network each call would wait for nothing. */
const AFTER_FAILURE_MS = 10 * 60_000;

/** npm's own words can fill a page. */
const REASON_CHARACTERS = 500;

export class NodeFetching {
  readonly #cache: string;
  readonly #log: Logger;
  readonly #preparations = new Preparations();

  /** @param cache folder of all downloads */
  constructor(cache: string, log: Logger) {
    this.#cache = cache;
    this.#log = log;
  }

  /** Settles when there is nothing more to wait for: the binary is here, or could not be had. `undefined`: at once. */
  prepare(major: number): Promise<void> | undefined {
    if (cachedBinary(this.#cache, major)) return undefined;
    const act = (): Promise<void> => this.#fetch(major);
    return this.#preparations.of(String(major), act, { retryMs: AFTER_FAILURE_MS }).start();
  }

  async #fetch(major: number): Promise<void> {
    const startedMs = performance.now();
    this.#log.info(`fetching Node.js ${major} by npm, for functions of runtime nodejs${major}`);
    try {
      const { version } = await fetchBinary(this.#cache, major);
      const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
      this.#log.info(`Node.js ${version} is here, after ${seconds} s`);
      // Whoever empties the cache gets it again.
      this.#preparations.forget(String(major));
    } catch (error) {
      const reason = ensureError(error).message.slice(0, REASON_CHARACTERS);
      this.#log.warn(
        `Node.js ${major} could not be fetched; ${process.version} serves nodejs${major} meanwhile: ${reason}`,
      );
      throw error;
    }
  }
}
