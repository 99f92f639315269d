import { expect, test } from 'vitest';
import type { ResolvedPlan } from '../../domain/plan/plan.ts';
import { unknownProbed } from './probed.ts';

test('a name that means no function is told with the nearest one — else it would go unprobed, unseen', () => {
  const probe = (name: string) => ({
    everyMs: 1_000,
    only: 'quiet' as const,
    event: '{}',
    functions: [{ name, event: null }],
  });
  const plan = {
    steps: ['pay', 'shop/report', 'repot'].map((name) => ({ weight: 0.1, holdMs: 0, probe: probe(name) })),
  } as unknown as ResolvedPlan;
  const services = [{ name: 'shop', functions: [{ name: 'pay' }, { name: 'report' }] }];
  expect(unknownProbed(plan, services)).toEqual([
    'probe: the manifest has no function repot; did you mean report? It has pay, report',
  ]);
});
