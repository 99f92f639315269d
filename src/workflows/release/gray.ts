/**
 * The gray release: from before the first weight until the last step one activity watches, while the steps go on.
 * Harm ends the race at any moment, also during an approval: it sets the stop, and the stop cancels the steps.
 */
import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { Actor } from '../../domain/release/events.ts';
import { FAILURES, type Overridden } from '../../domain/release/failures.ts';
import { faultOf } from '../failure.ts';
import { watching } from '../proxies.ts';
import { stop } from './control.ts';
import { moveService } from './move.ts';
import { comparable, sourceOf, type GrayService, type ReleaseRun } from './run.ts';
import { runStage } from './stage.ts';
import { followWentBack } from './went-back.ts';
import { runSteps } from './steps.ts';

/** Runs all steps. Services without a live version have nothing to be compared with: they go live at once. */
export async function runGray(run: ReleaseRun, services: readonly GrayService[]): Promise<void> {
  followWentBack(run, services);
  const compared = services.filter(({ stable }) => stable !== null);
  const { steps } = sourceOf(run).plan;
  if (compared.length === 0 || steps.length === 0) return;
  await runStage(run, 'gray', async () => {
    for (const service of services)
      if (service.stable === null)
        await moveService(run, service, { weight: 1, step: null, situation: 'no traffic was moved yet' });
    const watch = new CancellationScope();
    const watched = watch.run(() => watchUntilHarm(run, compared));
    try {
      await runSteps(run, compared);
    } finally {
      watch.cancel();
      await watched;
    }
    const { promoted } = run.control;
    const early = promoted === null ? '' : `, promoted before their end by ${promoted.actor.name}`;
    return { value: undefined, summary: `${steps.length} steps${early}` };
  });
}

/** Ends with the watch: harm, or a person past the workflow, sets the stop; a cancelled watch has nothing to say. */
async function watchUntilHarm(run: ReleaseRun, services: readonly GrayService[]): Promise<void> {
  const { plan } = sourceOf(run);
  try {
    const { look } = await watching.watch({
      releaseId: run.input.releaseId,
      alias: plan.alias,
      services: comparable(services),
      analysis: plan.analysis,
      ...(plan.analysis.probe && { probes: plan.steps.map(({ probe }) => probe ?? null) }),
      steps: plan.steps.map((step) => step.analysis ?? null),
    });
    run.control = stop(run.control, { cause: 'harmful', look });
    run.record.emit({ type: 'verdict', look });
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
