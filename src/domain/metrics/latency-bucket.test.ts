import { describe, expect, test } from 'vitest';
import { latencyBucketOf, latencyBucketUpperMs } from './latency-bucket.ts';

describe('latency buckets', () => {
  test('an upper bound belongs to its own bucket, anything above to the next', () => {
    for (let bucket = -99; bucket < 300; bucket += 1) {
      const upper = latencyBucketUpperMs(bucket);
      expect(latencyBucketOf(upper)).toBe(bucket);
      expect(latencyBucketOf(upper * 1.0001)).toBe(bucket + 1);
    }
  });

  test('a bucket is 5 % wide — quantiles are upper bounds, so they are at most 5 % too high', () => {
    for (const ms of [0.2, 1, 3.7, 42, 1_000, 600_000]) {
      const upper = latencyBucketUpperMs(latencyBucketOf(ms));
      expect(upper).toBeGreaterThanOrEqual(ms * 0.999_999);
      expect(upper).toBeLessThan(ms * 1.050_001);
    }
  });

  test('nothing falls below the lowest bucket — clocks may say 0 or run backwards', () => {
    expect([0, -5, Number.NaN, 1e-9].map(latencyBucketOf)).toEqual([-100, -100, -100, -100]);
  });
});
