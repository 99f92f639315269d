/** What Sluice asks people by itself, beside the approvals of the plan: evidence is missing, or both versions are bad. */
import type { PlanApproval, PlanStep, ResolvedPlan } from '../../domain/plan/plan.ts';

/** Who may answer: whoever the step's approval names, else whom the record names. Waits without end. */
export function questionFor(plan: ResolvedPlan, step: PlanStep): PlanApproval {
  const { role, count, notAuthor } = step.approval ??
    plan.question ?? { role: 'release-manager', count: 1, notAuthor: false };
  return { role, count, notAuthor, timeoutMs: null, onTimeout: 'roll-back' };
}
