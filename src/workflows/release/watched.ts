/**
 * Gray steps under watch: from the first weight until the last step one activity watches, while the steps go on.
 * Harm ends the race at any moment, also during an approval: it sets the stop, and the stop cancels the steps.
 */
import { CancellationScope, isCancellation, patched } from '@temporalio/workflow';
import type { WatchedWave } from '../../activities/contract.ts';
import type { Look } from '../../domain/analysis/look.ts';
import { waveText } from '../../domain/plan/waves.ts';
import type { Actor } from '../../domain/release/events.ts';
import { FAILURES, type Overridden } from '../../domain/release/failures.ts';
import { faultOf } from '../failure.ts';
import { watching } from '../proxies.ts';
import { stop } from './control.ts';
import { moveAll, situationAt } from './move.ts';
import { comparable, sourceOf, type GrayService, type ReleaseRun } from './run.ts';
import { runSteps } from './steps.ts';
import { followOnceMore } from './went-back.ts';

/**
 * Runs the steps, of a wave where the plan has regions. Services without a live version have nothing to be compared
 * with: they go live at once.
 *
 * @param all services of the release, of which `services` are those of the wave
 */
export async function runWatched(
  run: ReleaseRun,
  services: readonly GrayService[],
  all: readonly GrayService[],
  wave?: WatchedWave,
): Promise<void> {
  const first = services.filter(({ stable }) => stable === null);
  await moveAll(run, first, situationAt(0));
  const compared = services.filter(({ stable }) => stable !== null);
  if (compared.length === 0 || !sourceOf(run).plan.steps.some((step) => step.wave === wave?.index)) return;
  const watch = new CancellationScope();
  let isWatched = false;
  let watched = Promise.resolve();
  const begin = (): void => {
    if (isWatched) return;
    isWatched = true;
    followOnceMore(run, all);
    watched = watch.run(() => watchUntilHarm(run, compared, wave));
  };
  // Releases of before were watched while the hooks before their first step ran.
  if (!patched('watched-from-first-move')) begin();
  try {
    await runSteps(run, compared, wave?.index, begin);
  } finally {
    watch.cancel();
    await watched;
  }
}

/** The look with the wave in its sentence, where there are several. */
export function inWave(run: ReleaseRun, look: Look, wave: number | undefined): Look {
  const where = wave === undefined ? null : waveText(sourceOf(run).plan, wave);
  return where === null ? look : { ...look, sentence: `${where}: ${look.sentence}` };
}

/** Stops the release for what a look found. */
export function stopForHarm(run: ReleaseRun, found: Look, wave: number | undefined): void {
  const look = inWave(run, found, wave);
  run.control = stop(run.control, { cause: 'harmful', look });
  run.record.emit({ type: 'verdict', look });
}

/** What is said of steps that a person ended before their time. */
export function sayEarly({ control: { promoted } }: ReleaseRun): string {
  return promoted === null ? '' : `, promoted before their end by ${promoted.actor.name}`;
}

/** Ends with the watch: harm, or a person past the workflow, sets the stop; a cancelled watch has nothing to say. */
async function watchUntilHarm(
  run: ReleaseRun,
  services: readonly GrayService[],
  wave: WatchedWave | undefined,
): Promise<void> {
  const { plan } = sourceOf(run);
  try {
    const { look } = await watching.watch({
      releaseId: run.input.releaseId,
      alias: plan.alias,
      services: comparable(services),
      analysis: plan.analysis,
      ...(plan.analysis.probe && { probes: plan.steps.map(({ probe }) => probe ?? null) }),
      steps: plan.steps.map((step) => step.analysis ?? null),
      ...(wave && { wave }),
    });
    stopForHarm(run, look, wave?.index);
  } catch (error) {
    if (isCancellation(error)) return;
    const { type, message, detail } = faultOf(error);
    if (type === FAILURES.overridden) {
      const actor: Actor = { kind: 'person', name: (detail as Overridden).actor };
      run.control = stop(run.control, { cause: 'aborted', actor, comment: message });
      return;
    }
    // Whoever cannot be watched must not stay in traffic.
    run.control = stop(run.control, { cause: 'watch-failed', message });
  }
}
