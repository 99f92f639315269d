import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PlanHook } from '../../src/domain/plan/hook.ts';
import type { ResolvedPlan } from '../../src/domain/plan/plan.ts';
import { laneQuery, pauseUpdate, resumeUpdate, type PersonsAct } from '../../src/workflows/messages.ts';
import { HARMFUL_LOOK, HEALTHY, plan, planInWaves, step, UNDECIDED_LOOK } from './fake-world.ts';
import { startWorkflowServer, type WorkflowServer } from './workflow-server.ts';

let server: WorkflowServer;
beforeAll(async () => {
  server = await startWorkflowServer();
}, 60_000);
afterAll(() => server?.close());

const BAKES = { ...plan([step(0.5, 10)]), bakeMs: 60_000 };

const WAVES = [
  { regions: ['home'], bakeMs: 0 },
  { regions: ['north'], bakeMs: 0 },
];

const ANN: PersonsAct = {
  actor: { kind: 'person', name: 'ann', role: 'release-manager' },
  comment: 'a moment',
};

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

  /** The newer release is about to make its first move when `begin` resolves; `goOn` lets it. */
  async function takenBackBefore(
    newerPlan: ResolvedPlan,
    begin: (newer: string) => Promise<void>,
    goOn: (newer: string) => Promise<void>,
  ) {
    const { project, service, releaseId, rollback } = await promoted();
    const newer = randomUUID();
    const stuck = newerPlan.steps.some(({ hooks }) => hooks !== undefined) ? 'runHook' : 'smoke';
    server.world.scripts.set(newer, { ...HEALTHY, services: [service], plan: newerPlan, stuck });
    await server.push(project, newer);
    await begin(newer);
    server.world.bakes.set(releaseId, [harm]);
    await server.world.until(rollback, ({ state }) => state === 'rolled-back');
    await goOn(newer);
    await server.world.until(newer, ({ state }) => state === 'promoted');
    return { service, newer };
  }

  test('is followed by a newer release whose hook before the first step is running meanwhile — it has no traffic yet', async ({
    expect,
  }) => {
    const call: PlanHook = {
      name: 'warm',
      action: { kind: 'run', run: './warm' },
      timeoutMs: 60_000,
      onFailure: 'roll-back',
    };
    const hooked = plan([{ ...step(0.5, 10), hooks: { before: [call], after: [] } }]);
    const { service, newer } = await takenBackBefore(
      hooked,
      (id) => server.world.until(id, () => server.world.types(id).includes('hook-started')),
      async (id) => server.world.letGo(id),
    );
    const { canary } = server.world.progress(newer).services[0] ?? {};
    expect(server.world.progress(newer).services).toMatchObject([{ service, stable: '1' }]);
    expect(server.world.watched.get(newer)).toMatchObject([{ service, stable: '1', canary }]);
    expect(server.world.moves.filter((move) => move.startsWith(`${service}: `)).slice(-3)).toEqual([
      `${service}: version 1 alone`,
      `${service}: version 1, 50 % to version ${canary}`,
      `${service}: version ${canary} alone`,
    ]);
    await server.release(newer).result();
    await server.keepHistory('promoted.live-went-back-in-hook', server.release(newer).workflowId);
  });

  test.each([
    ['before its first step', BAKES],
    ['before a promotion without steps', { ...plan([]), bakeMs: 0 }],
    ['before a first wave without steps', { ...planInWaves([], WAVES), bakeMs: 0 }],
  ])('is followed by a newer release that is paused %s', async (_, paused) => {
    const { service, newer } = await takenBackBefore(
      paused,
      async (id) => {
        await server.world.until(id, ({ stages }) => stages.at(-1)?.stage === 'verify');
        await server.release(id).executeUpdate(pauseUpdate, { args: [ANN] });
        server.world.letGo(id);
        await server.world.until(id, ({ stages }) =>
          stages.some(({ stage, endedAt }) => stage === 'verify' && endedAt !== null),
        );
      },
      async (id) => void (await server.release(id).executeUpdate(resumeUpdate, { args: [ANN] })),
    );
    const { canary } = server.world.progress(newer).services[0] ?? {};
    expect(server.world.progress(newer).services[0]).toMatchObject({ service, stable: '1' });
    expect(server.world.aliases.get(service)).toEqual({ main: canary, additional: null });
    expect(server.world.types(newer).filter((type) => type === 'paused')).toHaveLength(1);
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
