/**
 * Moves of aliases, and nothing else. Before each move the release notes that the alias may be in the new state: a
 * move that is cut off may have happened or not, and both are its own doing.
 */
import { isCancellation, patched } from '@temporalio/workflow';
import { FAILURES } from '../../domain/release/failures.ts';
import { percent } from '../../domain/release/split.ts';
import { whereIs } from '../../domain/release/in-wave.ts';
import { faultOf } from '../failure.ts';
import { trafficCall } from './engine-call.ts';
import { settleOutside } from './outside.ts';
import { sourceOf, splitAt, type GrayService, type Move, type ReleaseRun } from './run.ts';

/**
 * Moves one service's alias and records the split once it is confirmed. Waits for a person where somebody else moved it.
 *
 * @throws Yielded when the person leaves it as it was set
 */
export async function moveService(run: ReleaseRun, service: GrayService, move: Move): Promise<void> {
  if (!run.moved.includes(service)) run.moved.push(service);
  const target = splitAt(service, move.weight);
  service.expected = [...service.expected, target];
  await setOrSettle(run, service, move);
  service.at = move;
  service.expected = [target];
  recordMove(run, service, move);
}

/** Sees that an alias is where the release put it; where not, a person says what then. */
export async function confirmService(run: ReleaseRun, service: GrayService): Promise<void> {
  const { at } = service;
  // In the middle of a move, the move itself finds it.
  if (at === null || service.expected.length !== 1) return;
  const wasMoved = await setOrSettle(run, service, at);
  service.expected = [splitAt(service, at.weight)];
  if (wasMoved) recordMove(run, service, at);
}

/** @returns true when somebody else had moved the alias and the release took over */
async function setOrSettle(run: ReleaseRun, service: GrayService, move: Move): Promise<boolean> {
  for (let isTakenOver = false; ; isTakenOver = true) {
    try {
      await setAlias(run, service, move);
      return isTakenOver;
    } catch (error) {
      const fault = faultOf(error);
      // That person's word stands for this service; the others of the release go back.
      if (fault.type === FAILURES.overridden) run.left.add(service.service);
      if (isCancellation(error) || fault.type !== FAILURES.changedOutside || !patched('outside-asks'))
        throw error;
      await settleOutside(run, service, fault);
    }
  }
}

async function setAlias(run: ReleaseRun, service: GrayService, move: Move): Promise<void> {
  const { releaseId, project, environment } = run.input;
  const { alias } = sourceOf(run).plan;
  await trafficCall(run, move.situation, (by) =>
    by.moveAlias({
      releaseId,
      project,
      environment,
      service: service.service,
      alias,
      stable: service.stable,
      canary: service.canary,
      weight: move.weight,
      expected: service.expected,
      sinceMs: run.startedAt,
    }),
  );
}

function recordMove(run: ReleaseRun, moved: GrayService, { weight, step }: Move): void {
  const { service, stable, canary } = moved;
  const { alias } = sourceOf(run).plan;
  run.record.emit({ type: 'traffic', service, alias, stable, canary, weight, step, ...whereIs(moved) });
}

/** The new versions take everything, one after another. */
export async function moveAll(
  run: ReleaseRun,
  services: readonly GrayService[],
  situation: string,
): Promise<void> {
  for (const service of services)
    if (!isLive(service)) await moveService(run, service, { weight: 1, step: null, situation });
}

/** The new version has everything already: of an earlier wave, or created before the gray steps of the others. */
function isLive({ at }: GrayService): boolean {
  return at?.weight === 1;
}

/** Says what share the canary has, for messages. */
export function situationAt(weight: number): string {
  return weight === 0 ? 'no traffic was moved yet' : `canary still at ${percent(weight)}`;
}
