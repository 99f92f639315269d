/** The gray steps: for each a weight, a hold, the evidence for it, and where the plan says so an approval. */
import { patched, sleep } from '@temporalio/workflow';
import { durationText } from '../../domain/plan/duration.ts';
import type { PlanStep } from '../../domain/plan/plan.ts';
import { percent } from '../../domain/release/split.ts';
import { store } from '../proxies.ts';
import { awaitDecision } from './approval.ts';
import { isLeft } from './control.ts';
import { awaitEvidence } from './evidence.ts';
import { runHooks } from './hooks.ts';
import { moveService, situationAt } from './move.ts';
import { questionFor } from './question.ts';
import { sourceOf, type GrayService, type ReleaseRun } from './run.ts';
import { untilKeptNoMore, waitUntil } from './wait.ts';

/**
 * Runs every step, of a wave where the plan has regions; whoever stops the release cancels the scope that this runs in.
 *
 * @param beforeMove is called before the moves of each step, with no wait between
 */
export async function runSteps(
  run: ReleaseRun,
  services: readonly GrayService[],
  wave: number | undefined,
  beforeMove: () => void,
): Promise<void> {
  const { plan } = sourceOf(run);
  let weight = 0;
  for (const [index, step] of plan.steps.entries()) {
    if (step.wave !== wave) continue;
    await untilKeptNoMore(run);
    if (run.control.promoted !== null) break;
    const begun = Date.now();
    run.control = { ...run.control, step: index };
    await runHooks(run, { step: index, when: 'before' }, { services, weight });
    // Somebody may have paused or promoted the release while they ran.
    await untilKeptNoMore(run);
    if (run.control.promoted !== null) break;
    run.record.emit({
      type: 'step-started',
      step: index,
      weight: step.weight,
      holdMs: step.holdMs,
      ...(wave !== undefined && { wave, regions: plan.waves?.[wave]?.regions ?? [] }),
    });
    const situation = situationAt(weight);
    beforeMove();
    for (const service of services)
      await moveService(run, service, { weight: step.weight, step: index, situation });
    weight = step.weight;
    // Releases of before held by a plain timer, whatever was seen.
    if (patched('evidence')) {
      await hold(run, index, step);
      await awaitEvidence(run, index, step);
    } else await sleep(step.holdMs);
    await runHooks(run, { step: index, when: 'after' }, { services, weight });
    if (step.approval !== null && run.control.promoted === null)
      await awaitDecision(run, { step: index, approval: step.approval });
    await untilKeptNoMore(run);
    run.record.emit({ type: 'step-finished', step: index, summary: await summarise(run, step, begun) });
  }
  run.control = { ...run.control, step: null };
}

/**
 * The time of a step. A person may end it, a healthy verdict too where the plan says so; where both versions are bad a
 * person is asked at once.
 */
async function hold(run: ReleaseRun, index: number, step: PlanStep): Promise<void> {
  const { plan } = sourceOf(run);
  const until = Date.now() + step.holdMs;
  let isAsked = false;
  const isOver = (): boolean =>
    isLeft(run.control, index) ||
    (plan.advance === 'early' && run.look?.verdict === 'healthy' && run.look.step === index);
  const isBad = (): boolean => !isAsked && run.look?.cause === 'both-bad';
  while (await waitUntil(run, () => isOver() || isBad(), until - Date.now())) {
    if (isOver()) return;
    isAsked = true;
    const message = run.look?.sentence ?? '';
    const approval = questionFor(plan, step);
    await awaitDecision(run, { step: index, approval, why: { reason: 'both-bad', message } });
  }
}

/** A step that was held for minutes is not told in milliseconds. */
function roundedTo(ms: number): number {
  return Math.max(1, Math.round(ms / 1_000)) * 1_000;
}

async function summarise(run: ReleaseRun, step: PlanStep, begun: number): Promise<string> {
  const look = await store.newestLook({ releaseId: run.input.releaseId });
  const held = `${percent(step.weight)} for ${durationText(roundedTo(Date.now() - begun))}`;
  if (look === null) return `${held}, not looked at yet`;
  const { requests, failures } = look.canaryTotal;
  return `${held}; so far ${requests} canary requests, ${failures} failed: ${look.verdict}`;
}
