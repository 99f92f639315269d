/**
 * A plain number against a fixed bound (analysis §3). It carries no stated error rate, so it is held to two rules: the
 * canary must be beyond it while stable is not (what hits both is nobody's fault), and so often in a row.
 */
import type { UndecidedCause, Verdict } from './look.ts';
import { counted } from './numbers-in-words.ts';

export interface BoundRule {
  readonly side: 'above' | 'below';
  readonly bound: number;
  /** Looks in a row, ≥ 1. */
  readonly looks: number;
}

/** The number of each version; `null`: the source has none for it. */
export interface BoundSample {
  readonly canary: number | null;
  readonly stable: number | null;
}

export interface BoundJudgement {
  /** Looks in a row so far: the state. */
  readonly inARow: number;
  readonly verdict: Verdict;
  readonly cause: UndecidedCause | null;
  readonly sentence: string;
}

/**
 * One look.
 *
 * @param sample `null`: the source did not answer; the row neither grows nor ends
 */
export function judgeBound(inARow: number, rule: BoundRule, sample: BoundSample | null): BoundJudgement {
  if (sample === null)
    return undecided(inARow, 'no-metrics', 'the metrics source did not answer: nothing is concluded from it');
  const { canary, stable } = sample;
  if (canary === null)
    return undecided(inARow, 'no-canary-traffic', 'the source has no number of the canary yet');
  const says = `the canary is at ${short(canary)}, stable at ${stable === null ? 'no number' : short(stable)}; the plan's bound is ${rule.side} ${short(rule.bound)}`;
  if (!isBeyond(rule, canary)) return { inARow: 0, verdict: 'healthy', cause: null, sentence: says };
  if (stable !== null && isBeyond(rule, stable))
    return undecided(0, 'too-few', `${says}: both are beyond it, which is not the canary's doing alone`);
  const row = inARow + 1;
  const sentence = `${says}: beyond it for ${row} of ${counted(rule.looks, 'look')} in a row`;
  if (row < rule.looks) return undecided(row, 'too-few', sentence);
  return { inARow: row, verdict: 'harmful', cause: null, sentence };
}

function isBeyond({ side, bound }: BoundRule, value: number): boolean {
  return side === 'above' ? value > bound : value < bound;
}

function undecided(inARow: number, cause: UndecidedCause, sentence: string): BoundJudgement {
  return { inARow, verdict: 'undecided', cause, sentence };
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
