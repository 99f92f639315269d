/** Looks at the plan's plain numbers: no counts and no evidence, a verdict and a sentence. */
import { judgeBound, type BoundSample } from './bound.ts';
import { logThreshold } from './judge.ts';
import type { Look } from './look.ts';
import { DEFAULT_JUDGE_SETTINGS } from './settings.ts';
import type { Moment } from './metric-memory.ts';
import type { WatchedMetrics } from './watched-metrics.ts';

const NOTHING = { requests: 0, failures: 0 };

export function lookAtBounds(
  before: Readonly<Record<string, number>>,
  numbers: Readonly<Record<string, BoundSample | null>>,
  { bounds, alpha }: WatchedMetrics,
  moment: Moment,
): { readonly looks: readonly Look[]; readonly beyond: Readonly<Record<string, number>> } {
  const beyond: Record<string, number> = {};
  const looks = bounds.map(({ metric, rule }): Look => {
    const sample = numbers[metric] ?? null;
    const judged = judgeBound(before[metric] ?? 0, rule, sample);
    beyond[metric] = judged.inARow;
    const { verdict, cause, sentence } = judged;
    return {
      ...moment,
      metric,
      ...(sample && { numbers: sample }),
      canary: NOTHING,
      stable: NOTHING,
      canaryTotal: NOTHING,
      stableTotal: NOTHING,
      dispersion: 1,
      logEvidence: 0,
      logHealth: 0,
      logThreshold: logThreshold(alpha),
      logHealthThreshold: logThreshold(DEFAULT_JUDGE_SETTINGS.beta),
      gate: verdict === 'harmful',
      verdict,
      cause,
      sentence,
    };
  });
  return { looks, beyond };
}
