/** The gray steps: for each a weight, a hold, and where the plan says so an approval. */
import { sleep } from '@temporalio/workflow';
import type { PlanStep } from '../../domain/plan/plan.ts';
import { percent } from '../../domain/release/split.ts';
import { store } from '../proxies.ts';
import { awaitApproval } from './approval.ts';
import { moveService, situationAt } from './move.ts';
import { sourceOf, type GrayService, type ReleaseRun } from './run.ts';

/** Runs every step; whoever stops the release cancels the scope that this runs in. */
export async function runSteps(run: ReleaseRun, services: readonly GrayService[]): Promise<void> {
  let weight = 0;
  for (const [index, step] of sourceOf(run).plan.steps.entries()) {
    const { holdMs } = step;
    run.record.emit({ type: 'step-started', step: index, weight: step.weight, holdMs });
    const situation = situationAt(weight);
    for (const service of services)
      await moveService(run, service, { weight: step.weight, step: index, situation });
    weight = step.weight;
    await sleep(holdMs);
    if (step.approval !== null) await awaitApproval(run, index, step.approval);
    run.record.emit({ type: 'step-finished', step: index, summary: await summarise(run, step) });
  }
}

async function summarise(run: ReleaseRun, step: PlanStep): Promise<string> {
  const look = await store.newestLook({ releaseId: run.input.releaseId });
  const held = `${percent(step.weight)} for ${step.holdMs / 1_000} s`;
  if (look === null) return `${held}, not looked at yet`;
  const { requests, failures } = look.canaryTotal;
  return `${held}; so far ${requests} canary requests, ${failures} failed: ${look.verdict}`;
}
