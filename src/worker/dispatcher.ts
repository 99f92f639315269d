/**
 * Hands stored releases to their lanes (dry runs need none). At least once; the lane ignores what it knows. While
 * Temporal is away the rows wait, and nothing is lost.
 */
import { WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy, type Client } from '@temporalio/client';
import { ensureError } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import {
  claimOutbox,
  finishOutbox,
  OUTBOX_CHANNEL,
  postponeOutbox,
  type OutboxEntry,
} from '../store/outbox.ts';
import type { Db } from '../store/store.ts';
import {
  laneWorkflowId,
  pushSignal,
  releaseWorkflowId,
  TASK_QUEUES,
  WORKFLOW_TYPES,
  type LaneInput,
  type QueuedRelease,
  type ReleaseInput,
} from '../workflows/messages.ts';
import { startDispatchLoop } from './dispatch-loop.ts';

export interface DispatcherParts {
  readonly db: Db;
  readonly databaseUrl: string;
  readonly client: Client;
  readonly log: Logger;
}

/** Hand-overs at once; each is of another environment. */
const BATCH = 20;
/** Another worker takes a row over when this one died with it. */
const LEASE_MS = 15_000;
const LONGEST_PAUSE_MS = 5_000;

/** Starts handing over; `close` waits for what is under way. */
export function startDispatcher(parts: DispatcherParts): { close(): Promise<void> } {
  return startDispatchLoop({
    databaseUrl: parts.databaseUrl,
    channel: OUTBOX_CHANNEL,
    applicationName: 'sluice-dispatcher',
    handOverSome: () => handOverSome(parts),
    log: parts.log,
  });
}

/** @returns how many were handed over */
async function handOverSome(parts: DispatcherParts): Promise<number> {
  const entries = await claimOutbox(parts.db, { limit: BATCH, leaseMs: LEASE_MS });
  const handed = await Promise.all(entries.map((entry) => handOver(parts, entry)));
  return handed.filter(Boolean).length;
}

async function handOver({ db, client, log }: DispatcherParts, entry: OutboxEntry): Promise<boolean> {
  const { id, releaseId, attempts } = entry;
  try {
    await (entry.dryRun ? startDryRun(client, entry) : tellLane(client, entry));
    await finishOutbox(db, id);
    return true;
  } catch (error) {
    const delayMs = Math.min(250 * 2 ** Math.min(attempts, 10), LONGEST_PAUSE_MS);
    log.warn({ err: ensureError(error), releaseId, attempts, delayMs }, 'a release could not be handed over');
    // Where even that fails, the lease runs out by itself.
    await postponeOutbox(db, id, delayMs).catch(() => undefined);
    return false;
  }
}

async function tellLane(
  client: Client,
  { releaseId, project, environment, storedAt, attempt, nextSeq }: OutboxEntry,
): Promise<void> {
  const lane: LaneInput = { schema: 1, project, environment, waiting: [], running: null, known: [] };
  const queued: QueuedRelease = {
    releaseId,
    storedAt,
    ...(attempt > 1 && { attempt, nextSeq }),
  };
  await client.workflow.signalWithStart(WORKFLOW_TYPES.lane, {
    workflowId: laneWorkflowId(project, environment),
    taskQueue: TASK_QUEUES.main,
    args: [lane],
    signal: pushSignal,
    signalArgs: [queued],
  });
}

/** In a lane it would wait behind a gray release for hours, and take the place of a push that waits. */
async function startDryRun(client: Client, { releaseId, project, environment }: OutboxEntry): Promise<void> {
  const input: ReleaseInput = { schema: 1, releaseId, project, environment, nextSeq: 1 };
  try {
    await client.workflow.start(WORKFLOW_TYPES.release, {
      workflowId: releaseWorkflowId(releaseId),
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      taskQueue: TASK_QUEUES.main,
      args: [input],
    });
  } catch (error) {
    // Handed over before, and the row could not be closed.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
