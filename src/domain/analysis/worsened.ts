/**
 * A shared outage in words: both versions fail far more in the last minute than stable did before. It decides nothing
 * (the comparison cancels what hits both), but whoever watches must not take the silence for blindness.
 */
import type { Counts } from './look.ts';
import { percent } from './numbers-in-words.ts';

/** Requests below which a rate says nothing: stable before, stable now, canary now. */
const LEAST_BEFORE = 100;
const LEAST_STABLE = 20;
const LEAST_CANARY = 3;
/** How much more than before: three times, and five points of a hundred at least. */
const TIMES = 3;
const POINTS = 0.05;

/**
 * One half sentence, or `null`.
 *
 * @param lately counts of the last minute: one interval may be a second, in which the canary has one request
 * @param stableTotal since the release began, the last minute included
 */
export function bothWorsened(
  { canary, stable }: { readonly canary: Counts; readonly stable: Counts },
  stableTotal: Counts,
): string | null {
  const requests = stableTotal.requests - stable.requests;
  if (requests < LEAST_BEFORE || stable.requests < LEAST_STABLE || canary.requests < LEAST_CANARY)
    return null;
  const before = (stableTotal.failures - stable.failures) / requests;
  const bar = Math.max(TIMES * before, before + POINTS);
  const now = stable.failures / stable.requests;
  if (now < bar || canary.failures / canary.requests < bar) return null;
  return `both versions fail more than before (stable ${percent(now)} in the last minute, ${percent(before)} until then), so it is not the canary's fault`;
}
