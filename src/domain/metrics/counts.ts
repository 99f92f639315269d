/**
 * From the engine's ring to the judge's counts. One rule: nothing is invented. What a restarted or silent source
 * cannot tell is left out or comes later in one block, never guessed.
 */
import type { Counts } from '../analysis/look.ts';
import { RING_BUCKET_MS, type RingAnswer, type RingVersion } from './ring.ts';

/** The judge looks back over this many intervals. */
const HISTORY_INTERVALS = 60;

const NOTHING: Counts = { requests: 0, failures: 0 };

/**
 * What `version` did between two readings, from its totals; a reading in between that was missed is covered, as one
 * block. Cold starts count like other requests: a start that fails is the version's failure.
 *
 * - `before` null: there is no beginning yet, so nothing is counted.
 * - The version is new in `now`: all of its total.
 * - Totals that run backwards (the engine restarted): the new total is the difference, but never more than the
 *   buckets since `before` hold, for an engine that kept all but its last second must not count a week again. Read
 *   `now` from `before.now` on, or earlier.
 */
export function countsBetween(before: RingAnswer | null, now: RingAnswer, version: string): Counts {
  if (!before) return NOTHING;
  const last = versionIn(now, version);
  if (!last) return NOTHING;
  const first = versionIn(before, version);
  const requests = last.totals.requests - (first?.totals.requests ?? 0);
  const failures = last.totals.failures - (first?.totals.failures ?? 0);
  if (requests < 0 || failures < 0) return afterRestart(last, before.now);
  return bounded(requests, failures);
}

/**
 * What `version` did in each of the intervals before `untilMs`, newest last, 60 at most, from the first interval in
 * which it was called. Quiet intervals in between are there with zeros. A bucket belongs to the interval in which it
 * begins. Where `intervalMs` is shorter than the ring's buckets, the buckets themselves are the intervals: the
 * dispersion compares neighbours of any length, and the running rate is a ratio.
 */
export function historyFrom(
  ring: RingAnswer,
  version: string,
  intervalMs: number,
  untilMs: number,
): Counts[] {
  const spacing = Math.max(intervalMs, RING_BUCKET_MS);
  const intervals: Counts[] = [];
  for (const bucket of versionIn(ring, version)?.buckets ?? []) {
    if (bucket.at >= untilMs) continue;
    // 0 is the newest interval, [untilMs − spacing, untilMs).
    const age = Math.ceil((untilMs - bucket.at) / spacing) - 1;
    if (age >= HISTORY_INTERVALS) continue;
    while (intervals.length <= age) intervals.push(NOTHING);
    intervals[age] = sumCounts([intervals[age] ?? NOTHING, bounded(bucket.requests, bucket.failures)]);
  }
  return intervals.reverse();
}

/** Several functions of a service, or several services of a release, as one. */
export function sumCounts(parts: readonly Counts[]): Counts {
  let requests = 0;
  let failures = 0;
  for (const part of parts) {
    requests += part.requests;
    failures += part.failures;
  }
  return { requests, failures };
}

function versionIn(ring: RingAnswer, version: string): RingVersion | undefined {
  return ring.versions.find((v) => v.version === version);
}

function afterRestart(last: RingVersion, sinceMs: number): Counts {
  const kept = sumCounts(last.buckets.filter((bucket) => bucket.at + RING_BUCKET_MS > sinceMs));
  return bounded(
    Math.min(last.totals.requests, kept.requests),
    Math.min(last.totals.failures, kept.failures),
  );
}

/** A restart between the two counters' writes can leave one more failure than requests. */
function bounded(requests: number, failures: number): Counts {
  return { requests, failures: Math.min(failures, requests) };
}
