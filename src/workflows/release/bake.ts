/**
 * After the promotion: the lane is free, and the watch goes on for the plan's bake time. Harm is the lane's to act on,
 * because a newer release may have the alias by then; it takes the traffic back as a release record of its own. While
 * the plan's last hooks run, the release still has the lane and takes the traffic back itself.
 */
import { CancellationScope, isCancellation, log, patched } from '@temporalio/workflow';
import { whereIs } from '../../domain/release/in-wave.ts';
import { bakeHarmSignal } from '../messages.ts';
import { tellLane } from './lane-word.ts';
import { watchBake } from './watch-bake.ts';
import { inWave, stopForHarm } from './watched.ts';
import { WaveWatch } from './wave-watch.ts';
import { comparable, sourceOf, type GrayService, type ReleaseRun } from './run.ts';

/** Returns when the time is over, somebody else has the alias, or the lane was told of harm. */
export async function bake(run: ReleaseRun, until: number): Promise<void> {
  const { waves } = sourceOf(run).plan;
  if (waves === undefined) return bakeServices(run, run.moved, until);
  const scope = new CancellationScope();
  await scope.run(async () => {
    const each = waves.map(async (_, wave) => {
      const own = run.moved.filter((service) => service.wave === wave);
      if (comparable(own).length === 0) return;
      await bakeServices(run, own, until, wave);
      // The time is over for all; or the lane takes back every region, or somebody else has one of them.
      scope.cancel();
    });
    await Promise.allSettled(each);
  });
}

async function bakeServices(
  run: ReleaseRun,
  own: readonly GrayService[],
  until: number,
  wave?: number,
): Promise<void> {
  for (let isAsked = false; ; isAsked = true) {
    const end = await watchBake(run, own, { until, isAsked, wave });
    if (end.outcome === 'over') return;
    run.record.emit({ type: 'verdict', look: end.look });
    if (end.outcome === 'ask') {
      run.record.emit({ type: 'blocked', reason: 'bake-doubt', message: end.look.sentence });
      continue;
    }
    const { sentence } = inWave(run, end.look, wave);
    run.record.emit({ type: 'blocked', reason: 'bake', message: sentence });
    await run.record.flush();
    // All or none: harm in one region takes back every one.
    const targets = run.moved.flatMap((one) =>
      one.stable === null
        ? []
        : [{ service: one.service, version: one.stable, left: one.canary, ...whereIs(one) }],
    );
    const { releaseId } = run.input;
    const { alias } = sourceOf(run).plan;
    const { afterOverride } = end;
    return tellLane(releaseId, bakeHarmSignal, { releaseId, alias, sentence, targets, afterOverride });
  }
}

/** Watches the new version, which has all traffic, while `work` is done. Harm stops the release. */
export async function watchedMeanwhile(run: ReleaseRun, work: () => Promise<void>): Promise<void> {
  if (comparable(run.moved).length === 0 || !patched('watched-hooks')) return work();
  if (sourceOf(run).plan.waves !== undefined) return watchedInWaves(run, work);
  const scope = new CancellationScope();
  const watched = scope.run(() => watchUntilHarm(run));
  try {
    await work();
  } finally {
    scope.cancel();
    await watched;
  }
}

/** The same with each wave by itself. */
async function watchedInWaves(run: ReleaseRun, work: () => Promise<void>): Promise<void> {
  const watch = new WaveWatch(run);
  for (const wave of (sourceOf(run).plan.waves ?? []).keys())
    watch.add(
      wave,
      run.moved.filter((service) => service.wave === wave),
    );
  try {
    await work();
  } finally {
    await watch.end();
  }
}

async function watchUntilHarm(run: ReleaseRun): Promise<void> {
  try {
    // A doubt is told by the bake, where there is time for it.
    const end = await watchBake(run, run.moved, { isAsked: true, wave: undefined });
    if (end.outcome === 'roll-back') stopForHarm(run, end.look, undefined);
  } catch (error) {
    // The gray steps have let it through: a watch that fails now is no reason to take it back.
    const { releaseId } = run.input;
    if (!isCancellation(error)) log.warn('the last hooks were not watched', { releaseId, error });
  }
}
