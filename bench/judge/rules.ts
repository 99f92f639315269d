/** The rules that are compared. Each sees a release and says at which look it rolls back. */
import { initialJudge, judge, takeHistory } from '../../src/domain/analysis/judge.ts';
import { logMeanExp } from '../../src/domain/analysis/log-space.ts';
import type { Counts } from '../../src/domain/analysis/look.ts';
import { DEFAULT_JUDGE_SETTINGS } from '../../src/domain/analysis/settings.ts';
import { shiftIsWorse } from './mann-whitney.ts';
import { LOOK_SECONDS, type Release, type Scenario } from './traffic.ts';

/** Number of looks taken when it rolled back, from 1; `null`: it never did. */
export type Rule = (release: Release, scenario: Scenario) => number | null;

const { alpha, rho, ratios } = DEFAULT_JUDGE_SETTINGS;
const THRESHOLD = Math.log(1 / alpha);
const LOOKS_PER_MINUTE = 60 / LOOK_SECONDS;

/** The product's own code. */
export const sluice: Rule = (release) => firstVerdict(release, 'harmful');

/** First look with that verdict of the product's judge. */
export function firstVerdict({ history, looks }: Release, verdict: 'harmful' | 'healthy'): number | null {
  const settings = DEFAULT_JUDGE_SETTINGS;
  let state = initialJudge(settings);
  for (const counts of history) state = takeHistory(state, settings, counts);
  for (const [i, interval] of looks.entries()) {
    const result = judge(state, settings, interval, { canaryRequestsInStep: 1 });
    if (result.judgement.verdict === verdict) return i + 1;
    state = result.state;
  }
  return null;
}

/** Knows both rates and the moment of the fault: Wald's test against odds ρ times stable's, at the same α. */
export const oracle: Rule = ({ looks }, { stable, canary, faultAt }) => {
  let sum = 0;
  for (const [i, interval] of looks.entries()) {
    const seconds = i * LOOK_SECONDS;
    if (seconds < faultAt) continue;
    const odds = (rho * stable(seconds)) / (1 - stable(seconds));
    const p0 = odds / (1 + odds);
    const p1 = Math.min(canary(seconds), 1 - 1e-9);
    const { requests, failures } = interval.canary;
    sum += failures * Math.log(p1 / p0) + (requests - failures) * Math.log((1 - p1) / (1 - p0));
    if (p1 > p0 && sum >= THRESHOLD) return i + 1;
  }
  return null;
};

/** The published sequential idea: share of the failures, no margin, no dispersion, the fault there from the start. */
export const share: Rule = ({ looks }) => {
  const sums = ratios.map(() => 0);
  for (const [i, { canary, stable }] of looks.entries()) {
    if (canary.requests > 0 && stable.requests > 0) {
      const all = canary.requests + stable.requests;
      ratios.forEach((ratio, j) => {
        const total = Math.log(all / (ratio * canary.requests + stable.requests));
        sums[j] = (sums[j] ?? 0) + canary.failures * (Math.log(ratio) + total) + stable.failures * total;
      });
    }
    if (logMeanExp(sums) >= THRESHOLD) return i + 1;
  }
  return null;
};

/** Success at least 95 % in each minute, failure limit 0. */
export const argoLike: Rule = ({ looks }) =>
  failedChecks(
    looks.map((l) => l.canary),
    0.95,
    1,
  );

/** Success at least 99 % in each minute, five failed checks over the run. */
export const flaggerLike: Rule = ({ looks }) =>
  failedChecks(
    looks.map((l) => l.canary),
    0.99,
    5,
  );

/** Mann–Whitney on the minute rates once, after 30 minutes. */
export const kayentaLike: Rule = ({ looks }) => {
  const canary = rates(minutes(looks.map((l) => l.canary)));
  const stable = rates(minutes(looks.map((l) => l.stable)));
  return shiftIsWorse(canary, stable) ? looks.length : null;
};

/** A minute without requests has no value: not a failed check for the first rule, and too rare to matter for the other. */
function failedChecks(looks: readonly Counts[], success: number, limit: number): number | null {
  let failed = 0;
  for (const [i, { requests, failures }] of minutes(looks).entries()) {
    if (requests > 0 && 1 - failures / requests < success) failed += 1;
    if (failed >= limit) return (i + 1) * LOOKS_PER_MINUTE;
  }
  return null;
}

function minutes(looks: readonly Counts[]): Counts[] {
  const result: Counts[] = [];
  for (let i = 0; i < looks.length; i += LOOKS_PER_MINUTE) {
    const part = looks.slice(i, i + LOOKS_PER_MINUTE);
    result.push({
      requests: part.reduce((sum, c) => sum + c.requests, 0),
      failures: part.reduce((sum, c) => sum + c.failures, 0),
    });
  }
  return result;
}

function rates(counts: readonly Counts[]): number[] {
  return counts.filter(({ requests }) => requests > 0).map(({ requests, failures }) => failures / requests);
}
