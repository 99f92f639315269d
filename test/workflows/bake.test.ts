import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { laneQuery } from '../../src/workflows/messages.ts';
import { HARMFUL_LOOK, HEALTHY, plan, step, UNDECIDED_LOOK } from './fake-world.ts';
import { startWorkflowServer, type WorkflowServer } from './workflow-server.ts';

let server: WorkflowServer;
beforeAll(async () => {
  server = await startWorkflowServer();
}, 60_000);
afterAll(() => server?.close());

const BAKES = { ...plan([step(0.5, 10)]), bakeMs: 60_000 };

/** A release that was promoted over version 1, and bakes. */
async function promoted() {
  const project = `p-${randomUUID().slice(0, 8)}`;
  const service = `svc-${project}`;
  const releaseId = randomUUID();
  server.world.live(service);
  server.world.scripts.set(releaseId, { ...HEALTHY, services: [service], plan: BAKES });
  await server.push(project, releaseId);
  await server.world.until(releaseId, ({ state }) => state === 'promoted');
  return { project, service, releaseId, rollback: `${releaseId}-bake` };
}

const harm = {
  outcome: 'roll-back',
  look: { ...HARMFUL_LOOK, metric: 'bake', sentence: 'far too many failures' },
  afterOverride: 0,
} as const;

describe.concurrent('the bake time', () => {
  test('takes a promoted release back by a record of its own, and the lane was free all the while', async ({
    expect,
  }) => {
    const { project, service, releaseId, rollback } = await promoted();
    expect(server.world.progress(releaseId).bakingUntil).toBeGreaterThan(Date.now());
    await expect
      .poll(() => server.lane(project).query(laneQuery), { timeout: 20_000 })
      .toMatchObject({ running: null, waiting: [] });
    server.world.bakes.set(releaseId, [harm]);
    await server.world.until(rollback, ({ state }) => state === 'rolled-back');
    expect(server.world.progress(rollback)).toMatchObject({
      reason: 'bake',
      rollbackCause: 'bake',
      message: 'far too many failures',
      traffic: [{ service, stable: '1', weight: 0 }],
    });
    expect(server.world.aliases.get(service)).toEqual({ main: '1', additional: null });
    expect(server.world.progress(releaseId)).toMatchObject({ state: 'promoted', reason: 'bake' });
    await expect
      .poll(() => server.world.done, { timeout: 20_000 })
      .toContainEqual(expect.stringContaining(`restore ${service} to 1`));
    await server.release(releaseId).result();
    await server.keepHistory('promoted.baked-back', server.release(releaseId).workflowId);
    await server.keepHistory('lane.baked-back', server.lane(project).workflowId);
  });

  test('tells of a doubt once and goes on watching', async () => {
    const { service, releaseId } = await promoted();
    const look = { ...UNDECIDED_LOOK, metric: 'bake', sentence: 'a few too many failures' };
    server.world.bakes.set(releaseId, [{ outcome: 'ask', look, afterOverride: 0 }]);
    await server.world.until(releaseId, ({ reason }) => reason === 'bake-doubt');
    expect(server.world.progress(releaseId)).toMatchObject({ state: 'promoted' });
    server.world.bakes.set(releaseId, [{ outcome: 'over' }]);
    expect(await server.release(releaseId).result()).toMatchObject({ ended: 'promoted' });
    expect(server.world.aliases.get(service)?.main).not.toBe('1');
  });

  test('takes it back beside a newer release that has no traffic yet, which is then compared with the version before', async ({
    expect,
  }) => {
    const { project, service, releaseId, rollback } = await promoted();
    const newer = randomUUID();
    server.world.scripts.set(newer, { ...HEALTHY, services: [service], plan: BAKES, stuck: 'smoke' });
    await server.push(project, newer);
    await server.world.until(newer, ({ stages }) => stages.at(-1)?.stage === 'verify');
    expect(server.world.progress(newer).services[0]?.stable).not.toBe('1');
    server.world.bakes.set(releaseId, [harm]);
    await server.world.until(rollback, ({ state }) => state === 'rolled-back');
    expect(server.world.aliases.get(service)).toEqual({ main: '1', additional: null });
    server.world.letGo(newer);
    await server.world.until(newer, ({ state }) => state === 'promoted');
    expect(server.world.progress(newer)).toMatchObject({ services: [{ service, stable: '1' }] });
    expect(server.world.aliases.get(service)?.main).toBe(server.world.progress(newer).services[0]?.canary);
    await server.keepHistory('lane.baked-back-beside', server.lane(project).workflowId);
    server.world.bakes.set(newer, [{ outcome: 'over' }]);
    await server.release(newer).result();
    await server.keepHistory('promoted.live-went-back', server.release(newer).workflowId);
  });

  test('leaves the alias to a newer release that has traffic', async () => {
    const { project, service, releaseId, rollback } = await promoted();
    const newer = randomUUID();
    server.world.scripts.set(newer, {
      ...HEALTHY,
      services: [service],
      plan: plan([step(0.5, 60_000)]),
    });
    await server.push(project, newer);
    await server.world.until(newer, ({ traffic }) => traffic.length > 0);
    server.world.bakes.set(releaseId, [harm]);
    await server.release(releaseId).result();
    expect(server.world.types(rollback)).toEqual([]);
    expect(server.world.aliases.get(service)).toMatchObject({ additional: { weight: 0.5 } });
  });
});
