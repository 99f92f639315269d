/**
 * Every part is killed with -9, one after another, while a release is under way and customers call the function: the
 * release ends as planned, once, and what was answered before is still there.
 */
import { join } from 'node:path';
import type FC from '@alicloud/fc2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EventView } from '../../src/api/views.ts';
import { type Api } from '../support/api.ts';
import { startCustomers } from '../support/customers.ts';
import { functionFiles } from '../support/function-files.ts';
import { createGitProject } from '../support/git-project.ts';
import { PARTS, type Stack } from '../support/stack.ts';
import { startSluice } from '../support/sluice.ts';

let stack: Stack;
let api: Api;
let fc: FC;

beforeAll(async () => {
  ({ stack, api, fc } = await startSluice());
}, 120_000);

afterAll(() => stack?.stop(), 30_000);

test('killing each of the five parts during a release loses nothing — steps, versions and events come out as if nothing had happened', async () => {
  const service = 'unkillable';
  const plan = ['{weight: 10%, hold: 12s}', '{weight: 50%, hold: 8s}'];
  const project = await createGitProject(api, join(stack.home, 'demo'), service);
  const first = await project.push(
    functionFiles({ service, handler: 'good', tag: 'v1', steps: plan }),
    'First',
  );
  await api.until(first.id, ['promoted'], 60_000);
  const customers = startCustomers({
    client: fc,
    service,
    alias: 'PROD',
    function: 'greet',
    perSecond: 20,
    most: 4_000,
  });
  try {
    const second = await project.push(
      functionFiles({ service, handler: 'good', tag: 'v2', steps: plan }),
      'Second',
    );
    for (const part of PARTS) await stack.untilBack(part, stack.kill(part));
    const promoted = await api.until(second.id, ['promoted'], 180_000);
    const told = await api.events(promoted.id);
    expect(of(told, 'traffic').map((event) => event.weight)).toEqual([0.1, 0.5, 1]);
    expect(of(told, 'step-finished').map((event) => event.step)).toEqual([0, 1]);
    expect(told.map((event) => event.seq)).toEqual(told.map((_, index) => index + 1));
    const { data } = await fc.listVersions(service, { limit: 100 });
    expect((data as { versions: { versionId: string }[] }).versions.map((v) => v.versionId)).toEqual([
      '2',
      '1',
    ]);
    expect((await fc.getAlias(service, 'PROD')).data).toMatchObject({ versionId: '2' });
  } finally {
    await customers.stop();
  }
  expect(customers.byVersion.get('1')?.failures).toBe(0);
  expect(customers.byVersion.get('2')?.failures).toBe(0);
}, 300_000);

function of<Type extends EventView['event']['type']>(
  events: readonly EventView[],
  type: Type,
): Extract<EventView['event'], { type: Type }>[] {
  return events.flatMap(({ event }) =>
    event.type === type ? [event as Extract<EventView['event'], { type: Type }>] : [],
  );
}
