/**
 * Regions in waves: the gray steps of the first wave, then all traffic in its regions, then the next wave. All or none:
 * what ends the release early takes back every region that has begun. The last wave gets all traffic by the promotion.
 */
import { CancelledFailure } from '@temporalio/workflow';
import { counted } from '../../domain/analysis/numbers-in-words.ts';
import { isLeft } from './control.ts';
import { moveAll, situationAt } from './move.ts';
import { sourceOf, type GrayService, type ReleaseRun } from './run.ts';
import { runStage } from './stage.ts';
import { untilKeptNoMore, waitUntil } from './wait.ts';
import { WaveWatch } from './wave-watch.ts';
import { followOnceMore } from './went-back.ts';
import { runWatched, sayEarly } from './watched.ts';

/** Runs every wave, and all of the last one but its promotion. */
export async function runWaves(run: ReleaseRun, services: readonly GrayService[]): Promise<void> {
  // A first release has nothing to be compared with, anywhere.
  if (services.every(({ stable }) => stable === null)) return;
  const waves = (sourceOf(run).plan.waves ?? []).flatMap((_, index) => {
    const own = services.filter(({ wave }) => wave === index);
    return own.length > 0 ? [{ index, own }] : [];
  });
  await runStage(run, 'gray', async () => {
    const before = new WaveWatch(run);
    try {
      for (const [turn, { index, own }] of waves.entries()) {
        await runWave(run, index, own, services);
        if (turn === waves.length - 1) break;
        await finishWave(run, index, own, before);
      }
    } finally {
      await before.end();
    }
    const { steps } = sourceOf(run).plan;
    const summary = `${counted(steps.length, 'step')} in ${counted(waves.length, 'wave')}${sayEarly(run)}`;
    return { value: undefined, summary };
  });
}

async function runWave(
  run: ReleaseRun,
  index: number,
  own: readonly GrayService[],
  services: readonly GrayService[],
): Promise<void> {
  const { steps } = sourceOf(run).plan;
  const firstStep = steps.findIndex(({ wave }) => wave === index);
  await untilKeptNoMore(run);
  // What was said of the wave before says nothing of this one.
  run.look = null;
  const promoted = services.flatMap(({ service, stable, wave = 0 }) =>
    wave < index ? [{ service, stable }] : [],
  );
  await runWatched(run, own, services, { index, firstStep, promoted });
}

/** All traffic of the wave moves, and the next one waits for as long as the plan says. */
async function finishWave(
  run: ReleaseRun,
  index: number,
  own: readonly GrayService[],
  before: WaveWatch,
): Promise<void> {
  const { waves = [], steps } = sourceOf(run).plan;
  const { regions = [], bakeMs = 0 } = waves[index] ?? {};
  const last = steps.findLastIndex(({ wave }) => wave === index);
  await untilKeptNoMore(run);
  if (run.control.stop !== null) throw new CancelledFailure('the release was stopped');
  const situation = situationAt(steps[last]?.weight ?? 0);
  // The first move of all, where the wave has no steps.
  followOnceMore(run, own);
  await moveAll(run, own, situation);
  run.record.emit({ type: 'wave-finished', wave: index, regions, bakeMs });
  before.add(index, own);
  if (bakeMs === 0 || run.control.promoted !== null) return;
  // The wait is the end of the wave's last step: a person may skip it, or promote.
  run.control = { ...run.control, step: last < 0 ? null : last, skipped: null };
  await waitUntil(run, () => isLeft(run.control, last), bakeMs);
  run.control = { ...run.control, step: null };
}
