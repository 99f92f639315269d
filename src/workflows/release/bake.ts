/**
 * After the promotion: the lane is free, and the watch goes on for the plan's bake time. Harm is the lane's to act on,
 * because a newer release may have the alias by then; it takes the traffic back as a release record of its own. While
 * the plan's last hooks run, the release still has the lane and takes the traffic back itself.
 */
import { CancellationScope, isCancellation, log, patched } from '@temporalio/workflow';
import { bakeHarmSignal } from '../messages.ts';
import type { WatchedService } from '../../activities/contract.ts';
import { watching } from '../proxies.ts';
import { stop } from './control.ts';
import { tellLane } from './lane-word.ts';
import { comparable, sourceOf, type ReleaseRun } from './run.ts';

/** Returns when the time is over, somebody else has the alias, or the lane was told of harm. */
export async function bake(run: ReleaseRun, until: number): Promise<void> {
  const { releaseId } = run.input;
  const { alias, analysis } = sourceOf(run).plan;
  const services = comparable(run.moved);
  for (let isAsked = false; ; isAsked = true) {
    const end = await watching.watchBake({ releaseId, alias, services, analysis, until, isAsked });
    if (end.outcome === 'over') return;
    run.record.emit({ type: 'verdict', look: end.look });
    if (end.outcome === 'ask') {
      run.record.emit({ type: 'blocked', reason: 'bake-doubt', message: end.look.sentence });
      continue;
    }
    run.record.emit({ type: 'blocked', reason: 'bake', message: end.look.sentence });
    await run.record.flush();
    const { sentence } = end.look;
    const targets = services.map(({ service, stable, canary }) => ({
      service,
      version: stable,
      left: canary,
    }));
    const { afterOverride } = end;
    return tellLane(releaseId, bakeHarmSignal, { releaseId, alias, sentence, targets, afterOverride });
  }
}

/** No hook and no question of one lasts as long, milliseconds. */
const HOOKS_MS = 365 * 24 * 3_600_000;

/** Watches the new version, which has all traffic, while `work` is done. Harm stops the release. */
export async function watchedMeanwhile(run: ReleaseRun, work: () => Promise<void>): Promise<void> {
  const services = comparable(run.moved);
  if (services.length === 0 || !patched('watched-hooks')) return work();
  const scope = new CancellationScope();
  const watched = scope.run(() => watchUntilHarm(run, services));
  try {
    await work();
  } finally {
    scope.cancel();
    await watched;
  }
}

async function watchUntilHarm(run: ReleaseRun, services: readonly WatchedService[]): Promise<void> {
  const { releaseId } = run.input;
  const { alias, analysis } = sourceOf(run).plan;
  // A doubt is told by the bake, where there is time for it.
  const input = { releaseId, alias, services, analysis, until: Date.now() + HOOKS_MS, isAsked: true };
  try {
    const end = await watching.watchBake(input);
    if (end.outcome !== 'roll-back') return;
    run.record.emit({ type: 'verdict', look: end.look });
    run.control = stop(run.control, { cause: 'harmful', look: end.look });
  } catch (error) {
    // The gray steps have let it through: a watch that fails now is no reason to take it back.
    if (!isCancellation(error)) log.warn('the last hooks were not watched', { releaseId, error });
  }
}
