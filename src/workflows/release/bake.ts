/**
 * After the promotion: the lane is free, and the watch goes on for the plan's bake time. Harm is the lane's to act on,
 * because a newer release may have the alias by then; it takes the traffic back as a release record of its own.
 */
import { getExternalWorkflowHandle, log, workflowInfo } from '@temporalio/workflow';
import type { WatchedService } from '../../activities/contract.ts';
import { bakeHarmSignal } from '../messages.ts';
import { watching } from '../proxies.ts';
import { sourceOf, type ReleaseRun } from './run.ts';

/** What is compared: services that had a version before. */
export function bakedServices(run: ReleaseRun): readonly WatchedService[] {
  return run.moved.flatMap(({ service, functions, stable, canary }) =>
    stable === null ? [] : [{ service, functions, stable, canary }],
  );
}

/** Returns when the time is over, somebody else has the alias, or the lane was told of harm. */
export async function bake(run: ReleaseRun, until: number): Promise<void> {
  const { releaseId } = run.input;
  const { alias, analysis } = sourceOf(run).plan;
  const services = bakedServices(run);
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
    return tellLane(run, services, end.look.sentence, end.afterOverride);
  }
}

async function tellLane(
  run: ReleaseRun,
  services: readonly WatchedService[],
  sentence: string,
  afterOverride: number,
): Promise<void> {
  const { releaseId } = run.input;
  const { parent } = workflowInfo();
  if (parent === undefined) return;
  const targets = services.map(({ service, stable, canary }) => ({ service, version: stable, left: canary }));
  try {
    await getExternalWorkflowHandle(parent.workflowId).signal(bakeHarmSignal, {
      releaseId,
      alias: sourceOf(run).plan.alias,
      sentence,
      targets,
      afterOverride,
    });
  } catch (error) {
    log.error('the lane could not be told of harm in the bake time', { releaseId, error });
  }
}
