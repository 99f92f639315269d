/** A person's rollback of an environment: who may, the moves of the aliases, and LATEST afterwards. */
import { log, patched, type ApplicationFailure } from '@temporalio/workflow';
import { FAILURES } from '../domain/release/failures.ts';
import {
  personsStory,
  rollbackBegun,
  rollbackDone,
  rollbackFailed,
} from '../domain/release/rollback-story.ts';
import type { Role } from '../domain/release/states.ts';
import { faultOf } from './failure.ts';
import { refusal, refuseLowRole } from './lane-refusal.ts';
import { recorderOf, type LaneRecorder } from './lane-record.ts';
import type { LaneEffect, LaneState } from './lane-state.ts';
import { laneWorkflowId, type BakeHarm, type RollbackRequest } from './messages.ts';
import { engine, locks, store, traffic, type Traffic } from './proxies.ts';

/** Going to any version is a release by itself, so it takes who may let one through. */
const ROLLBACK_ROLE: Role = 'release-manager';

/** Longest wait for another release's lock before LATEST is left to the next deploy. Milliseconds. */
const LOCK_WAIT_MS = 120_000;

export interface RolledBackTarget {
  readonly service: string;
  readonly version: string;
  readonly functions: readonly string[];
  readonly alias: string;
  readonly left: string | null;
  /** Version whose content LATEST must have to be put back; `null`: whatever it has. */
  readonly deployed?: string | null;
}

interface Place {
  readonly project: string;
  readonly environment: string;
}

/** `null` when the rollback may begin now. */
export function refuseRollback(state: LaneState, request: RollbackRequest): ApplicationFailure | null {
  const low = refuseLowRole(request, ROLLBACK_ROLE, 'rolling back');
  if (low) return low;
  if (request.targets.length === 0)
    return refusal('conflict', 'no-target', 'the rollback names no service and version');
  if (state.held)
    return refusal('conflict', 'rollback-running', 'another rollback of this environment is under way');
  return null;
}

/** Points every alias at its target; tried without end while the engine does not answer. */
export async function rollBackAliases({
  project,
  environment,
  request,
  stopped,
  bake = [],
  onMoved,
}: Place & {
  readonly request: RollbackRequest;
  /** Release that was ended for it. */
  readonly stopped: string | null;
  /** For harm in the bake time: what the aliases must still be at. */
  readonly bake?: BakeHarm['targets'];
  /** Hears of each that was moved, also where another one fails. */
  readonly onMoved?: (target: RolledBackTarget) => void;
}): Promise<readonly RolledBackTarget[]> {
  const { actor, comment, afterOverride } = request;
  const moves = request.targets.map(async ({ service, version }) => {
    const left = bake.find((one) => one.service === service)?.left;
    const move = {
      project,
      environment,
      service,
      version,
      actor: actor.name,
      comment,
      afterOverride,
      stopped,
      ...(left !== undefined && { left }),
    };
    const moved = { service, version, ...(await untilReached((by) => by.rollBackTo(move))) };
    onMoved?.(moved);
    return moved;
  });
  try {
    return await Promise.all(moves);
  } catch (error) {
    // The lane goes on after this: a move that is still under way must not meet the next release.
    if (moves.length > 1 && patched('rollback-settles')) await Promise.allSettled(moves);
    throw refusal('conflict', 'not-possible', faultOf(error).message);
  }
}

/**
 * A person's rollback, told in a record of its own from before the first move.
 *
 * @param stop ends the release that runs; its id, or `null` where none does
 */
export async function rollBackByPerson(
  place: Place,
  request: RollbackRequest,
  stop: () => Promise<string | null>,
): Promise<readonly RolledBackTarget[]> {
  const record = await beginRecord(place, request);
  const some: RolledBackTarget[] = [];
  try {
    const stopped = await stop();
    const moved = await rollBackAliases({ ...place, request, stopped, onMoved: (one) => some.push(one) });
    await record?.(rollbackDone(personsStory(request), moved));
    return moved;
  } catch (error) {
    await record?.(rollbackFailed(some, faultOf(error).message));
    throw error;
  }
}

/** `null`: an API of before asked, which knows of no record. */
async function beginRecord(place: Place, request: RollbackRequest): Promise<LaneRecorder | null> {
  if (request.record === undefined || !patched('rollback-record')) return null;
  const { actor, targets, record: key } = request;
  const services = targets.map(({ service }) => service);
  const { id } = await store.createRollback({ ...place, key, actor: actor.name, services });
  const record = recorderOf(id);
  await record(rollbackBegun(personsStory(request)));
  return record;
}

/** LATEST follows the alias. */
export function restoreOf({ service, version, functions, deployed = null }: RolledBackTarget): LaneEffect {
  return { kind: 'restore', service, version, functions, deployed };
}

/** LATEST back to what the target was made of. Best effort: the environment's next deploy sets LATEST anyway. */
export async function restoreTarget({
  project,
  environment,
  service,
  version,
  functions,
  deployed = null,
}: Place & Pick<RolledBackTarget, 'service' | 'version' | 'functions' | 'deployed'>): Promise<void> {
  const holder = `rollback:${laneWorkflowId(project, environment)}`;
  try {
    const lock = await locks.takeLock({ holder, service, waitMs: LOCK_WAIT_MS });
    if (lock.held)
      await engine.quick.restoreLatest({ holder, service, functions, stable: version, canary: deployed });
  } catch (error) {
    log.warn('LATEST could not be put back after a rollback', { service, version, error });
  } finally {
    await store.giveLocksBack({ holder });
  }
}

async function untilReached<T>(call: (by: Traffic) => Promise<T>): Promise<T> {
  try {
    return await call(traffic.quick);
  } catch (error) {
    if (faultOf(error).type !== FAILURES.engineUnreachable) throw error;
    return call(traffic.patient);
  }
}
