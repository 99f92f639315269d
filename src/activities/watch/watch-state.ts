/**
 * What the watch carries from look to look: plain JSON, stored with each look, so that another worker goes on from
 * the newest row. Pure: readings, time and the release's step come in as arguments.
 */
import type { Counts, Look } from '../../domain/analysis/look.ts';
import type { Moment } from '../../domain/analysis/metric-memory.ts';
import {
  beginJudging,
  judgeRelease,
  type Counted,
  type Judging,
  type Sides,
} from '../../domain/analysis/release-judge.ts';
import { ERRORS_METRIC } from '../../domain/analysis/release-look.ts';
import type { WatchedMetrics } from '../../domain/analysis/watched-metrics.ts';
import { LATENCY_METRICS } from '../../domain/metrics/latency.ts';
import { engineCounts, errorHistory } from './engine-metrics.ts';
import { firstThresholds, latencyHistories, nextThresholds, type Thresholds } from './latency-metrics.ts';
import { slimReading, type Reading } from './reading.ts';
import { counterCounts, numbersIn, type MetricSample } from './samples.ts';
import { nextTold, type Told } from './telling.ts';

export interface WatchState extends Judging {
  /** Shape of this state; what another version stored is not read. */
  readonly schema: 2;
  /** Newest readings of the engine, slim; the next look counts from here. */
  readonly readings: readonly Reading[];
  /** The engine's clock at each function's first reading, Unix milliseconds. */
  readonly begunAt: readonly number[];
  readonly thresholds: Thresholds;
  /** Newest samples of the plan's own counters. */
  readonly samples: Readonly<Record<string, MetricSample>>;
  readonly told: Told | null;
  /** Wave that it is of (0-based); left out: the first, or the plan names no regions. */
  readonly wave?: number;
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
  const state: WatchState = {
    ...beginJudging(plan, history, at),
    schema: 2,
    readings: readings.map(slimReading),
    begunAt: readings.map(({ ring }) => ring.now),
    thresholds,
    samples: {},
    told: null,
  };
  return { state, history };
}

/** One look at everything. */
export function takeLook(state: WatchState, heard: Heard, moment: Moment, plan: WatchedMetrics): Looked {
  const { looks, judging, isShared } = judgeRelease(state, countAll(state, heard, plan), moment, plan);
  const told = nextTold(state.told, looks[0], isShared);
  return {
    looks,
    isWorthTelling: told !== state.told,
    state: {
      ...judging,
      schema: 2,
      readings: heard.readings === null ? state.readings : heard.readings.map(slimReading),
      begunAt: state.begunAt,
      thresholds: heard.holdsHour
        ? nextThresholds(state.thresholds, heard.readings, moment.step, plan.latency)
        : state.thresholds,
      samples: { ...state.samples, ...answered(heard.samples) },
      told,
    },
  };
}

/** What happened since the look before, by metric. */
function countAll(state: WatchState, { readings, samples }: Heard, plan: WatchedMetrics): Counted {
  const counts = readings
    ? engineCounts(state.readings, readings, {
        thresholds: plan.latency ? state.thresholds : null,
        hasProbes: plan.hasProbes,
      })
    : new Map<string, Sides>();
  for (const { metric } of plan.judged) {
    const sample = samples[metric];
    if (sample) counts.set(metric, counterCounts(state.samples[metric] ?? null, sample));
  }
  const numbers = Object.fromEntries(
    Object.entries(samples).map(([metric, sample]) => [metric, sample && numbersIn(sample)]),
  );
  const words = new Map(
    plan.judged.flatMap(({ metric }) => {
      const said = wordsOf(metric, state.thresholds);
      return said === null ? [] : [[metric, said] as const];
    }),
  );
  return { counts, numbers, words };
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
  const threshold = byFunction.length === 1 ? only?.[index] : undefined;
  return threshold
    ? `slower than ${Number(threshold.upToMs.toPrecision(3))} ms, stable's ${quantile}`
    : `slower than stable's ${quantile} of the same function`;
}
