/**
 * What the watch carries from look to look: plain JSON, stored with each look, so that another worker goes on from
 * the newest row. Pure: readings, time and the release's step come in as arguments.
 */
import { absoluteTrouble, takeLately, type Lately } from '../../domain/analysis/absolute.ts';
import { ERRORS_METRIC, releaseLook } from '../../domain/analysis/release-look.ts';
import type { Counts, Look } from '../../domain/analysis/look.ts';
import { LATENCY_METRICS, type LatencyThreshold } from '../../domain/metrics/latency.ts';
import { firstThresholds, latencyHistories, nextThresholds, type Thresholds } from './latency-metrics.ts';
import { lookAtBounds } from './bound-metrics.ts';
import { engineCounts, errorHistory } from './engine-metrics.ts';
import { beginMetric, lookAtMetric, type MetricMemory, type Moment } from './metric-memory.ts';
import { slimReading, type Reading } from './reading.ts';
import { counterCounts, type MetricSample } from './samples.ts';
import { nextTold, type Told } from './telling.ts';
import { sharesOfMetrics, type WatchedMetrics } from './watched-metrics.ts';

export interface WatchState {
  /** Shape of this state; what another version stored is not read. */
  readonly schema: 2;
  readonly memories: Readonly<Record<string, MetricMemory>>;
  /** Newest readings of the engine, slim; the next look counts from here. */
  readonly readings: readonly Reading[];
  /** The engine's clock at each function's first reading, Unix milliseconds. */
  readonly begunAt: readonly number[];
  readonly thresholds: Thresholds;
  /** Newest samples of the plan's own counters. */
  readonly samples: Readonly<Record<string, MetricSample>>;
  /** Looks in a row beyond each bound. */
  readonly beyond: Readonly<Record<string, number>>;
  readonly lately: readonly Lately[];
  /** When the newest look was taken. */
  readonly lookedAt: number;
  /** Requests of the canary since the present step began. */
  readonly inStep: { readonly step: number | null; readonly requests: number };
  readonly told: Told | null;
  /** Metric that the newest look is about: what decided, or weighs most; `latency` for its three thresholds. */
  readonly about: string;
}

/** What the sources said; `null` where one did not answer. */
export interface Heard {
  /** In the order of the state's. */
  readonly readings: readonly Reading[] | null;
  /** The readings hold stable's last hour, so that thresholds can be taken from them. */
  readonly holdsHour: boolean;
  readonly samples: Readonly<Record<string, MetricSample | null>>;
}

export interface Looked {
  /** The release's look, first, and those of its metrics where there are several. */
  readonly looks: readonly [Look, ...Look[]];
  readonly state: WatchState;
  readonly isWorthTelling: boolean;
}

/** Before the first look: stable's own past teaches the judges what is usual. Readings hold the last hour. */
export function beginWatch(
  readings: readonly Reading[],
  plan: WatchedMetrics,
  at: number,
): { readonly state: WatchState; readonly history: Readonly<Record<string, readonly Counts[]>> } {
  const thresholds = firstThresholds(readings, plan.latency);
  const history: Record<string, readonly Counts[]> = {
    [ERRORS_METRIC]: errorHistory(readings, plan.intervalMs),
    ...(plan.latency && latencyHistories(readings, thresholds)),
  };
  const memories = Object.fromEntries(
    plan.judged.map(({ metric, settings }) => [metric, beginMetric(settings, history[metric] ?? [])]),
  );
  const state: WatchState = {
    schema: 2,
    memories,
    readings: readings.map(slimReading),
    begunAt: readings.map(({ ring }) => ring.now),
    thresholds,
    samples: {},
    beyond: {},
    lately: [],
    lookedAt: at,
    inStep: { step: null, requests: 0 },
    told: null,
    about: ERRORS_METRIC,
  };
  return { state, history };
}

/** One look at everything. */
export function takeLook(state: WatchState, heard: Heard, moment: Moment, plan: WatchedMetrics): Looked {
  const counted = countAll(state, heard, plan);
  const errors = counted.get(ERRORS_METRIC) ?? null;
  const before = state.inStep.step === moment.step ? state.inStep.requests : 0;
  const inStep = { step: moment.step, requests: before + (errors?.canary.requests ?? 0) };
  const shares = sharesOfMetrics(plan);
  const judged = plan.judged.map(({ metric, settings }) => {
    const memory = state.memories[metric] ?? beginMetric(settings, []);
    return lookAtMetric(memory, {
      metric,
      settings,
      share: shares.get(metric) ?? 0,
      counted: counted.get(metric) ?? null,
      canaryRequestsInStep: inStep.requests,
      moment,
      words: wordsOf(metric, state.thresholds),
    });
  });
  const bounds = lookAtBounds(state.beyond, heard.samples, plan, moment);
  const lately = errors
    ? takeLately(state.lately, { from: state.lookedAt, at: moment.at, ...errors })
    : state.lately;
  const trouble = plan.absoluteErrors === null ? null : absoluteTrouble(lately, plan.absoluteErrors);
  const { look, about } = releaseLook({
    metrics: judged,
    bounds: bounds.looks,
    alpha: plan.alpha,
    trouble,
  });
  const parts = [...judged.map((one) => one.look), ...bounds.looks];
  const told = nextTold(state.told, look);
  return {
    looks: parts.length === 1 ? [look] : [look, ...parts],
    isWorthTelling: told !== state.told,
    state: {
      schema: 2,
      memories: Object.fromEntries(judged.map(({ metric, memory }) => [metric, memory])),
      readings: heard.readings === null ? state.readings : heard.readings.map(slimReading),
      begunAt: state.begunAt,
      thresholds: heard.holdsHour
        ? nextThresholds(state.thresholds, heard.readings, moment.step, plan.latency)
        : state.thresholds,
      samples: { ...state.samples, ...answered(heard.samples) },
      beyond: bounds.beyond,
      lately,
      lookedAt: moment.at,
      inStep,
      told,
      about,
    },
  };
}

/** Counts of both versions since the look before, by metric; a metric whose source was silent is not in it. */
function countAll(
  state: WatchState,
  { readings, samples }: Heard,
  plan: WatchedMetrics,
): Map<string, { readonly canary: Counts; readonly stable: Counts }> {
  const counted = readings
    ? engineCounts(state.readings, readings, plan.latency ? state.thresholds : null)
    : new Map<string, { canary: Counts; stable: Counts }>();
  for (const { metric } of plan.judged) {
    const sample = samples[metric];
    if (sample) counted.set(metric, counterCounts(state.samples[metric] ?? null, sample));
  }
  return counted;
}

function answered(samples: Heard['samples']): Record<string, MetricSample> {
  return Object.fromEntries(
    Object.entries(samples).flatMap(([name, sample]) => (sample ? [[name, sample]] : [])),
  );
}

/** What is slow, where it is one number for everything that is watched. */
function wordsOf(metric: string, { byFunction }: Thresholds): string | null {
  const index = LATENCY_METRICS.indexOf(metric);
  if (index < 0) return null;
  const quantile = metric.slice('latency-'.length);
  const [only] = byFunction;
  const threshold: LatencyThreshold | undefined = byFunction.length === 1 ? only?.[index] : undefined;
  return threshold
    ? `slower than ${Number(threshold.upToMs.toPrecision(3))} ms, stable's ${quantile}`
    : `slower than stable's ${quantile} of the same function`;
}
