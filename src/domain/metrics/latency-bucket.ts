/**
 * Latency buckets of 5 %: bucket `i` holds what took more than 1.05^(i−1) and at most 1.05^i milliseconds. Fine enough
 * for quantiles as thresholds (spec/analysis.md §2), and 400 of them span 10 µs to 10 minutes.
 */

const GROWTH = Math.log(1.05);
/** 1.05^−100 ms is 7.6 µs: nothing is faster. */
const LOWEST = -100;

/** The bucket of a latency in milliseconds; negative and zero fall into the lowest. */
export function latencyBucketOf(ms: number): number {
  if (!(ms > 0)) return LOWEST;
  // Rounded first, so that an upper bound falls into its own bucket and not, by 1e−16, into the next; `+ 0` turns -0 into 0.
  return Math.max(LOWEST, Math.ceil(Math.round((Math.log(ms) / GROWTH) * 1e9) / 1e9)) + 0;
}

/** Upper bound of a bucket, milliseconds, inclusive. */
export function latencyBucketUpperMs(bucket: number): number {
  return Math.exp(bucket * GROWTH);
}
