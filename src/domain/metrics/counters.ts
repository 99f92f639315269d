/** Counters of an outside source: two totals per version that only rise, until whoever counts is started anew. */
import type { Counts } from '../analysis/look.ts';

/** Totals since the source began to count; need not be whole (PromQL extrapolates). */
export interface CounterPair {
  readonly bad: number;
  readonly all: number;
}

/**
 * What happened between two readings. Without a first one nothing is counted; totals that ran backwards (a restart)
 * are the difference themselves (analysis §3).
 */
export function countersBetween(before: CounterPair | null, now: CounterPair): Counts {
  if (!before) return { requests: 0, failures: 0 };
  const isAnew = now.all < before.all || now.bad < before.bad;
  // Whole totals first: the roundings of neighbours cancel, so that nothing is lost over many looks.
  const requests = Math.round(now.all) - (isAnew ? 0 : Math.round(before.all));
  const failures = Math.round(now.bad) - (isAnew ? 0 : Math.round(before.bad));
  return { requests, failures: Math.min(failures, requests) };
}
