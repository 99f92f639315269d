/** One look of the judge at canary and stable, as stored and shown. */

export const VERDICTS = ['healthy', 'harmful', 'undecided'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Why a judgement could not decide. */
export type UndecidedCause = 'no-metrics' | 'no-canary-traffic' | 'too-few';

/** Why a look did not: `both-bad` is the plan's absolute limit, which asks a person. */
export const LOOK_CAUSES = ['no-metrics', 'no-canary-traffic', 'too-few', 'both-bad'] as const;
export type LookCause = (typeof LOOK_CAUSES)[number];

/** Requests of one version and how many of them failed. Whole numbers ≥ 0, `failures` ≤ `requests`. */
export interface Counts {
  readonly requests: number;
  readonly failures: number;
}

export interface Look {
  /** Number of the evaluation within the release, from 1. */
  readonly number: number;
  /** When the interval ended, Unix milliseconds. */
  readonly at: number;
  /** Of a harmful look: when the fault most likely began, Unix milliseconds; rows of before do not say it. */
  readonly since?: number;
  /** Gray step (0-based) in which the look was taken; `null` before the first weight and in the bake time. */
  readonly step: number | null;
  /** Weight of the canary at the time, 0…1. */
  readonly weight: number;
  /** What was looked at: `errors`, `latency-p90`, a metric of the plan's own, or all of them (see `release-look.ts`). */
  readonly metric: string;
  /** What is counted as bad, where the metric's name does not say it; stands at the beginning of the sentence. */
  readonly words?: string;
  /** Numbers of a metric that is held against a fixed bound; `null`: the source had none for that version. */
  readonly numbers?: { readonly canary: number | null; readonly stable: number | null };
  /** Counts of this interval. */
  readonly canary: Counts;
  readonly stable: Counts;
  /** Sums since the first look of the release. */
  readonly canaryTotal: Counts;
  readonly stableTotal: Counts;
  readonly dispersion: number;
  /** Natural logarithms; evidence at or above `logThreshold` (with the gate) is harmful. */
  readonly logEvidence: number;
  readonly logHealth: number;
  readonly logThreshold: number;
  readonly logHealthThreshold: number;
  readonly gate: boolean;
  readonly verdict: Verdict;
  readonly cause: LookCause | null;
  /** The look in one sentence that a person understands. */
  readonly sentence: string;
}
