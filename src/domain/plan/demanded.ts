/**
 * Approvals that the project's record demands of a plan: at each step from a weight on, and a least number of them. A
 * plan that says nothing of approvals gets them; one that has its own steps must have them.
 */
import type { Protection } from './environment.ts';
import type { PlanApproval, PlanStep } from './plan.ts';

/** Whether the step at `index` must ask: it reaches the weight, or it is the last one before everything (100 %). */
export function isDemanded(index: number, weights: readonly number[], { approvalFrom }: Protection): boolean {
  if (approvalFrom === null) return false;
  return index === weights.length - 1 || (weights[index] ?? 0) >= approvalFrom;
}

/** Steps that a plan must have so that the demanded approvals have a place. */
export function leastStepsOf({ leastSteps, leastApprovals, approvalFrom }: Protection): number {
  return Math.max(leastSteps, leastApprovals, approvalFrom === null ? 0 : 1);
}

/** The steps with the demanded approvals; those that only the number asks for stand as late as can be. */
export function withDemanded(
  steps: readonly PlanStep[],
  protection: Protection,
  approval: PlanApproval,
): PlanStep[] {
  const weights = steps.map(({ weight }) => weight);
  const asked = steps.map((step, i) => step.approval !== null || isDemanded(i, weights, protection));
  for (let i = steps.length - 1; i >= 0; i -= 1)
    if (asked.filter(Boolean).length < protection.leastApprovals) asked[i] = true;
  return steps.map((step, i) => (asked[i] ? { ...step, approval: step.approval ?? approval } : step));
}
