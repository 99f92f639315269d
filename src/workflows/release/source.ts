/** Source and build: the exact commit, its plan and manifest, the declared commands, the functions' code, the zips. */
import { isCancellation } from '@temporalio/workflow';
import type { PackagedService } from '../../activities/contract.ts';
import type { Stage } from '../../domain/release/states.ts';
import { build } from '../proxies.ts';
import { engineCall } from './engine-call.ts';
import { sourceOf, type ReleaseRun } from './run.ts';
import { runStage } from './stage.ts';

/** Reads what the commit wants; a plan or manifest that cannot be used fails here, before anything is touched. */
export async function readSource(run: ReleaseRun): Promise<void> {
  const { releaseId } = run.input;
  run.source = await runStage(run, 'source', async () => {
    const source = await build.prepareSource({ releaseId });
    return { value: source, summary: source.summary };
  });
  run.record.emit({ type: 'planned', plan: run.source.plan });
}

/** The declared commands group by group, then each function's code, side by side as far as the queue has slots. */
export async function buildAll(run: ReleaseRun): Promise<void> {
  const { releaseId } = run.input;
  const { plan, services } = sourceOf(run);
  if ((run.input.attempt ?? 1) > 1) run.kept = await build.keptPackages({ releaseId });
  if (run.kept !== null) return keep(run, 'build', 'not again: the packages of the try before are kept');
  await runStage(run, 'build', async () => {
    const summaries: string[] = [];
    if (plan.stages.length > 0) {
      await build.prepareTree({ releaseId });
      for (const [group, commands] of plan.stages.entries()) {
        const done = await allOrNone(
          commands.map((_, index) => build.runCommand({ releaseId, group, index })),
        );
        summaries.push(...done.map(({ summary }) => summary));
      }
    }
    const functions = services.flatMap(({ service, functions }) =>
      functions.map((name) => ({ service, function: name })),
    );
    const built = await allOrNone(functions.map((one) => build.buildFunction({ releaseId, ...one })));
    summaries.push(...built.map(({ summary }) => summary));
    return { value: undefined, summary: summaries.join('; ') };
  });
}

/** Reproducible zips by digest, and what they are compared with: the versions that are live now. */
export async function packageAll(run: ReleaseRun): Promise<void> {
  const { releaseId } = run.input;
  await runStage(run, 'package', async () => {
    const { services, summary } = run.kept ?? (await build.packageRelease({ releaseId }));
    run.packaged = inRegions(run, services);
    run.compared = await engineCall(run, 'nothing was touched yet', (by) =>
      by.compareWithLive({ releaseId, services: run.packaged }),
    );
    return { value: undefined, summary: run.kept === null ? summary : `kept: ${summary}` };
  });
}

/** The same packages for every region; sorted by name, because they are locked in this order. */
function inRegions(run: ReleaseRun, services: readonly PackagedService[]): readonly PackagedService[] {
  const { places } = sourceOf(run);
  if (places === undefined) return services;
  return places
    .flatMap(({ service, of }) =>
      services.flatMap((one) => (one.service === of ? [{ ...one, service }] : [])),
    )
    .toSorted((a, b) => (a.service < b.service ? -1 : 1));
}

function keep(run: ReleaseRun, stage: Stage, summary: string): Promise<void> {
  return runStage(run, stage, async () => ({ value: undefined, summary }));
}

/** Waits for all, also after one failed: nothing of a failed stage goes on beside what follows. */
async function allOrNone<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(work);
  const failed = settled.filter((one) => one.status === 'rejected').map((one): unknown => one.reason);
  // Where one failed and the others were cancelled for it, the failure is what people must see.
  if (failed.length > 0) throw failed.find((reason) => !isCancellation(reason)) ?? failed[0];
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}
