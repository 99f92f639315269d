/** How long a hold without evidence goes on before a person is asked (analysis §2). */
import type { PlanStep, ResolvedPlan } from './plan.ts';

/** A quiet function may be called a few times an hour. Milliseconds. */
const LEAST_MS = 30 * 60_000;
const HOLDS = 3;

/** Milliseconds: the plan's own word, else three more holds, half an hour at least. */
export function extensionOf({ extensionMs }: ResolvedPlan, { holdMs }: PlanStep): number {
  return extensionMs ?? Math.max(HOLDS * holdMs, LEAST_MS);
}
