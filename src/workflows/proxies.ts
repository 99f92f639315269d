/**
 * How long each kind of side effect may take, how often it is tried, and which queue it has. Traffic has slots of its
 * own, so that nothing starves a rollback; watching has many, because it is long and idle.
 */
import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/contract.ts';
import { FINAL_FAILURES } from '../domain/release/failures.ts';
import { TASK_QUEUES } from './messages.ts';

const nonRetryableErrorTypes: string[] = [...FINAL_FAILURES];

type Store = Pick<
  Activities,
  | 'laneFacts'
  | 'record'
  | 'recordTogether'
  | 'releaseHasEnded'
  | 'newestLook'
  | 'report'
  | 'createBakeRollback'
  | 'createRollback'
  | 'giveLocksBack'
>;
type Build = Pick<
  Activities,
  'prepareSource' | 'prepareTree' | 'runCommand' | 'buildFunction' | 'packageRelease' | 'keptPackages'
>;
export type Engine = Pick<
  Activities,
  'compareWithLive' | 'deployService' | 'publishService' | 'smoke' | 'restoreLatest'
>;
export type Traffic = Pick<Activities, 'moveAlias' | 'rollBackTo'>;

/**
 * Needs PostgreSQL alone; repeated until it is there. Each takes milliseconds, and may be done twice: what a worker died with is
 * done again soon, so that a release does not look unfinished for longer than it is.
 */
export const store = proxyActivities<Store>({
  taskQueue: TASK_QUEUES.main,
  startToCloseTimeout: '6 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '5 seconds' },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** Waits long for a lock by design, with a heartbeat. */
export const locks = proxyActivities<Pick<Activities, 'takeLock'>>({
  taskQueue: TASK_QUEUES.main,
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '10 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 1.5, maximumInterval: '5 seconds' },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** Ten tries, some two minutes: a worker that died, a network or a database that comes back. */
const BRIEFLY = {
  initialInterval: '1 second',
  backoffCoefficient: 2,
  maximumInterval: '20 seconds',
  maximumAttempts: 10,
  nonRetryableErrorTypes,
} as const;

/** A build that fails is final by its type. */
export const build = proxyActivities<Build>({
  taskQueue: TASK_QUEUES.build,
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '10 seconds',
  retry: BRIEFLY,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/**
 * A hook that fails says so; what is repeated is a worker that died and an engine that is away, some two minutes. A
 * release that is stopped does not wait for its hook to be gone.
 */
function hookProxy(taskQueue: string): Pick<Activities, 'runHook'> {
  return proxyActivities<Pick<Activities, 'runHook'>>({
    taskQueue,
    // The hook's own limit is an hour at most; before a command the repository's packages may have to be installed.
    startToCloseTimeout: '90 minutes',
    heartbeatTimeout: '10 seconds',
    retry: BRIEFLY,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  });
}

/** By what a hook does: commands share the slots of builds. */
export const hooks = { run: hookProxy(TASK_QUEUES.build), invoke: hookProxy(TASK_QUEUES.main) };

/** Gives up after seconds, so that the release can say that it waits; `patient` then goes on without end. */
const QUICK = { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumAttempts: 3 } as const;
const PATIENT = {
  initialInterval: '1 second',
  backoffCoefficient: 1.5,
  maximumInterval: '10 seconds',
} as const;

function engineProxy(retry: typeof QUICK | typeof PATIENT): Engine {
  return proxyActivities<Engine>({
    taskQueue: TASK_QUEUES.main,
    startToCloseTimeout: '5 minutes',
    heartbeatTimeout: '10 seconds',
    retry: { ...retry, nonRetryableErrorTypes },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
}

function trafficProxy(retry: typeof QUICK | typeof PATIENT): Traffic {
  return proxyActivities<Traffic>({
    taskQueue: TASK_QUEUES.traffic,
    // Some calls, each slow where the network is; a worker that died is noticed by its heartbeat.
    startToCloseTimeout: '2 minutes',
    heartbeatTimeout: '5 seconds',
    retry: { ...retry, nonRetryableErrorTypes },
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  });
}

export const engine = { quick: engineProxy(QUICK), patient: engineProxy(PATIENT) };
export const traffic = { quick: trafficProxy(QUICK), patient: trafficProxy(PATIENT) };

/**
 * One for the whole gray release. A dead worker is noticed by the missing heartbeat; another one goes on from the rows, and
 * sees a harmful canary sooner than the next look with an ordinary interval (10 s) would have come.
 */
export const watching = proxyActivities<Pick<Activities, 'watch' | 'watchBake'>>({
  taskQueue: TASK_QUEUES.watch,
  startToCloseTimeout: '365 days',
  heartbeatTimeout: '5 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 1.5, maximumInterval: '5 seconds' },
  // Nothing waits for its end: it only reads.
  cancellationType: ActivityCancellationType.TRY_CANCEL,
});
