/** The last move: the new version takes everything. From here on nothing but a rollback takes it back. */
import { CancelledFailure } from '@temporalio/workflow';
import { hooksAt } from '../../domain/plan/hook.ts';
import { placeText } from '../../domain/names/place.ts';
import { watchedMeanwhile } from './bake.ts';
import { runHooks } from './hooks.ts';
import { moveAll, situationAt } from './move.ts';
import { sourceOf, type GrayService, type ReleaseRun } from './run.ts';
import { runStage } from './stage.ts';
import { followOnceMore } from './went-back.ts';
import { untilKeptNoMore } from './wait.ts';

/** Returns the sentence that the release ends with. */
export async function promote(run: ReleaseRun, services: readonly GrayService[]): Promise<string> {
  await untilKeptNoMore(run);
  // The stop may have come with the very last hold.
  if (run.control.stop !== null) throw new CancelledFailure('the release was stopped');
  run.control = { ...run.control, phase: 'promoting' };
  const { alias, steps } = sourceOf(run).plan;
  return runStage(run, 'promote', async () => {
    const situation = situationAt(steps.at(-1)?.weight ?? 0);
    followOnceMore(run, services);
    await moveAll(run, services, situation);
    run.control = { ...run.control, phase: 'live' };
    const last = { step: null, when: 'after' } as const;
    if (hooksAt(sourceOf(run).plan, last).length > 0)
      await watchedMeanwhile(run, () => runHooks(run, last, { services, weight: 1 }));
    // Stopped in the last moment: whoever did it was told so.
    if (run.control.stop !== null) throw new CancelledFailure('the release was stopped');
    const isFirst = services.every(({ stable }) => stable === null);
    const versions = services.map((one) => `version ${one.canary} of ${placeText(one)}`).join(', ');
    const sentence = isFirst
      ? `${versions} went live on ${alias}: the first release, so there was nothing to compare with`
      : `${versions} takes all requests of ${alias}`;
    return { value: sentence, summary: sentence };
  });
}
