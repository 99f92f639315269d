import { expect, test } from 'vitest';
import type { PlanApproval, PlanStep, ResolvedPlan } from '../../domain/plan/plan.ts';
import { questionFor } from './question.ts';

const step = (approval: PlanApproval | null): PlanStep => ({ weight: 0.05, holdMs: 0, approval });
const plan = (question?: ResolvedPlan['question']) => ({ ...(question && { question }) }) as ResolvedPlan;
const RECORD = { role: 'admin', count: 2, notAuthor: true } as const;
const OF_STEP: PlanApproval = {
  role: 'admin',
  count: 3,
  notAuthor: false,
  timeoutMs: 60_000,
  onTimeout: 'continue',
};

test('what Sluice asks by itself goes to whom the step asks, else to whom the record demands', () => {
  expect(questionFor(plan(RECORD), step(OF_STEP))).toMatchObject({
    role: 'admin',
    count: 3,
    notAuthor: false,
  });
  expect(questionFor(plan(RECORD), step(null))).toMatchObject(RECORD);
  expect(questionFor(plan(), step(null))).toMatchObject({ role: 'release-manager', count: 1 });
});

test('it waits without end, and nothing but a person lets the release go on — a plan’s time limit is for its own approvals', () => {
  for (const approval of [null, OF_STEP])
    expect(questionFor(plan(RECORD), step(approval))).toMatchObject({
      timeoutMs: null,
      onTimeout: 'roll-back',
    });
});
