import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  abortQueuedUpdate,
  laneNoticeSignal,
  laneQuery,
  type PersonsAct,
} from '../../src/workflows/messages.ts';
import { HEALTHY, plan, step } from './fake-world.ts';
import { startWorkflowServer, type WorkflowServer } from './workflow-server.ts';

let server: WorkflowServer;
beforeAll(async () => {
  // The server asks for a fresh start after so few events that every release makes the lane continue as new.
  server = await startWorkflowServer(['limit.historyCount.suggestContinueAsNew=12']);
});
afterAll(() => server?.close());

test('a lane that continues as new forgets nothing: who runs, who waits, and whom it knows', async () => {
  const project = 'endless';
  const ids = Array.from({ length: 4 }, () => randomUUID());
  server.world.live('svc');
  for (const id of ids)
    server.world.scripts.set(id, { ...HEALTHY, services: ['svc'], plan: plan([step(0.5, 300)]) });

  const [first = '', second = '', third = '', fourth = ''] = ids;
  await server.push(project, first);
  await server.world.until(first, ({ traffic }) => traffic.length > 0);
  // These make it continue while a release is running, so that the next run has only the release's word for its end.
  for (const id of [second, third, first, second, third, first, second, third])
    await server.push(project, id);
  await server.world.until(third, ({ state }) => state === 'promoted');
  await server.push(project, fourth);
  await server.world.until(fourth, ({ state }) => state === 'promoted');
  for (const id of ids) await server.push(project, id);

  expect(server.world.progress(second)).toMatchObject({ state: 'superseded', supersededBy: third });
  expect(server.world.done.filter((line) => line.startsWith('publish'))).toEqual([
    `publish svc ${first}`,
    `publish svc ${third}`,
    `publish svc ${fourth}`,
  ]);
  // The release tells the lane after its record says how it ended.
  await expect
    .poll(() => server.lane(project).query(laneQuery), { timeout: 5_000 })
    .toEqual({ running: null, waiting: [] });
  await server.keepHistory('lane.continued', server.lane(project).workflowId);
  const { runId } = await server.lane(project).describe();
  const runs = new Set([runId]);
  for await (const run of server.client.workflow.list({ query: `WorkflowId = 'lane:${project}.production'` }))
    runs.add(run.runId);
  expect(runs.size).toBeGreaterThan(1);
});

test('a frozen lane that continues as new still says why, still lets people abort, and wakes at the end of the freeze', async () => {
  const project = 'frozen';
  const { world } = server;
  world.live('cold');
  world.policies.set(project, 'queue');
  const [first = '', second = ''] = Array.from({ length: 2 }, () => {
    const id = randomUUID();
    world.scripts.set(id, { ...HEALTHY, services: ['cold'], plan: plan([]) });
    return id;
  });
  const until = Date.now() + 4_000;
  world.freezes.set(project, { reason: 'holidays', until, underWay: 'finish' });
  await server.push(project, first);
  await server.push(project, second);
  await world.until(second, ({ reason }) => reason !== null);
  // Each word is a look: some events more.
  for (let turn = 0; turn < 6; turn += 1) await server.lane(project).signal(laneNoticeSignal);
  const actor: PersonsAct['actor'] = { kind: 'person', name: 'bob', role: 'developer' };
  await server
    .lane(project)
    .executeUpdate(abortQueuedUpdate, { args: [{ actor, comment: '', releaseId: second }] });
  expect(world.progress(second).state).toBe('aborted');
  await world.until(first, ({ state }) => state === 'promoted');
  expect(world.progress(first).startedAt).toBeGreaterThanOrEqual(until);
  // The reason was said once: the next run of the lane knew it.
  expect(world.types(first).filter((type) => type === 'queued')).toHaveLength(1);
});
