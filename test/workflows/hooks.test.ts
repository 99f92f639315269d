import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PlanHook, PlanHooks } from '../../src/domain/plan/hook.ts';
import type { ResolvedPlan } from '../../src/domain/plan/plan.ts';
import {
  abortUpdate,
  approveUpdate,
  rejectUpdate,
  rollbackUpdate,
  type Decision,
} from '../../src/workflows/messages.ts';
import { HARMFUL_LOOK, HEALTHY, plan, step, type Script } from './fake-world.ts';
import { startWorkflowServer, type WorkflowServer } from './workflow-server.ts';

let server: WorkflowServer;
beforeAll(async () => {
  server = await startWorkflowServer();
}, 60_000);
afterAll(() => server?.close());

function hook(name: string, onFailure: PlanHook['onFailure'] = 'roll-back'): PlanHook {
  return { name, action: { kind: 'run', run: './do' }, timeoutMs: 60_000, onFailure };
}

function around(before: readonly PlanHook[], after: readonly PlanHook[] = []): PlanHooks {
  return { before, after };
}

/** Two steps of no time, with hooks wherever they may stand. */
function hooked(onFailure: PlanHook['onFailure']): ResolvedPlan {
  const call: PlanHook = {
    ...hook('warm', onFailure),
    action: { kind: 'invoke', service: null, function: 'hello', event: '{}' },
  };
  const of = (name: string) => around([hook(`${name}-1`, onFailure)], [hook(`${name}-2`, onFailure)]);
  return {
    ...plan([
      { ...step(0.1), hooks: of('first') },
      { ...step(0.5), hooks: of('second') },
    ]),
    hooks: around([hook('migrate', onFailure), call], [hook('tell', onFailure)]),
  };
}

async function begin(script: Partial<Script>) {
  const project = `p-${randomUUID().slice(0, 8)}`;
  const releaseId = randomUUID();
  const service = `svc-${project}`;
  server.world.live(service);
  server.world.scripts.set(releaseId, { ...HEALTHY, services: [service], ...script });
  await server.push(project, releaseId);
  return { project, releaseId, service };
}

function ranOf(releaseId: string): string[] {
  const start = `hook ${releaseId} `;
  return server.world.done.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length));
}

function movesOf(service: string): string[] {
  return server.world.moves.filter((move) => move.startsWith(`${service}: `));
}

function decision(stepIndex: number): Decision {
  const actor = { kind: 'person', name: 'bob', role: 'release-manager' } as const;
  return { actor, comment: 'seen', step: stepIndex, evidence: null };
}

describe.concurrent('hooks', () => {
  test('run where the plan has them, each once, and find the traffic where it is', async () => {
    const { releaseId } = await begin({ plan: hooked('roll-back') });
    expect(await server.ended(releaseId, 'promoted.hooks')).toMatchObject({ ended: 'promoted' });
    expect(ranOf(releaseId)).toEqual([
      'release/before/1 at 0, alias at 0',
      'release/before/2 at 0, alias at 0',
      'step-1/before/1 at 0, alias at 0',
      'step-1/after/1 at 0.1, alias at 0.1',
      'step-2/before/1 at 0.1, alias at 0.1',
      'step-2/after/1 at 0.5, alias at 0.5',
      'release/after/1 at 1, alias at 0',
    ]);
    const { hooks } = server.world.progress(releaseId);
    expect(hooks.map(({ name, state }) => `${name} ${state}`)).toEqual(
      ['migrate', 'warm', 'first-1', 'first-2', 'second-1', 'second-2', 'tell'].map((name) => `${name} done`),
    );
  });

  test.each([
    ['release/before/1', 'failed', 'verify', 0],
    ['step-1/before/1', 'failed', 'gray', 0],
    ['step-2/before/1', 'rolled-back', 'gray', 2],
    ['step-1/after/1', 'rolled-back', 'gray', 2],
    ['release/after/1', 'rolled-back', 'promote', 4],
  ])('that fails at %s takes the release back: %s in %s', async (key, end, stage, moves) => {
    const { releaseId, service } = await begin({ plan: hooked('roll-back'), failingHooks: [key] });
    expect(await server.ended(releaseId)).toMatchObject({ ended: end });
    const progress = server.world.progress(releaseId);
    expect(progress.message).toContain('failed: exit code 1');
    expect(progress.stages.find((one) => one.stage === stage)).toMatchObject({
      state: 'failed',
      logTail: ['the last line'],
    });
    expect(server.world.aliases.get(service)).toEqual({ main: '1', additional: null });
    expect(movesOf(service)).toHaveLength(moves);
    expect(progress.hooks.at(-1)).toMatchObject({ state: 'failed', summary: 'exit code 1' });
  });

  test('that may fail do not hold the release up', async () => {
    const keys = ['release/before/1', 'step-1/after/1', 'release/after/1'];
    const { releaseId } = await begin({ plan: hooked('continue'), failingHooks: keys });
    expect(await server.ended(releaseId)).toMatchObject({ ended: 'promoted' });
    const { hooks } = server.world.progress(releaseId);
    expect(hooks.filter(({ state }) => state === 'failed').map(({ name }) => name)).toEqual([
      'migrate',
      'first-2',
      'tell',
    ]);
  });

  test.each([
    ['release/before/1', 0],
    ['step-2/after/1', 1],
    ['release/after/1', 1],
  ])('that fail at %s ask a person, who lets the release go on', async (key, index) => {
    const { releaseId } = await begin({ plan: hooked('ask'), failingHooks: [key] });
    await server.world.until(releaseId, ({ state }) => state === 'waiting-approval');
    expect(server.world.progress(releaseId).approvals[0]).toMatchObject({
      step: index,
      reason: 'hook-failed',
      message: expect.stringContaining('failed: exit code 1. Approve to go on all the same'),
    });
    await server.release(releaseId).executeUpdate(approveUpdate, { args: [decision(index)] });
    expect(
      await server.ended(releaseId, key === 'step-2/after/1' ? 'promoted.hook-asked' : undefined),
    ).toMatchObject({
      ended: 'promoted',
    });
  });

  test.each([
    ['release/before/1', 0],
    ['step-1/after/1', 0],
    ['release/after/1', 1],
  ])('that fail at %s ask a person, who takes the release back', async (key, index) => {
    const { releaseId, service } = await begin({ plan: hooked('ask'), failingHooks: [key] });
    await server.world.until(releaseId, ({ state }) => state === 'waiting-approval');
    await server.release(releaseId).executeUpdate(rejectUpdate, { args: [decision(index)] });
    await server.ended(releaseId);
    expect(server.world.progress(releaseId).state).toBe('rejected');
    expect(server.world.aliases.get(service)).toEqual({ main: '1', additional: null });
  });

  test('after the promotion do not hold up a rollback by hand, also where one asks a person', async () => {
    const { project, releaseId, service } = await begin({
      plan: { ...plan([step(0.5, 10)]), hooks: around([], [hook('tell', 'ask')]) },
      failingHooks: ['release/after/1'],
    });
    await server.world.until(releaseId, ({ state }) => state === 'waiting-approval');
    const { actor, comment } = decision(0);
    const targets = [{ service, version: '1' }];
    expect(
      await server
        .lane(project)
        .executeUpdate(rollbackUpdate, { args: [{ actor, comment, targets, afterOverride: 0 }] }),
    ).toEqual({ outcome: 'rolled-back' });
    expect(await server.ended(releaseId, 'aborted.live')).toMatchObject({ ended: 'aborted' });
    expect(server.world.progress(releaseId).approvals).toMatchObject([{ outcome: 'overtaken' }]);
    expect(server.world.aliases.get(service)).toEqual({ main: '1', additional: null });
  });

  test.each<[string, Partial<Script>, string]>([
    ['runs', { stuck: 'runHook' }, 'rolled-back.after-hook'],
    ['failed and asks a person', { failingHooks: ['release/after/1'] }, 'rolled-back.after-question'],
  ])(
    'after the promotion are watched: harm takes the release back while one %s',
    async (_, script, fixture) => {
      const { releaseId, service } = await begin({
        plan: { ...plan([step(0.5, 10)]), hooks: around([], [hook('tell', 'ask')]) },
        ...script,
      });
      await server.world.until(releaseId, ({ hooks, state }) =>
        script.stuck ? hooks.length === 1 : state === 'waiting-approval',
      );
      expect(server.world.aliases.get(service)?.main).not.toBe('1');
      const look = { ...HARMFUL_LOOK, metric: 'bake', step: null, weight: 1 };
      server.world.bakes.set(releaseId, [{ outcome: 'roll-back', look, afterOverride: 0 }]);
      expect(await server.ended(releaseId, fixture)).toMatchObject({ ended: 'rolled-back' });
      expect(server.world.progress(releaseId)).toMatchObject({
        rollbackCause: 'harmful',
        verdict: { metric: 'bake' },
        message: look.sentence,
      });
      expect(server.world.aliases.get(service)).toEqual({ main: '1', additional: null });
    },
  );

  test('end with a release that is stopped, and the record says so', async () => {
    const { releaseId, service } = await begin({ plan: hooked('roll-back'), stuck: 'runHook' });
    await server.world.until(releaseId, ({ hooks }) => hooks.length === 1);
    const { actor, comment } = decision(0);
    await server.release(releaseId).executeUpdate(abortUpdate, { args: [{ actor, comment }] });
    expect(await server.ended(releaseId, 'aborted.in-hook')).toMatchObject({ ended: 'aborted' });
    expect(server.world.progress(releaseId).hooks).toMatchObject([
      { name: 'migrate', state: 'failed', summary: 'the release was stopped' },
    ]);
    expect(movesOf(service)).toEqual([]);
  });
});
