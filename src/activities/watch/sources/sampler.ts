/**
 * Reads all of a plan's own sources beside the looks: a look takes what has been answered by then and never waits, so
 * that a slow source cannot hold up the engine's own numbers.
 */
import type { MetricSample } from '../samples.ts';
import type { MetricSource } from './source.ts';

export class Sampler {
  readonly #sources: ReadonlyMap<string, MetricSource>;
  readonly #onFault: (metric: string, error: unknown) => void;
  readonly #pending = new Set<string>();
  readonly #answers = new Map<string, MetricSample>();

  constructor(sources: ReadonlyMap<string, MetricSource>, onFault: (metric: string, error: unknown) => void) {
    this.#sources = sources;
    this.#onFault = onFault;
  }

  /** Asks every source that is not being asked already. */
  ask(signal: AbortSignal): void {
    for (const [metric, source] of this.#sources) {
      if (this.#pending.has(metric)) continue;
      this.#pending.add(metric);
      void this.#read(metric, source, signal);
    }
  }

  /** What was answered since the last take; `null` for a source that was silent. */
  take(): Record<string, MetricSample | null> {
    const taken = Object.fromEntries(
      [...this.#sources.keys()].map((metric) => [metric, this.#answers.get(metric) ?? null]),
    );
    this.#answers.clear();
    return taken;
  }

  async #read(metric: string, source: MetricSource, signal: AbortSignal): Promise<void> {
    try {
      this.#answers.set(metric, await source.read(signal));
    } catch (error) {
      if (!signal.aborted) this.#onFault(metric, error);
    } finally {
      this.#pending.delete(metric);
    }
  }
}
