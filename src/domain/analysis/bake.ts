/**
 * The bake time: the canary has all the traffic, so there is nothing beside it. One sample against stable's last hour
 * (analysis §3). An outage cannot be told from harm here, hence two thresholds: ask a person, and roll back.
 */
import { effectiveRatio, logThreshold } from './judge.ts';
import { fromLog, toLog } from './judge-state.ts';
import { logAddExp, logMeanExp } from './log-space.ts';
import type { Counts, Look } from './look.ts';
import { counted, grouped, odds, percent } from './numbers-in-words.ts';
import type { JudgeSettings } from './settings.ts';

/** How much worse than ρ times stable's rate is still taken for chance. */
const MARGIN = 0.01;

/** Plain JSON, like the judge's state. */
export interface BakeState {
  readonly evaluations: number;
  readonly sums: readonly (number | null)[];
  readonly total: Counts;
  /** b: failure rate that is expected at most; `null` when stable had no request in its last hour. */
  readonly bound: number | null;
  readonly dispersion: number;
}

export interface BakeJudgement {
  readonly t: number;
  readonly logEvidence: number;
  readonly outcome: 'continue' | 'ask' | 'roll-back';
  readonly sentence: string;
}

/**
 * @param stable stable's requests and failures in its last hour
 * @param dispersion D as the judge last knew it
 */
export function initialBake(settings: JudgeSettings, stable: Counts, dispersion: number): BakeState {
  return {
    evaluations: 0,
    sums: settings.ratios.map(() => null),
    total: { requests: 0, failures: 0 },
    bound: stable.requests === 0 ? null : (settings.rho * stable.failures) / stable.requests + MARGIN,
    dispersion,
  };
}

/** One evaluation of the promoted version alone. */
export function judgeBake(
  state: BakeState,
  settings: JudgeSettings,
  interval: Counts,
): { state: BakeState; judgement: BakeJudgement } {
  const t = state.evaluations + 1;
  const start = -Math.log(t * (t + 1));
  const sums = state.sums.map((sum, j) => {
    const factor = logFactor(state.bound, effectiveRatio(settings, j), interval) / state.dispersion;
    return factor + logAddExp(fromLog(sum), start);
  });
  const logEvidence = logAddExp(logMeanExp(sums), -Math.log(t + 1));
  const total = {
    requests: state.total.requests + interval.requests,
    failures: state.total.failures + interval.failures,
  };
  const next = { ...state, evaluations: t, sums: sums.map(toLog), total };
  const outcome = outcomeOf(logEvidence, settings);
  return {
    state: next,
    judgement: { t, logEvidence, outcome, sentence: sentenceOf(next, logEvidence, settings) },
  };
}

/**
 * The look that is stored and shown: only what rolls back is *harmful*, where a person is asked has no cause.
 *
 * @param moment its `metric` is of `bakeMetric`
 */
export function bakeLook(
  { number, at, metric }: Pick<Look, 'number' | 'at' | 'metric'>,
  settings: JudgeSettings,
  interval: Counts,
  stable: Counts,
  { state, judgement }: ReturnType<typeof judgeBake>,
): Look {
  return {
    number,
    at,
    step: null,
    weight: 1,
    metric,
    canary: interval,
    stable: { requests: 0, failures: 0 },
    canaryTotal: state.total,
    stableTotal: stable,
    dispersion: state.dispersion,
    logEvidence: judgement.logEvidence,
    logHealth: 0,
    logThreshold: 2 * logThreshold(settings.alpha),
    logHealthThreshold: logThreshold(settings.beta),
    gate: judgement.outcome === 'roll-back',
    verdict: judgement.outcome === 'roll-back' ? 'harmful' : 'undecided',
    cause: judgement.outcome === 'continue' ? 'too-few' : null,
    sentence: judgement.sentence,
  };
}

function logFactor(bound: number | null, ratio: number, { requests, failures }: Counts): number {
  if (bound === null) return 0;
  const alternative = Math.min(bound * ratio, 0.999);
  // Where almost all may fail there is nothing left to be worse than.
  if (alternative <= bound) return 0;
  return (
    failures * Math.log(alternative / bound) +
    (requests - failures) * Math.log((1 - alternative) / (1 - bound))
  );
}

function outcomeOf(logEvidence: number, { alpha }: JudgeSettings): BakeJudgement['outcome'] {
  if (logEvidence >= 2 * logThreshold(alpha)) return 'roll-back';
  return logEvidence >= logThreshold(alpha) ? 'ask' : 'continue';
}

function sentenceOf({ total, bound }: BakeState, logEvidence: number, { alpha }: JudgeSettings): string {
  const ask = logThreshold(alpha);
  const thresholds = `a person is asked at ${odds(ask)}, rollback at ${odds(2 * ask)}`;
  if (bound === null) return 'the version before had no request in its last hour: nothing to compare with';
  if (total.requests === 0) return `no request since the promotion: nothing to judge; ${thresholds}`;
  const rate = percent(total.failures / total.requests);
  return `since the promotion ${grouped(total.failures)} of ${counted(total.requests, 'request')} failed (${rate}, where ${percent(bound)} is expected at most): evidence ${odds(logEvidence)} that it is worse; ${thresholds}`;
}
