/**
 * Latency as counts (analysis §3): "slower than T" is a failure of a kind, so the judge of failures judges it too. The
 * thresholds are fixed at the start of a step from stable's last hour; whatever slows both versions cancels. Cold
 * starts are left out: they say nothing about the code's speed.
 */
import type { Counts } from '../analysis/look.ts';
import { latencyBucketUpperMs } from './latency-bucket.ts';
import { LATENCY_INTERVAL_MS, type LatencyCounts, type RingAnswer, type RingLatencies } from './ring.ts';

const QUANTILES = [0.5, 0.9, 0.99] as const;

/** The three metrics of latency. */
export const LATENCY_METRICS: readonly string[] = QUANTILES.map((quantile) => `latency-p${quantile * 100}`);

/** One of the three metrics that latency is; they share one weight of the budget. */
export interface LatencyThreshold {
  /** `latency-p50`, `latency-p90`, `latency-p99` */
  readonly metric: string;
  /** Number of the bucket in which stable's quantile lies; slower is what lies in a later one. */
  readonly bucket: number;
  /** Upper bound of that bucket, milliseconds. */
  readonly upToMs: number;
}

/** T_50, T_90 and T_99 of a version since `sinceMs`; `null` when it had no warm request. */
export function latencyThresholds(
  ring: RingAnswer,
  version: string,
  sinceMs: number,
): readonly LatencyThreshold[] | null {
  const counts = new Map<number, number>();
  let total = 0;
  for (const { at, warm } of minutesOf(ring, version)) {
    if (at < sinceMs) continue;
    for (const [bucket, count] of warm) {
      counts.set(bucket, (counts.get(bucket) ?? 0) + count);
      total += count;
    }
  }
  if (total === 0) return null;
  const sorted = [...counts].sort(([a], [b]) => a - b);
  return QUANTILES.map((quantile) => {
    const bucket = quantileOf(sorted, quantile * total);
    return { metric: `latency-p${quantile * 100}`, bucket, upToMs: latencyBucketUpperMs(bucket) };
  });
}

/** Slow requests of a version in each minute since `sinceMs` in which it had warm ones, by the minute's start. */
export function slowByMinute(
  ring: RingAnswer,
  version: string,
  threshold: LatencyThreshold,
  sinceMs: number,
): ReadonlyMap<number, Counts> {
  const minutes = minutesOf(ring, version).filter(({ at }) => at >= sinceMs);
  return new Map(minutes.map(({ at, warm }) => [at, slower(warm, threshold)]));
}

/**
 * Warm requests of a version between two readings, and how many were slower than the threshold. Both readings must
 * hold the minute in which `before` was taken; a minute that runs backwards (a restart) counts with its new value.
 */
export function slowBetween(
  before: RingAnswer | null,
  now: RingAnswer,
  version: string,
  threshold: LatencyThreshold,
): Counts {
  if (!before) return { requests: 0, failures: 0 };
  const earlier = new Map(minutesOf(before, version).map(({ at, warm }) => [at, slower(warm, threshold)]));
  // Minutes that ended before that reading are finished, and were counted then.
  const oldest = before.now - LATENCY_INTERVAL_MS;
  let requests = 0;
  let failures = 0;
  for (const { at, warm } of minutesOf(now, version)) {
    if (at <= oldest) continue;
    const all = slower(warm, threshold);
    const seen = earlier.get(at);
    const goesOn = seen && seen.requests <= all.requests && seen.failures <= all.failures;
    requests += all.requests - (goesOn ? seen.requests : 0);
    failures += all.failures - (goesOn ? seen.failures : 0);
  }
  return { requests, failures: Math.min(failures, requests) };
}

function minutesOf(ring: RingAnswer, version: string): readonly RingLatencies[] {
  return ring.versions.find((v) => v.version === version)?.latencies ?? [];
}

function slower(warm: LatencyCounts, threshold: LatencyThreshold): Counts {
  let requests = 0;
  let failures = 0;
  for (const [bucket, count] of warm) {
    requests += count;
    if (bucket > threshold.bucket) failures += count;
  }
  return { requests, failures };
}

function quantileOf(sorted: readonly (readonly [bucket: number, count: number])[], rank: number): number {
  let seen = 0;
  let last = 0;
  for (const [bucket, count] of sorted) {
    seen += count;
    last = bucket;
    // A hair of rounding in q × total must not move the threshold by a bucket.
    if (seen >= rank * (1 - 1e-12)) break;
  }
  return last;
}
