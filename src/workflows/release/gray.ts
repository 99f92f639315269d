/** The gray stage of a release: its steps, and where the plan names regions wave by wave. */
import { sourceOf, type GrayService, type ReleaseRun } from './run.ts';
import { runStage } from './stage.ts';
import { runWatched, sayEarly } from './watched.ts';
import { runWaves } from './waves.ts';
import { followWentBack } from './went-back.ts';

/** Runs all steps. A first release has nothing to be compared with. */
export async function runGray(run: ReleaseRun, services: readonly GrayService[]): Promise<void> {
  followWentBack(run, services);
  const { steps, waves } = sourceOf(run).plan;
  if (waves !== undefined) return runWaves(run, services);
  if (services.every(({ stable }) => stable === null) || steps.length === 0) return;
  await runStage(run, 'gray', async () => {
    await runWatched(run, services, services);
    return { value: undefined, summary: `${steps.length} steps${sayEarly(run)}` };
  });
}
