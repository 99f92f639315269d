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
  pushesSignal,
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

/** Rows at once. */
const BATCH = 500;
/** Another worker takes a row over when this one died with it. */
const LEASE_MS = 15_000;
const LONGEST_PAUSE_MS = 5_000;
/**
 * Between two rounds. The first push after a quiet time is handed over at once; of a burst each lane hears in bundles, because
 * every word costs it a look at all that waits, and the machine as much as hundreds of pushes cost the webhook.
 */
const ROUND_MS = 200;

/**
 * While pushes come, releases would take the processors from their answers: they start when a burst is over, or goes on for
 * long.
 */
const CALM = { quietMs: 40, mostMs: 1_000 };

/** Starts handing over; `close` waits for what is under way. */
export function startDispatcher(parts: DispatcherParts): { close(): Promise<void> } {
  return startDispatchLoop({
    databaseUrl: parts.databaseUrl,
    channel: OUTBOX_CHANNEL,
    applicationName: 'sluice-dispatcher',
    handOverSome: () => handOverSome(parts),
    roundMs: ROUND_MS,
    calm: CALM,
    log: parts.log,
  });
}

/** @returns how many were handed over */
async function handOverSome(parts: DispatcherParts): Promise<number> {
  const entries = await claimOutbox(parts.db, { limit: BATCH, leaseMs: LEASE_MS });
  const handed = await Promise.all(bundlesOf(entries).map((bundle) => handOver(parts, bundle)));
  return handed.reduce((sum, count) => sum + count, 0);
}

type Bundle = readonly [OutboxEntry, ...OutboxEntry[]];

/** What goes together: pushes of one lane, in their order; a dry run alone. */
function bundlesOf(entries: readonly OutboxEntry[]): readonly Bundle[] {
  const bundles = new Map<string, [OutboxEntry, ...OutboxEntry[]]>();
  for (const entry of entries) {
    const key = entry.dryRun ? entry.id : laneWorkflowId(entry.project, entry.environment);
    const bundle = bundles.get(key);
    if (bundle) bundle.push(entry);
    else bundles.set(key, [entry]);
  }
  return [...bundles.values()];
}

async function handOver({ db, client, log }: DispatcherParts, bundle: Bundle): Promise<number> {
  const [{ dryRun, releaseId, attempts }] = bundle;
  const ids = bundle.map(({ id }) => id);
  try {
    await (dryRun ? startDryRun(client, bundle[0]) : tellLane(client, bundle));
    await finishOutbox(db, ids);
    return bundle.length;
  } catch (error) {
    const delayMs = Math.min(250 * 2 ** Math.min(attempts, 10), LONGEST_PAUSE_MS);
    const what = { releaseId, releases: bundle.length, attempts, delayMs };
    log.warn({ err: ensureError(error), ...what }, 'releases could not be handed over');
    // Where even that fails, the lease runs out by itself.
    await postponeOutbox(db, ids, delayMs).catch(() => undefined);
    return 0;
  }
}

async function tellLane(client: Client, bundle: Bundle): Promise<void> {
  const [{ project, environment }] = bundle;
  const lane: LaneInput = { schema: 1, project, environment, waiting: [], running: null, known: [] };
  const queued = bundle.map(({ releaseId, storedAt, attempt, nextSeq }): QueuedRelease => ({
    releaseId,
    storedAt,
    ...(attempt > 1 && { attempt, nextSeq }),
  }));
  await client.workflow.signalWithStart(WORKFLOW_TYPES.lane, {
    workflowId: laneWorkflowId(project, environment),
    taskQueue: TASK_QUEUES.main,
    args: [lane],
    signal: pushesSignal,
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
