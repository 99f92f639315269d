/** One wait for people, closed exactly once: granted, refused, timed out, or overtaken by harm, an abort, or evidence. */
import { isCancellation, patched } from '@temporalio/workflow';
import type { PlanApproval } from '../../domain/plan/plan.ts';
import type { QuestionReason } from '../../domain/release/events.ts';
import { stop, type StandingDecision } from './control.ts';
import { ask, expire, overtake } from './decisions.ts';
import type { ReleaseRun } from './run.ts';
import { waitUntil } from './wait.ts';

export interface Question {
  readonly step: number;
  readonly approval: PlanApproval;
  /** Left out for the approval that the plan asks for. */
  readonly why?: { readonly reason: QuestionReason; readonly message: string };
  /** True once nobody needs to decide any more. */
  readonly isMoot?: () => boolean;
}

/**
 * Returns when the release may go on, and how the question was closed. A refusal or a time-out with the outcome "roll
 * back" has set the stop by then, which cancels this wait's scope.
 */
export async function awaitDecision(
  run: ReleaseRun,
  { step, approval, why, isMoot = () => false }: Question,
): Promise<StandingDecision['outcome']> {
  const { role, count, notAuthor, timeoutMs, onTimeout } = approval;
  const until = timeoutMs === null ? null : Date.now() + timeoutMs;
  run.control = ask(run.control, step, approval);
  const question = run.control.open?.question;
  run.record.emit({ type: 'approval-requested', step, role, count, notAuthor, until, ...why });
  const isClosed = (): boolean => run.control.open?.question !== question;
  try {
    await waitUntil(run, () => isClosed() || isMoot(), timeoutMs);
  } catch (error) {
    // Not only a stop ends the wait: a person may have left an alias as somebody else set it.
    if (!isClosed() && (isCancellation(error) || patched('question-closed'))) overtaken(run, step);
    throw error;
  }
  if (isClosed()) return closedAs(run, question);
  // Time ran out, unless something else made the question moot or stopped the release meanwhile.
  if (run.control.stop !== null || isMoot()) return overtaken(run, step);
  run.control = expire(run.control);
  run.record.emit({ type: 'approval-closed', step, outcome: 'timed-out' });
  if (onTimeout === 'roll-back') run.control = stop(run.control, { cause: 'approval-timeout', step });
  return 'timed-out';
}

function closedAs(run: ReleaseRun, question: number | undefined): StandingDecision['outcome'] {
  const closed = question === undefined ? undefined : run.control.closed[question];
  return closed?.outcome ?? 'overtaken';
}

function overtaken(run: ReleaseRun, step: number): 'overtaken' {
  if (run.control.open === null) return 'overtaken';
  run.control = overtake(run.control);
  run.record.emit({ type: 'approval-closed', step, outcome: 'overtaken' });
  return 'overtaken';
}
