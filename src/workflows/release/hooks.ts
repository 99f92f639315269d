/**
 * Hooks of the plan: before any traffic, around each step, after the promotion. That one failed is an answer; the plan
 * says whether the release goes back, goes on, or asks a person.
 */
import { ApplicationFailure, CancelledFailure, isCancellation } from '@temporalio/workflow';
import type { HookOutcome } from '../../activities/contract.ts';
import { hookPlaceText, hooksAt, type HookPlace, type PlanHook } from '../../domain/plan/hook.ts';
import { FAILURES } from '../../domain/release/failures.ts';
import { faultOf } from '../failure.ts';
import { hooks } from '../proxies.ts';
import { awaitDecision } from './approval.ts';
import { questionFor } from './question.ts';
import { sourceOf, type GrayService, type ReleaseRun } from './run.ts';

export interface HookSurroundings {
  /** Services that the release changes. */
  readonly services: readonly GrayService[];
  /** Share of the canary meanwhile, 0…1. */
  readonly weight: number;
}

/** Runs the hooks of a place, one after another. Throws where one failed and the release must not go on. */
export async function runHooks(run: ReleaseRun, place: HookPlace, around: HookSurroundings): Promise<void> {
  for (const [index, hook] of hooksAt(sourceOf(run).plan, place).entries()) {
    const { name, onFailure } = hook;
    run.record.emit({ type: 'hook-started', ...place, name });
    const startedAt = Date.now();
    const finish = (outcome: HookOutcome): void =>
      run.record.emit({
        type: 'hook-finished',
        ...place,
        name,
        ...outcome,
        durationMs: Date.now() - startedAt,
        onFailure,
      });
    const outcome = await call(run, place, index, hook, around).catch((error: unknown): HookOutcome => {
      if (!isCancellation(error)) return { ok: false, summary: faultOf(error).message, logTail: [] };
      finish({ ok: false, summary: 'the release was stopped', logTail: [] });
      throw error;
    });
    finish(outcome);
    if (!outcome.ok) await answer(run, place, hook, outcome);
  }
}

function call(
  run: ReleaseRun,
  place: HookPlace,
  index: number,
  { action }: PlanHook,
  { services, weight }: HookSurroundings,
): Promise<HookOutcome> {
  return hooks[action.kind].runHook({
    releaseId: run.input.releaseId,
    attempt: run.input.attempt ?? 1,
    ...place,
    index,
    weight,
    versions: services.map(({ service, canary }) => ({ service, version: canary })),
  });
}

async function answer(
  run: ReleaseRun,
  place: HookPlace,
  { name, onFailure }: PlanHook,
  { summary, logTail }: HookOutcome,
): Promise<void> {
  if (onFailure === 'continue') return;
  const message = `hook ${name}, ${hookPlaceText(place)}, failed: ${summary}`;
  if (onFailure === 'roll-back')
    throw ApplicationFailure.create({
      type: FAILURES.hookFailed,
      message,
      nonRetryable: true,
      details: [{ logTail }],
    });
  const { plan } = sourceOf(run);
  // People decide about a step; what belongs to the whole release is asked with the nearest one.
  const step = place.step ?? (place.when === 'before' ? 0 : Math.max(plan.steps.length - 1, 0));
  const approval = questionFor(plan, plan.steps[step] ?? { weight: 1, holdMs: 0, approval: null });
  const question = `${message}. Approve to go on all the same, reject to roll back`;
  const why = { reason: 'hook-failed', message: question } as const;
  await awaitDecision(run, { step, approval, why });
  if (run.control.stop !== null) throw new CancelledFailure('the release was stopped');
}
