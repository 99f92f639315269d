/** Failures and slowness as the engine's rings tell them, over all watched functions: they answer one alias split. */
import type { Counts } from '../../domain/analysis/look.ts';
import type { Sides } from '../../domain/analysis/release-judge.ts';
import { ERRORS_METRIC, PROBE_METRIC } from '../../domain/analysis/release-look.ts';
import { countsBetween, historyFrom, sumCounts } from '../../domain/metrics/counts.ts';
import { LATENCY_METRICS, slowBetween } from '../../domain/metrics/latency.ts';
import { probesOf, type RingAnswer } from '../../domain/metrics/ring.ts';
import type { Thresholds } from './latency-metrics.ts';
import type { Reading } from './reading.ts';

const NOTHING: Counts = { requests: 0, failures: 0 };

/**
 * What happened between two readings, by metric.
 *
 * @param judged what is judged beside failures; `thresholds` null: latency is not
 */
export function engineCounts(
  before: readonly Reading[],
  now: readonly Reading[],
  { thresholds, hasProbes }: { readonly thresholds: Thresholds | null; readonly hasProbes: boolean },
): Map<string, Sides> {
  const over = (count: (reading: Reading, version: string, index: number) => Counts): Sides => ({
    canary: sumCounts(now.map((reading, index) => count(reading, reading.canary, index))),
    stable: sumCounts(now.map((reading, index) => count(reading, reading.stable, index))),
  });
  const failures = over((reading, version, index) =>
    countsBetween(before[index]?.ring ?? null, reading.ring, version),
  );
  const counted = new Map([[ERRORS_METRIC, failures]]);
  if (thresholds)
    LATENCY_METRICS.forEach((metric, which) => {
      const slow = over((reading, version, index) => {
        const threshold = thresholds.byFunction[index]?.[which];
        return threshold
          ? slowBetween(before[index]?.ring ?? null, reading.ring, version, threshold)
          : NOTHING;
      });
      counted.set(metric, slow);
    });
  if (hasProbes)
    counted.set(
      PROBE_METRIC,
      over((reading, version, index) => probesBetween(before[index]?.ring, reading.ring, version)),
    );
  return counted;
}

/** An engine that does not know probes counts none. */
function probesBetween(before: RingAnswer | undefined, now: RingAnswer, version: string): Counts {
  const probes = probesOf(now);
  return probes ? countsBetween(before ? probesOf(before) : null, probes, version) : NOTHING;
}

/** Stable's failures in the intervals before, oldest first: a function that was called later has a shorter past. */
export function errorHistory(readings: readonly Reading[], intervalMs: number): Counts[] {
  const histories = readings.map(({ ring, stable }) => historyFrom(ring, stable, intervalMs, ring.now));
  const length = Math.max(0, ...histories.map((history) => history.length));
  return Array.from({ length }, (_, index) =>
    sumCounts(histories.map((history) => history[history.length - length + index] ?? NOTHING)),
  );
}
