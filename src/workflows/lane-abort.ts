/** Ending a release that waits in the lane: who may, and whether it still waits. */
import type { ApplicationFailure } from '@temporalio/workflow';
import { ACT_ROLES } from '../domain/release/act-roles.ts';
import { refusal, refuseLowRole } from './lane-refusal.ts';
import type { LaneState } from './lane-state.ts';
import { NOT_QUEUED, type PersonsAct } from './messages.ts';

/** `null` when the release may be aborted now. */
export function refuseAbortQueued(
  state: LaneState,
  act: PersonsAct & { readonly releaseId: string },
): ApplicationFailure | null {
  const low = refuseLowRole(act, ACT_ROLES.abort, 'aborting');
  if (low) return low;
  if (state.waiting.some(({ releaseId }) => releaseId === act.releaseId)) return null;
  return refusal('conflict', NOT_QUEUED, 'the release does not wait in its lane');
}
