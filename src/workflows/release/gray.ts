/** The gray stage of a release: its steps, and where the plan names regions wave by wave. */
import { moveService } from './move.ts';
import { sourceOf, type GrayService, type ReleaseRun } from './run.ts';
import { runStage } from './stage.ts';
import { runWatched, sayEarly } from './watched.ts';
import { runWaves } from './waves.ts';
import { followWentBack } from './went-back.ts';

/** Runs all steps. Services without a live version have nothing to be compared with: they go live at once. */
export async function runGray(run: ReleaseRun, services: readonly GrayService[]): Promise<void> {
  followWentBack(run, services);
  const compared = services.filter(({ stable }) => stable !== null);
  const { steps, waves } = sourceOf(run).plan;
  if (waves !== undefined) return runWaves(run, services);
  if (compared.length === 0 || steps.length === 0) return;
  await runStage(run, 'gray', async () => {
    for (const service of services)
      if (service.stable === null)
        await moveService(run, service, { weight: 1, step: null, situation: 'no traffic was moved yet' });
    await runWatched(run, compared);
    return { value: undefined, summary: `${steps.length} steps${sayEarly(run)}` };
  });
}
