/**
 * Harm that was found in the bake time of a promoted release: the aliases go back, and the way back is a release
 * record of its own (`cause: bake`), so that lists and history show what runs and why.
 */
import { log } from '@temporalio/workflow';
import { SLUICE } from '../domain/release/events.ts';
import { rollbackBegun, rollbackDone, rollbackFailed } from '../domain/release/rollback-story.ts';
import { faultOf } from './failure.ts';
import { recorderOf } from './lane-record.ts';
import { rollBackAliases, type RolledBackTarget } from './lane-rollback.ts';
import type { BakeHarm } from './messages.ts';
import { store } from './proxies.ts';

interface Place {
  readonly project: string;
  readonly environment: string;
}

/** Takes the traffic back. @returns what LATEST is to follow; nothing where it was not possible */
export async function rollBackBaked(
  { project, environment }: Place,
  { releaseId, alias, sentence, targets, afterOverride }: BakeHarm,
  /** Is called before the first move, where there is something to take back. */
  begin: () => Promise<void>,
): Promise<readonly RolledBackTarget[]> {
  const { id } = await store.createBakeRollback({ releaseId, alias, targets });
  if (id === null) return [];
  await begin();
  const record = recorderOf(id);
  const story = { cause: 'bake', actor: SLUICE, sentence } as const;
  await record(rollbackBegun(story));
  try {
    const request = { actor: SLUICE, comment: sentence, targets, afterOverride };
    const moved = await rollBackAliases({ project, environment, request, stopped: null, bake: targets });
    await record(
      rollbackDone(
        story,
        targets.map((target) => ({ ...target, alias })),
      ),
    );
    // A newer release may have deployed by now: what it publishes must not be taken from under it.
    return moved.map((one) => ({
      ...one,
      deployed: targets.find(({ service }) => service === one.service)?.left ?? null,
    }));
  } catch (error) {
    log.error('harm in the bake time could not be taken back', { releaseId, error });
    await record(rollbackFailed([], faultOf(error).message));
    return [];
  }
}
