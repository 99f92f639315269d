/**
 * The thresholds of latency over the steps of a release (analysis §3): fixed at the start of a step from stable's
 * last hour, so that they are known before what they judge.
 */
import type { JudgeSettings } from '../../domain/analysis/settings.ts';
import type { Counts } from '../../domain/analysis/look.ts';
import { sumCounts } from '../../domain/metrics/counts.ts';
import {
  LATENCY_METRICS,
  latencyThresholds,
  slowByMinute,
  type LatencyThreshold,
} from '../../domain/metrics/latency.ts';
import type { Reading } from './reading.ts';

/** Stable's past that thresholds are taken from, milliseconds. */
export const THRESHOLD_SPAN_MS = 3_600_000;

export interface Thresholds {
  /** Step (0-based) at whose start they were fixed. */
  readonly step: number | null;
  /** T_50, T_90 and T_99 of each watched function; `null`: stable had no warm request to tell them by. */
  readonly byFunction: readonly (readonly LatencyThreshold[] | null)[];
}

const NONE: Thresholds = { step: null, byFunction: [] };

export function firstThresholds(readings: readonly Reading[], latency: JudgeSettings | null): Thresholds {
  return latency ? { step: null, byFunction: readings.map(thresholdsIn) } : NONE;
}

/** True when the next reading must hold stable's last hour. */
export function asksForThresholds({ step, byFunction }: Thresholds, present: number | null): boolean {
  return step !== present || byFunction.some((one) => one === null);
}

/** The thresholds of the next interval. Those of a step stand until it ends; what could not be told is tried again. */
export function nextThresholds(
  thresholds: Thresholds,
  readings: readonly Reading[] | null,
  step: number | null,
  latency: JudgeSettings | null,
): Thresholds {
  if (!latency || !readings || !asksForThresholds(thresholds, step)) return thresholds;
  const isNewStep = thresholds.step !== step;
  return {
    step,
    byFunction: readings.map((reading, index) => {
      const known = thresholds.byFunction[index] ?? null;
      return isNewStep || known === null ? (thresholdsIn(reading) ?? known) : known;
    }),
  };
}

/** Stable's slow requests minute by minute, oldest first, by metric. The engine keeps no finer past of latencies. */
export function latencyHistories(
  readings: readonly Reading[],
  { byFunction }: Thresholds,
): Readonly<Record<string, readonly Counts[]>> {
  return Object.fromEntries(
    LATENCY_METRICS.map((metric, which): [string, readonly Counts[]] => {
      const minutes = new Map<number, Counts>();
      readings.forEach(({ ring, stable }, index) => {
        const threshold = byFunction[index]?.[which];
        if (!threshold) return;
        for (const [at, counts] of slowByMinute(ring, stable, threshold, ring.now - THRESHOLD_SPAN_MS))
          minutes.set(at, sumCounts([minutes.get(at) ?? { requests: 0, failures: 0 }, counts]));
      });
      return [metric, [...minutes].sort(([a], [b]) => a - b).map(([, counts]) => counts)];
    }),
  );
}

function thresholdsIn({ ring, stable }: Reading): readonly LatencyThreshold[] | null {
  return latencyThresholds(ring, stable, ring.now - THRESHOLD_SPAN_MS);
}
