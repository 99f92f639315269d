/**
 * How large a harm could have been seen: the answer to "the hold ended and the judge did not decide; what does that
 * rule out?" (analysis §2). Stable's failures are taken as they were, the canary's are raised until the evidence of a
 * fault that was there from the first look would have reached the threshold.
 */
import { logMeanExp } from './log-space.ts';
import { logFactor, logThreshold } from './judge.ts';
import type { Counts } from './look.ts';
import type { JudgeSettings } from './settings.ts';

/**
 * Least failure rate of the canary (0…1) that the counts would have shown as harmful; `null` when even a canary that
 * fails every request would not have shown. Approximate: the counts are taken as one block.
 */
export function visibleHarm(
  settings: JudgeSettings,
  dispersion: number,
  canary: Counts,
  stable: Counts,
): number | null {
  if (canary.requests === 0 || stable.requests === 0) return null;
  const shows = (failures: number): boolean =>
    evidence(settings, dispersion, { ...canary, failures }, stable) >= logThreshold(settings.alpha) &&
    failures / canary.requests >= (settings.rho * stable.failures) / stable.requests + settings.floor;
  if (!shows(canary.requests)) return null;
  let low = 0;
  let high = canary.requests;
  // Both conditions only get easier with more failures, so halving finds the least.
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (shows(middle)) high = middle;
    else low = middle + 1;
  }
  return high / canary.requests;
}

function evidence(settings: JudgeSettings, dispersion: number, canary: Counts, stable: Counts): number {
  // −ln 2 is the weight of a fault that began at the first evaluation.
  return (
    logMeanExp(settings.ratios.map((_, j) => logFactor({ canary, stable }, settings, j) / dispersion)) -
    Math.LN2
  );
}
