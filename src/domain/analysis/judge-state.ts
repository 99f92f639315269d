/**
 * What the judge remembers between two looks. Plain JSON that survives `JSON.parse(JSON.stringify(…))` bit for bit, so
 * that a look's row is enough to go on after a crash; −∞, which JSON cannot hold, is `null`.
 */
import type { Counts } from './look.ts';
import { type JudgeSettings } from './settings.ts';

/** Evidence for one alternative odds ratio r_j. */
export interface RatioTrack {
  /** R_j (log): over all possible beginnings of the fault. */
  readonly sum: number | null;
  /** The likeliest beginning alone (log): its evidence, its evaluation number, and what was counted since. */
  readonly peak: number | null;
  readonly from: number;
  readonly canary: Counts;
  readonly stable: Counts;
}

export interface JudgeState {
  /** t: evaluations so far. */
  readonly evaluations: number;
  readonly tracks: readonly RatioTrack[];
  /** H (log). */
  readonly health: number | null;
  /** Sums that forget by λ per interval; fractions, hence not `Counts`. */
  readonly stableRequests: number;
  readonly stableFailures: number;
  readonly canaryRequests: number;
  readonly canaryFailures: number;
  /** Dispersion terms, oldest first; `null` = unused. */
  readonly terms: readonly (number | null)[];
  readonly previousStable: Counts | null;
}

const NOTHING: Counts = { requests: 0, failures: 0 };

/** The judge before it has seen anything; the release's history goes in next (`takeHistory`). */
export function initialJudge(settings: JudgeSettings): JudgeState {
  return {
    evaluations: 0,
    tracks: settings.ratios.map(() => ({
      sum: null,
      peak: null,
      from: 0,
      canary: NOTHING,
      stable: NOTHING,
    })),
    health: null,
    stableRequests: 0,
    stableFailures: 0,
    canaryRequests: 0,
    canaryFailures: 0,
    terms: [],
    previousStable: null,
  };
}

/** −∞ back from JSON. */
export function fromLog(stored: number | null): number {
  return stored ?? -Infinity;
}

/** −∞ into JSON. */
export function toLog(value: number): number | null {
  return value === -Infinity ? null : value;
}
