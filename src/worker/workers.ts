/**
 * One Temporal worker per task queue. Settings are for a small machine: one workflow thread, few cached workflows,
 * few polls; what may run at once is bounded by what the queue is for.
 */
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { setTimeout as pause } from 'node:timers/promises';
import type { Activities } from '../activities/contract.ts';
import { ensureError } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import { TASK_QUEUES } from '../workflows/messages.ts';
import { workflowCode } from './workflow-code.ts';

export interface WorkersOptions {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly activities: Activities;
  readonly log: Logger;
}

type Queue = keyof typeof TASK_QUEUES;

const SLOTS: Readonly<Record<Queue, number>> = {
  main: 20,
  // Long and idle.
  watch: 1_000,
  // Nothing else ever takes one of these: a rollback never waits for a slot.
  traffic: 20,
  build: 2,
};

/** A cancellation reaches an activity by its heartbeats; the default (0.8 of the time-out) would take 16 s. */
const HEARTBEAT_MS = 1_000;
const STICKY_MS = 2_000;
/** Activities get this long to end, then a moment to say so; below the supervisor's own limit (2.5 s). */
const GRACE_MS = 1_000;
const FORCE_MS = 2_000;

/** Connects; waits for a server that is not there yet, for as long as it takes. */
export async function connectTemporal(address: string, log: Logger): Promise<NativeConnection> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await NativeConnection.connect({ address });
    } catch (error) {
      if (attempt % 20 === 0)
        log.warn({ err: ensureError(error), address }, 'Temporal does not answer; waiting');
      await pause(Math.min(100 * 2 ** attempt, 1_000));
    }
  }
}

/** Makes the workers of all queues; none polls before `run`. */
export async function createWorkers({
  connection,
  namespace,
  activities,
  log,
}: WorkersOptions): Promise<Worker[]> {
  const workflowBundle = await workflowCode(log);
  const create = (queue: Queue, options: Partial<WorkerOptions>): Promise<Worker> =>
    Worker.create({
      connection,
      namespace,
      taskQueue: TASK_QUEUES[queue],
      activities,
      maxConcurrentActivityTaskExecutions: SLOTS[queue],
      maxConcurrentActivityTaskPolls: 2,
      maxHeartbeatThrottleInterval: HEARTBEAT_MS,
      defaultHeartbeatThrottleInterval: HEARTBEAT_MS,
      shutdownGraceTime: GRACE_MS,
      shutdownForceTime: FORCE_MS,
      ...options,
    });
  return Promise.all([
    create('main', {
      workflowBundle,
      maxCachedWorkflows: 60,
      workflowThreadPoolSize: 1,
      maxConcurrentWorkflowTaskExecutions: 20,
      maxConcurrentWorkflowTaskPolls: 4,
      // How long a release waits for the worker that knew it, when that one was killed; the default of 10 s would come
      // on top of the watch's own time-out.
      stickyQueueScheduleToStartTimeout: STICKY_MS,
    }),
    create('watch', {}),
    create('traffic', {}),
    create('build', {}),
  ]);
}
