/** Which looks become events: all are stored, but a history of events must stay short, however long a release waits. */
import type { Look, LookCause, Verdict } from '../../domain/analysis/look.ts';

/** The newest look that became an event. */
export interface Told {
  readonly number: number;
  readonly verdict: Verdict;
  readonly cause: LookCause | null;
  /** Left out by rows of before. */
  readonly step?: number | null;
  /** Newest look that told of a shared outage; left out: none did. */
  readonly shared?: number;
}

/** Looks between two events at least; grows by a tenth of the looks so far: about 80 events for a day of 5 s looks. */
const LEAST_GAP = 3;

/**
 * `told` itself when the look is not worth an event, else what is told by it.
 *
 * @param isShared the look says that both versions fail more than before
 */
export function nextTold(told: Told | null, look: Look, isShared = false): Told | null {
  const { number, verdict, cause, step } = look;
  // The first look of each step is told: what an earlier step saw is no evidence about this one.
  if (told !== null && told.verdict === verdict && told.cause === cause && told.step === step) {
    const gap = Math.max(LEAST_GAP, Math.ceil(told.number / 10));
    // A shared outage is told when it begins; one that comes and goes costs no more events than a long wait.
    const isNews = isShared && (told.shared === undefined || number - told.shared >= gap);
    if (number - told.number < gap && !isNews) return told;
  }
  const shared = isShared ? number : told?.shared;
  return { number, verdict, cause, step, ...(shared !== undefined && { shared }) };
}
