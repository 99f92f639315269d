/** Ending a release that waits in the lane: who may, and whether it still waits. */
import { ApplicationFailure } from '@temporalio/workflow';
import { roleCovers, type Role } from '../domain/release/states.ts';
import type { LaneState } from './lane-state.ts';
import { ACT_FAILURES, NOT_QUEUED, type PersonsAct } from './messages.ts';

/** The same as for a release that runs: whoever may push may also take it back. */
const ABORT_ROLE: Role = 'developer';

/** `null` when the release may be aborted now. */
export function refuseAbortQueued(
  state: LaneState,
  { releaseId, actor }: PersonsAct & { readonly releaseId: string },
): ApplicationFailure | null {
  if (actor.role === undefined || !roleCovers(actor.role, ABORT_ROLE))
    return ApplicationFailure.nonRetryable(`aborting needs the role ${ABORT_ROLE}`, ACT_FAILURES.forbidden, {
      code: 'role-needed',
    });
  if (state.waiting.some((waiting) => waiting.releaseId === releaseId)) return null;
  return ApplicationFailure.nonRetryable('the release does not wait in its lane', ACT_FAILURES.conflict, {
    code: NOT_QUEUED,
  });
}
