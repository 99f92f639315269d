/** `GET /metrics`: what the series counted since this process started, in Prometheus' text form. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RunnerStats } from '../invoke/contract.ts';
import { DURATION_BOUNDS_S, PROBE_QUALIFIER, type SeriesKey } from './series.ts';
import type { SeriesRegistry } from './series-registry.ts';

/** `probe` only on what probes did; they have no qualifier. */
const LABELS = ['service', 'function', 'version', 'qualifier', 'probe'] as const;

/** A registry that reads the counters when it is scraped: calls pay nothing for it. */
export function createPrometheus(series: SeriesRegistry, stats: () => RunnerStats): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const metrics = [
    new Counter({
      name: 'sluice_engine_requests_total',
      help: 'Calls that reached a version, refusals left out',
      labelNames: LABELS,
      registers: [],
      collect() {
        this.reset();
        for (const { key, process } of series.all()) this.inc(labelsOf(key), process.requests);
      },
    }),
    new Counter({
      name: 'sluice_engine_cold_starts_total',
      help: 'Calls that started an instance',
      labelNames: LABELS,
      registers: [],
      collect() {
        this.reset();
        for (const { key, process } of series.all()) this.inc(labelsOf(key), process.coldStarts);
      },
    }),
    new Counter({
      name: 'sluice_engine_errors_total',
      help: 'Failed and refused calls by type',
      labelNames: [...LABELS, 'type'],
      registers: [],
      collect() {
        this.reset();
        for (const { key, process } of series.all())
          for (const [type, count] of process.errors) this.inc({ ...labelsOf(key), type }, count);
      },
    }),
    new DurationHistogram(series),
    new Gauge({
      name: 'sluice_engine_instances',
      help: 'Instances that run',
      registers: [],
      collect() {
        this.set(stats().instances);
      },
    }),
    new Gauge({
      name: 'sluice_engine_waiting_runtimes',
      help: 'Runtimes that were started and wait for a function',
      registers: [],
      collect() {
        this.set(stats().waiting);
      },
    }),
    new Counter({
      name: 'sluice_engine_waiting_runtimes_taken_total',
      help: 'Instances that a waiting runtime became',
      registers: [],
      collect() {
        this.reset();
        this.inc(stats().taken);
      },
    }),
    new Gauge({
      name: 'sluice_engine_instances_busy',
      help: 'Instances with a call in them',
      registers: [],
      collect() {
        this.set(stats().busy);
      },
    }),
  ];
  for (const metric of metrics) registry.registerMetric(metric);
  return registry;
}

function labelsOf(key: SeriesKey): Partial<Record<(typeof LABELS)[number], string>> {
  const { qualifier, ...rest } = key;
  return qualifier === PROBE_QUALIFIER ? { ...rest, probe: '1' } : { ...key };
}

const DURATION = {
  name: 'sluice_engine_invocation_duration_seconds',
  help: 'Time of a call as its caller sees it',
};

/** prom-client's histogram cannot take counts that were made elsewhere, so its reading is replaced. */
class DurationHistogram extends Histogram {
  readonly #series: SeriesRegistry;

  constructor(series: SeriesRegistry) {
    super({ ...DURATION, labelNames: [...LABELS], registers: [], buckets: DURATION_BOUNDS_S });
    this.#series = series;
  }

  /** Scrapes ask for this one, not for `get`. */
  getForPromString(): Promise<object> {
    const values: { metricName: string; labels: object; value: number }[] = [];
    for (const { key, process } of this.#series.all()) {
      const labels = labelsOf(key);
      let count = 0;
      for (const [index, inBucket] of process.durations.entries()) {
        count += inBucket;
        const le = DURATION_BOUNDS_S[index] ?? '+Inf';
        values.push({ metricName: `${DURATION.name}_bucket`, labels: { ...labels, le }, value: count });
      }
      values.push({ metricName: `${DURATION.name}_sum`, labels, value: process.durationSumS });
      values.push({ metricName: `${DURATION.name}_count`, labels, value: count });
    }
    return Promise.resolve({ ...DURATION, type: 'histogram', values });
  }
}
