import { describe, expect, test } from 'vitest';
import { latencyBucketOf } from './latency-bucket.ts';
import { latencyThresholds, slowBetween } from './latency.ts';
import type { LatencyCounts, RingAnswer, RingLatencies } from './ring.ts';

function ring(now: number, latencies: RingLatencies[]): RingAnswer {
  const totals = { requests: 0, failures: 0, coldStarts: 0 };
  const version = { version: '1', totals, consecutiveFailures: 0, buckets: [], latencies };
  return { now, service: 's', function: 'f', qualifier: 'PROD', versions: [version] };
}

function minute(at: number, warm: LatencyCounts, cold: LatencyCounts = []): RingLatencies {
  return { at, warm, cold };
}

/** Latencies of 1, 2, … n milliseconds, once each. */
function each(n: number): LatencyCounts {
  const counts = new Map<number, number>();
  for (let ms = 1; ms <= n; ms++) counts.set(latencyBucketOf(ms), (counts.get(latencyBucketOf(ms)) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => a - b);
}

describe('thresholds', () => {
  test('are the upper bounds of the buckets with stable’s quantiles, at most 5 % above them', () => {
    const found = latencyThresholds(ring(0, [minute(0, each(1_000))]), '1', 0);
    expect(found?.map((t) => t.metric)).toEqual(['latency-p50', 'latency-p90', 'latency-p99']);
    [500, 900, 990].forEach((quantile, i) => {
      const upTo = found?.[i]?.upToMs ?? 0;
      expect(upTo).toBeGreaterThanOrEqual(quantile);
      expect(upTo).toBeLessThanOrEqual(quantile * 1.05 + 1e-6);
    });
  });

  test('cold starts and minutes before the time asked for are left out', () => {
    const slow: LatencyCounts = [[latencyBucketOf(9_000), 1_000]];
    const fast: LatencyCounts = [[latencyBucketOf(10), 10]];
    const found = latencyThresholds(ring(0, [minute(0, slow), minute(60_000, fast, slow)]), '1', 60_000);
    expect(found?.map((t) => t.bucket)).toEqual(Array.from({ length: 3 }, () => latencyBucketOf(10)));
  });

  test('without a warm request there are none', () => {
    expect(latencyThresholds(ring(0, [minute(0, [], [[3, 9]])]), '1', 0)).toBeNull();
    expect(latencyThresholds(ring(0, []), '9', 0)).toBeNull();
  });
});

describe('slow requests between two readings', () => {
  const threshold = { metric: 'latency-p90', bucket: 50, upToMs: 0 };
  const read = (now: number, ...minutes: RingLatencies[]) => ring(now, minutes);

  test('the difference within a minute that goes on, and whole minutes after it', () => {
    const before = read(
      70_000,
      minute(0, [[60, 100]]),
      minute(60_000, [
        [50, 10],
        [51, 2],
      ]),
    );
    const now = read(
      125_000,
      minute(0, [[60, 100]]),
      minute(60_000, [
        [50, 15],
        [51, 2],
        [70, 1],
      ]),
      minute(120_000, [
        [10, 4],
        [80, 3],
      ]),
    );
    expect(slowBetween(before, now, '1', threshold)).toEqual({ requests: 13, failures: 4 });
  });

  test('a version that was quiet at the first reading counts whole, but nothing that was over by then', () => {
    const now = read(130_000, minute(0, [[60, 100]]), minute(60_000, [[60, 1]]), minute(120_000, [[10, 1]]));
    expect(slowBetween(read(100_000), now, '1', threshold)).toEqual({ requests: 2, failures: 1 });
  });

  test('a minute that runs backwards counts with its new value; without a first reading nothing counts', () => {
    const before = read(70_000, minute(60_000, [[50, 10]]));
    const now = read(
      75_000,
      minute(60_000, [
        [50, 4],
        [60, 1],
      ]),
    );
    expect(slowBetween(before, now, '1', threshold)).toEqual({ requests: 5, failures: 1 });
    expect(slowBetween(null, now, '1', threshold)).toEqual({ requests: 0, failures: 0 });
  });
});
