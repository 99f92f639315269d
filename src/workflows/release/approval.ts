/** One wait for people, closed exactly once: granted, refused, timed out, or overtaken by harm or an abort. */
import { condition, isCancellation } from '@temporalio/workflow';
import type { PlanApproval } from '../../domain/plan/plan.ts';
import { ask, expire, overtake, standing, stop } from './control.ts';
import type { ReleaseRun } from './run.ts';

/**
 * Returns when the release may go on. A refusal or a time-out with the outcome "roll back" has set the stop by
 * then, which cancels this wait's scope.
 */
export async function awaitApproval(run: ReleaseRun, step: number, approval: PlanApproval): Promise<void> {
  const { role, count, notAuthor, timeoutMs, onTimeout } = approval;
  const until = timeoutMs === null ? null : Date.now() + timeoutMs;
  run.control = ask(run.control, step, approval);
  run.record.emit({ type: 'approval-requested', step, role, count, notAuthor, until });
  const isClosed = (): boolean => standing(run.control, step) !== null;
  try {
    if (timeoutMs === null) await condition(isClosed);
    else await condition(isClosed, timeoutMs);
  } catch (error) {
    if (isCancellation(error)) overtaken(run, step);
    throw error;
  }
  if (run.control.stop !== null) return overtaken(run, step);
  if (isClosed()) return;
  run.control = expire(run.control);
  run.record.emit({ type: 'approval-closed', step, outcome: 'timed-out' });
  if (onTimeout === 'roll-back') run.control = stop(run.control, { cause: 'approval-timeout', step });
}

/** The decisions' handlers record their own closing; only an approval that is still open is overtaken. */
function overtaken(run: ReleaseRun, step: number): void {
  if (standing(run.control, step) !== null) return;
  run.control = overtake(run.control);
  run.record.emit({ type: 'approval-closed', step, outcome: 'overtaken' });
}
