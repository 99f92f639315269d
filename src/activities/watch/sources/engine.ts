/** The engine's own rings: the default source, read for every watched function through the alias that is moved. */
import { LATENCY_INTERVAL_MS, RING_BUCKET_MS, type RingAnswer } from '../../../domain/metrics/ring.ts';
import type { FcClient } from '../../../fc/client.ts';
import { THRESHOLD_SPAN_MS } from '../latency-metrics.ts';
import type { WatchedService } from '../../contract.ts';
import type { Reading } from '../reading.ts';

/** One function to read. */
export interface WatchedFunction {
  readonly service: string;
  readonly name: string;
  readonly stable: string;
  readonly canary: string;
}

/** Every function of the services, with the versions that are compared. */
export function functionsOf(services: readonly WatchedService[]): WatchedFunction[] {
  return services.flatMap(({ service, functions, stable, canary }) =>
    functions.map((name) => ({ service, name, stable, canary })),
  );
}

/** Intervals of stable's past that the judge is taught by. */
const HISTORY_INTERVALS = 60;

export class EngineSource {
  readonly functions: readonly WatchedFunction[];
  readonly #fc: FcClient;
  readonly #alias: string;
  readonly #latencies: boolean;
  readonly #probes: boolean;

  /** @param wanted what else than failures is read */
  constructor(
    fc: FcClient,
    alias: string,
    functions: readonly WatchedFunction[],
    wanted: { readonly latencies: boolean; readonly probes: boolean },
  ) {
    this.#fc = fc;
    this.#alias = alias;
    this.functions = functions;
    this.#latencies = wanted.latencies;
    this.#probes = wanted.probes;
  }

  /** The past, to begin with: what the judges are taught by. */
  readPast(intervalMs: number): Promise<readonly Reading[]> {
    const span = HISTORY_INTERVALS * Math.max(intervalMs, RING_BUCKET_MS);
    return this.#readAll(() => Date.now() - Math.max(span, this.#latencies ? THRESHOLD_SPAN_MS : 0));
  }

  /** What happened since `before`, in its order; with stable's last hour where thresholds are to be taken from it. */
  readSince(before: readonly Reading[], withHour: boolean): Promise<readonly Reading[]> {
    return this.#readAll((index) => {
      const since = before[index]?.ring.now ?? Date.now();
      if (!this.#latencies) return since;
      // The minute that was going on at the reading before is needed whole.
      return Math.min(since - LATENCY_INTERVAL_MS, withHour ? Date.now() - THRESHOLD_SPAN_MS : since);
    });
  }

  /** Counters of one function with its buckets since `fromMs`. */
  readOne(index: number, fromMs: number): Promise<RingAnswer> {
    const { service, name } = this.functions[index] ?? { service: '', name: '' };
    return this.#fc.readRing(service, name, this.#alias, fromMs, { probes: this.#probes });
  }

  #readAll(fromMs: (index: number) => number): Promise<readonly Reading[]> {
    const options = { latencies: this.#latencies, probes: this.#probes };
    return Promise.all(
      this.functions.map(async ({ service, name, stable, canary }, index): Promise<Reading> => {
        const ring = await this.#fc.readRing(service, name, this.#alias, fromMs(index), options);
        return { stable, canary, ring };
      }),
    );
  }
}
