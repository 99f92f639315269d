/**
 * How much more stable's failures vary than a fair coin's. Failures that come in bursts (retries, say) must not look
 * like evidence; the difference of neighbouring intervals sees bursts and is not fooled by a drift (analysis §2).
 */
import type { Counts } from './look.ts';
import type { JudgeState } from './judge-state.ts';
import type { JudgeSettings } from './settings.ts';

/** Below this many used terms their mean says nothing. */
const LEAST_TERMS = 10;

/** D, in [1, cap]. */
export function dispersionOf(terms: readonly (number | null)[], cap: number): number {
  let used = 0;
  let sum = 0;
  for (const term of terms) {
    if (term === null) continue;
    used += 1;
    sum += term;
  }
  if (used < LEAST_TERMS) return 1;
  return Math.min(cap, Math.max(1, sum / used));
}

/** Takes in one interval of stable: dispersion term, running rate, and the neighbour for the next term. */
export function takeStable(state: JudgeState, settings: JudgeSettings, stable: Counts): JudgeState {
  return {
    ...state,
    terms: state.previousStable
      ? [...state.terms, termOf(state.previousStable, stable, settings.cap)].slice(-settings.window)
      : state.terms,
    stableRequests: settings.lambda * state.stableRequests + stable.requests,
    stableFailures: settings.lambda * state.stableFailures + stable.failures,
    previousStable: stable,
  };
}

function termOf(before: Counts, now: Counts, cap: number): number | null {
  if (before.requests === 0 || now.requests === 0) return null;
  const requests = before.requests + now.requests;
  const failures = before.failures + now.failures;
  if (failures < 1 || failures >= requests) return null;
  const rate = failures / requests;
  const difference = now.failures / now.requests - before.failures / before.requests;
  return Math.min(
    cap,
    (difference * difference) / (rate * (1 - rate) * (1 / now.requests + 1 / before.requests)),
  );
}
