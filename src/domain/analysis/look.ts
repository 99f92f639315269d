/** One look of the judge at canary and stable, as stored and shown. */

export const VERDICTS = ['healthy', 'harmful', 'undecided'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Why a look could not decide. */
export type UndecidedCause = 'no-metrics' | 'no-canary-traffic' | 'too-few';

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
  /** Gray step (0-based) in which the look was taken; `null` before the first weight and in the bake time. */
  readonly step: number | null;
  /** Weight of the canary at the time, 0…1. */
  readonly weight: number;
  readonly metric: string;
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
  readonly cause: UndecidedCause | null;
  /** The look in one sentence that a person understands. */
  readonly sentence: string;
}
