/**
 * Tells lanes that their freezes have changed. At least once; a lane that was never opened needs no word, because it
 * reads everything when its first release comes.
 */
import { WorkflowNotFoundError } from '@temporalio/client';
import { ensureError } from '../platform/errors.ts';
import {
  claimLaneNotices,
  finishLaneNotice,
  LANE_NOTICES_CHANNEL,
  type LaneNotice,
} from '../store/lane-notices.ts';
import { laneNoticeSignal, laneWorkflowId } from '../workflows/messages.ts';
import { startDispatchLoop } from './dispatch-loop.ts';
import type { DispatcherParts } from './dispatcher.ts';

const BATCH = 20;
/** A notice that could not be handed over is due again after this time. */
const LEASE_MS = 2_000;

/** Starts telling; `close` waits for what is under way. */
export function startLaneNotices(parts: DispatcherParts): { close(): Promise<void> } {
  const { db, databaseUrl, log } = parts;
  return startDispatchLoop({
    databaseUrl,
    channel: LANE_NOTICES_CHANNEL,
    applicationName: 'sluice-lane-notices',
    log,
    handOverSome: async () => {
      const notices = await claimLaneNotices(db, { limit: BATCH, leaseMs: LEASE_MS });
      const told = await Promise.all(notices.map((notice) => tellLane(parts, notice)));
      return told.filter(Boolean).length;
    },
  });
}

async function tellLane({ db, client, log }: DispatcherParts, notice: LaneNotice): Promise<boolean> {
  const { id, project, environment } = notice;
  try {
    await client.workflow
      .getHandle(laneWorkflowId(project, environment))
      .signal(laneNoticeSignal)
      .catch((error: unknown) => {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      });
    await finishLaneNotice(db, id);
    return true;
  } catch (error) {
    log.warn({ err: ensureError(error), project, environment }, 'a lane could not be told of a change');
    return false;
  }
}
