/**
 * Moves of aliases, and nothing else. Before each move the release notes that the alias may be in the new state: a
 * move that is cut off may have happened or not, and both are its own doing.
 */
import { percent } from '../../domain/release/split.ts';
import { trafficCall } from './engine-call.ts';
import { sourceOf, splitAt, type GrayService, type ReleaseRun } from './run.ts';

export interface Move {
  /** Share of the canary, 0…1. */
  readonly weight: number;
  /** Gray step of the move (0-based); `null` outside the steps. */
  readonly step: number | null;
  /** What stands while the engine cannot be reached. */
  readonly situation: string;
}

/** Moves one service's alias and records the split once it is confirmed. */
export async function moveService(run: ReleaseRun, service: GrayService, move: Move): Promise<void> {
  const { releaseId, project, environment } = run.input;
  const { alias } = sourceOf(run).plan;
  const target = splitAt(service, move.weight);
  const expected = service.expected;
  if (!run.moved.includes(service)) run.moved.push(service);
  service.expected = [...expected, target];
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
      expected,
      sinceMs: run.startedAt,
    }),
  );
  service.expected = [target];
  run.record.emit({
    type: 'traffic',
    service: service.service,
    alias,
    stable: service.stable,
    canary: service.canary,
    weight: move.weight,
    step: move.step,
  });
}

/** Says what share the canary has, for messages. */
export function situationAt(weight: number): string {
  return weight === 0 ? 'no traffic was moved yet' : `canary still at ${percent(weight)}`;
}
