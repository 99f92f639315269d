/**
 * After the promotion: the lane is free, and the watch goes on for the plan's bake time. Harm is the lane's to act on,
 * because a newer release may have the alias by then; it takes the traffic back as a release record of its own.
 */
import { bakeHarmSignal } from '../messages.ts';
import { watching } from '../proxies.ts';
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
