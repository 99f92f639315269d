/** What a list of looks comes to: when the judge first said what, and what it had cost by then. */
import type { Counts, Look, LookCause, Verdict } from './look.ts';
import { isBakeMetric, releaseLooksOf } from './release-look.ts';

/** The first look with a verdict. */
export interface Decision {
  readonly number: number;
  /** Unix milliseconds. */
  readonly at: number;
  /** Milliseconds since the watch began. */
  readonly afterMs: number;
  readonly step: number | null;
  readonly weight: number;
  readonly sentence: string;
  /** Requests of the canary by then, and how many of them had failed. */
  readonly canary: Counts;
}

/** Looks one after another that said the same. */
export interface VerdictRun {
  readonly from: number;
  readonly to: number;
  readonly verdict: Verdict;
  readonly cause: LookCause | null;
}

export interface Outcome {
  readonly harmful: Decision | null;
  readonly healthy: Decision | null;
  readonly verdicts: readonly VerdictRun[];
}

/**
 * @param looks of one release, in the order of their numbers, the bake time last; those of single metrics are not counted
 * @param watchedFrom when the watch began, Unix milliseconds
 */
export function outcomeOf(looks: readonly Look[], watchedFrom: number): Outcome {
  const release = [...releaseLooksOf(looks), ...looks.filter(({ metric }) => isBakeMetric(metric))];
  const first = (verdict: Verdict): Decision | null => {
    const look = release.find((one) => one.verdict === verdict);
    if (!look) return null;
    const { number, at, step, weight, sentence, canaryTotal } = look;
    return { number, at, afterMs: at - watchedFrom, step, weight, sentence, canary: canaryTotal };
  };
  return { harmful: first('harmful'), healthy: first('healthy'), verdicts: runsOf(release) };
}

function runsOf(looks: readonly Look[]): VerdictRun[] {
  const runs: VerdictRun[] = [];
  for (const { number, verdict, cause } of looks) {
    const last = runs.at(-1);
    if (last?.verdict === verdict && last.cause === cause) runs[runs.length - 1] = { ...last, to: number };
    else runs.push({ from: number, to: number, verdict, cause });
  }
  return runs;
}
