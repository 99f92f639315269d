/**
 * Is the canary worse than what is live? A sequential test that may be looked at any time: over a whole release, a
 * canary whose odds of failure are at most ρ times stable's is rolled back with a chance of at most α. Why it holds
 * and every symbol: docs of the judge, analysis §1–2. One metric of one release; pure, and an evaluation is ≤ 20 µs.
 */
import { dispersionOf, takeStable } from './dispersion.ts';
import { fromLog, initialJudge, toLog, type JudgeState, type RatioTrack } from './judge-state.ts';
import { logAddExp, logMeanExp } from './log-space.ts';
import type { Counts, UndecidedCause, Verdict } from './look.ts';
import type { JudgeSettings } from './settings.ts';

export { initialJudge };
export type { JudgeState };

/** What both versions did at the same time, since the last evaluation. */
export interface Interval {
  readonly canary: Counts;
  readonly stable: Counts;
}

/** What an interval cannot say of itself. */
export interface JudgeContext {
  /** Requests of the canary since the step began, this interval included; 0 makes the cause `no-canary-traffic`. */
  readonly canaryRequestsInStep: number;
}

export interface Judgement {
  /** Evaluation number, from 1; 0 when nothing was evaluated yet. */
  readonly t: number;
  /** D from before this interval. */
  readonly dispersion: number;
  readonly logEvidence: number;
  readonly logHealth: number;
  readonly gate: boolean;
  readonly verdict: Verdict;
  readonly cause: UndecidedCause | null;
  /** The likeliest beginning of a fault, as an evaluation number, and what both sides did since. */
  readonly basis: { readonly from: number; readonly canary: Counts; readonly stable: Counts };
}

/** Takes in one interval of stable from before the release, oldest first; they teach dispersion and running rate. */
export function takeHistory(state: JudgeState, settings: JudgeSettings, stable: Counts): JudgeState {
  checkCounts('stable', stable);
  return takeStable(state, settings, stable);
}

/**
 * One evaluation.
 *
 * @throws RangeError when counts are not whole, negative, or say more failures than requests
 */
export function judge(
  state: JudgeState,
  settings: JudgeSettings,
  interval: Interval,
  context: JudgeContext,
): { state: JudgeState; judgement: Judgement } {
  const { canary, stable } = interval;
  checkCounts('canary', canary);
  checkCounts('stable', stable);
  const t = state.evaluations + 1;
  const dispersion = dispersionOf(state.terms, settings.cap);
  // Every evaluation is a possible beginning of the fault; the weights 1/(t(t+1)) sum to 1.
  const start = -Math.log(t * (t + 1));
  const tracks = state.tracks.map((track, j) =>
    advance(track, t, start, interval, logFactor(interval, settings, j) / dispersion),
  );
  const health = nextHealth(state, settings, interval, start, dispersion);
  const next: JudgeState = {
    ...takeStable(state, settings, stable),
    evaluations: t,
    tracks,
    health: toLog(health),
    canaryRequests: settings.lambda * state.canaryRequests + canary.requests,
    canaryFailures: settings.lambda * state.canaryFailures + canary.failures,
  };
  return { state: next, judgement: judgementOf(next, settings, dispersion, causeOf(context)) };
}

/** What stands while the metrics source does not answer: the numbers so far, and no verdict. Changes no state. */
export function judgeWithoutMetrics(state: JudgeState, settings: JudgeSettings): Judgement {
  const standing = judgementOf(state, settings, dispersionOf(state.terms, settings.cap), 'no-metrics');
  return { ...standing, verdict: 'undecided', cause: 'no-metrics' };
}

/** ln of what α or β asks for: evidence at or above it decides. */
export function logThreshold(error: number): number {
  return Math.log(1 / error);
}

/** r_j; one too near to ρ could tell the two apart only after ages, so it is raised to 1.2 ρ. */
export function effectiveRatio({ ratios, rho }: JudgeSettings, j: number): number {
  return Math.max(ratios[j] ?? 0, 1.2 * rho);
}

/** L_j times the dispersion: how the failures of the interval speak for odds ratio r_j against ρ. */
export function logFactor({ canary, stable }: Interval, settings: JudgeSettings, j: number): number {
  if (canary.requests === 0 || stable.requests === 0) return 0;
  const { rho } = settings;
  const ratio = effectiveRatio(settings, j);
  const expected = rho * canary.requests + stable.requests;
  const alternative = ratio * canary.requests + stable.requests;
  const total = Math.log(expected / alternative);
  return canary.failures * (Math.log(ratio / rho) + total) + stable.failures * total;
}

function advance(
  track: RatioTrack,
  t: number,
  start: number,
  interval: Interval,
  logFactor: number,
): RatioTrack {
  const sum = toLog(logFactor + logAddExp(fromLog(track.sum), start));
  const peak = fromLog(track.peak);
  if (start > peak) {
    return { sum, peak: logFactor + start, from: t, canary: interval.canary, stable: interval.stable };
  }
  return {
    sum,
    peak: logFactor + peak,
    from: track.from,
    canary: add(track.canary, interval.canary),
    stable: add(track.stable, interval.stable),
  };
}

/** H: evidence that the canary's rate is below ρ q + margin. Stable's rate q is taken as known. */
function nextHealth(
  state: JudgeState,
  settings: JudgeSettings,
  { canary }: Interval,
  start: number,
  dispersion: number,
): number {
  if (state.stableRequests < 100) return fromLog(state.health);
  const { rho, health: margin } = settings;
  const running = (state.stableFailures + 0.5) / (state.stableRequests + 1);
  const q = Math.min(Math.max(running, 1e-5), (0.9 * (1 - margin)) / rho);
  const bound = rho * q + margin;
  const log =
    canary.failures * Math.log(q / bound) +
    (canary.requests - canary.failures) * Math.log((1 - q) / (1 - bound));
  return log / dispersion + logAddExp(fromLog(state.health), start);
}

function judgementOf(
  state: JudgeState,
  settings: JudgeSettings,
  dispersion: number,
  cause: UndecidedCause,
): Judgement {
  const { evaluations: t, tracks } = state;
  // The weight of all beginnings that are still to come.
  const rest = -Math.log(t + 1);
  const logEvidence = logAddExp(logMeanExp(tracks.map((track) => fromLog(track.sum))), rest);
  const logHealth = logAddExp(fromLog(state.health), rest);
  const gate = gateOf(state, settings);
  const verdict = verdictOf(logEvidence, logHealth, gate, settings);
  return {
    t,
    dispersion,
    logEvidence,
    logHealth,
    gate,
    verdict,
    cause: verdict === 'undecided' ? cause : null,
    basis: basisOf(tracks),
  };
}

function verdictOf(logEvidence: number, logHealth: number, gate: boolean, settings: JudgeSettings): Verdict {
  if (logEvidence >= logThreshold(settings.alpha) && gate) return 'harmful';
  if (logHealth >= logThreshold(settings.beta)) return 'healthy';
  return 'undecided';
}

/** A difference below the floor is not worth a rollback, however sure it is. */
function gateOf(state: JudgeState, settings: JudgeSettings): boolean {
  if (state.canaryRequests <= 0) return false;
  const stableRate = state.stableRequests === 0 ? 0 : state.stableFailures / state.stableRequests;
  return state.canaryFailures / state.canaryRequests >= settings.rho * stableRate + settings.floor;
}

function basisOf(tracks: readonly RatioTrack[]): Judgement['basis'] {
  let best: RatioTrack | undefined;
  for (const track of tracks) {
    if (!best || fromLog(track.sum) > fromLog(best.sum)) best = track;
  }
  const nothing = { requests: 0, failures: 0 };
  return best
    ? { from: best.from, canary: best.canary, stable: best.stable }
    : { from: 0, canary: nothing, stable: nothing };
}

function causeOf(context: JudgeContext): UndecidedCause {
  return context.canaryRequestsInStep === 0 ? 'no-canary-traffic' : 'too-few';
}

function add(a: Counts, b: Counts): Counts {
  return { requests: a.requests + b.requests, failures: a.failures + b.failures };
}

function checkCounts(side: string, { requests, failures }: Counts): void {
  if (
    Number.isSafeInteger(requests) &&
    Number.isSafeInteger(failures) &&
    failures >= 0 &&
    failures <= requests
  )
    return;
  throw new RangeError(
    `${side}: ${failures} failures of ${requests} requests; whole numbers with 0 ≤ failures ≤ requests are allowed`,
  );
}
