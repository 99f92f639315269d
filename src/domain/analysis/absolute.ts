/**
 * Absolute limits (analysis §3): when a version fails so much that it cannot be called well, whatever the comparison
 * says, a person is asked. For a minute means: in both halves of the last minute, so that one burst asks nobody.
 */
import type { Counts } from './look.ts';
import { percent } from './numbers-in-words.ts';

const MINUTE_MS = 60_000;
/** Below this many requests in half a minute a rate says nothing. */
const LEAST_REQUESTS = 5;

/** What was counted up to `at`; plain JSON. */
export interface Lately {
  /** Start and end of the interval, Unix milliseconds. */
  readonly from: number;
  readonly at: number;
  readonly canary: Counts;
  readonly stable: Counts;
}

/** The intervals that a minute can still hold, oldest first, with one more. */
export function takeLately(before: readonly Lately[], interval: Lately): readonly Lately[] {
  return [...before, interval].filter(({ at }) => at > interval.at - MINUTE_MS);
}

/**
 * What to ask a person, or `null`.
 *
 * @param limit failure rate in (0, 1]
 */
export function absoluteTrouble(lately: readonly Lately[], limit: number): string | null {
  const last = lately.at(-1);
  const first = lately[0];
  // A look may come a little early or late, so a minute is told by what the looks cover.
  if (!last || !first || last.at - first.from < MINUTE_MS) return null;
  const middle = last.at - MINUTE_MS / 2;
  const early = lately.filter(({ at }) => at <= middle);
  const late = lately.filter(({ at }) => at > middle);
  const isBad = (side: 'canary' | 'stable'): boolean =>
    [early, late].every((half) => {
      const { requests, failures } = sum(half, side);
      return requests >= LEAST_REQUESTS && failures / requests >= limit;
    });
  const bad = (['stable', 'canary'] as const).filter(isBad);
  if (bad.length === 0) return null;
  const rates = `in the last minute stable failed ${rate(sum(lately, 'stable'))} and the canary ${rate(sum(lately, 'canary'))}; the plan's limit is ${percent(limit)}`;
  if (bad.length === 2)
    return `both are bad: ${rates}. Nothing says that the canary is worse: a person must decide`;
  return `${bad[0] === 'stable' ? 'stable itself is bad' : 'the canary is bad'}: ${rates}. The comparison does not decide it: a person must`;
}

/** Counts of both versions in the intervals that a minute can hold. */
export function sumLately(lately: readonly Lately[]): { readonly canary: Counts; readonly stable: Counts } {
  return { canary: sum(lately, 'canary'), stable: sum(lately, 'stable') };
}

function sum(parts: readonly Lately[], side: 'canary' | 'stable'): Counts {
  let requests = 0;
  let failures = 0;
  for (const part of parts) {
    requests += part[side].requests;
    failures += part[side].failures;
  }
  return { requests, failures };
}

function rate({ requests, failures }: Counts): string {
  return requests === 0 ? 'nothing (no request)' : percent(failures / requests);
}
