import { randomUUID } from 'node:crypto';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAILURES } from '../../src/domain/release/failures.ts';
import {
  abortQueuedUpdate,
  laneFreeSignal,
  laneNoticeSignal,
  laneQuery,
  NOT_QUEUED,
  rollbackUpdate,
  type PersonsAct,
} from '../../src/workflows/messages.ts';
import { HEALTHY, plan, step, type Script, type World } from './fake-world.ts';
import { startWorkflowServer, type WorkflowServer } from './workflow-server.ts';

let server: WorkflowServer;
beforeAll(async () => {
  server = await startWorkflowServer();
}, 60_000);
afterAll(() => server?.close());

/** A project with version 1 live; `push` hands over a release that meets the script. */
function begin() {
  const project = `p-${randomUUID().slice(0, 8)}`;
  const service = `svc-${project}`;
  server.world.live(service);
  return {
    project,
    service,
    push: (script: Partial<Script> = {}, releaseId: string = randomUUID()): Promise<string> => {
      server.world.scripts.set(releaseId, { ...HEALTHY, services: [service], ...script });
      return server.push(project, releaseId);
    },
    keep: (name: string) => server.keepHistory(name, server.lane(project).workflowId),
  };
}

/** The version that the release published. */
function versionOf(world: World, releaseId: string): string {
  return world.progress(releaseId).services[0]?.canary ?? '';
}

const LONG = { plan: plan([step(0.05, 60_000)]) };
const BOB: PersonsAct = {
  actor: { kind: 'person', name: 'bob', role: 'developer' },
  comment: 'wrong branch',
};

describe.concurrent('a release that is tried again', () => {
  test('holds the lane although the end of its first try is heard late — one release at a time has the traffic', async ({
    expect,
  }) => {
    const { world } = server;
    const { project, push, keep } = begin();
    const fails = { activity: 'deployService', type: FAILURES.buildFailed } as const;
    const id = await push({ fails, stuck: 'report' });
    await world.until(id, ({ state }) => state === 'failed');
    world.scripts.set(id, { ...(world.scripts.get(id) ?? HEALTHY), ...LONG, fails: null });
    await server.push(project, id, { attempt: 2, nextSeq: 100 });
    await server.lane(project).signal(laneFreeSignal, { releaseId: id });
    // The lane has found the first try open, and waits for it to close.
    await expect
      .poll(
        async () => {
          const { events } = await server.lane(project).fetchHistory();
          return events?.some((event) => event.startChildWorkflowExecutionFailedEventAttributes);
        },
        { timeout: 20_000 },
      )
      .toBe(true);
    world.letGo(id);
    await world.until(id, ({ traffic }) => traffic.length > 0);
    const next = await push();
    await world.until(next, ({ reason }) => reason !== null);
    expect(world.progress(next)).toMatchObject({ state: 'queued', behind: id });
    expect(await server.lane(project).query(laneQuery)).toEqual({ running: id, waiting: [next] });
    await keep('lane.retried');
  });
});

test('a rollback by hand holds the lane until its last move has ended — also where another one failed', async () => {
  const { world } = server;
  const { project, service, push, keep } = begin();
  await world.until(await push(), ({ state }) => state === 'promoted');
  let letGo = (): void => undefined;
  const gone = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let hasFailed = false;
  world.rollbacks.set(service, () => gone);
  world.rollbacks.set(`${service}-2`, async () => {
    hasFailed = true;
    throw ApplicationFailure.nonRetryable('no such version', FAILURES.invalid);
  });
  const targets = [service, `${service}-2`].map((name) => ({ service: name, version: '1' }));
  const actor = { kind: 'person', name: 'eve', role: 'admin' } as const;
  const request = { actor, comment: '', targets, afterOverride: 0 };
  const answer = server
    .lane(project)
    .executeUpdate(rollbackUpdate, { args: [request] })
    .catch((error: unknown) => error);
  await expect.poll(() => hasFailed, { timeout: 20_000 }).toBe(true);
  const next = await push();
  await world.until(next, ({ reason }) => reason === 'rollback');
  letGo();
  expect(await answer).toBeInstanceOf(WorkflowUpdateFailedError);
  await world.until(next, ({ state }) => state === 'promoted');
  await keep('lane.rollback-settles');
});

describe.concurrent('a rollback by hand that has a record of its own', () => {
  const actor = { kind: 'person', name: 'eve', role: 'release-manager' } as const;

  test('tells who, why, and what was moved, after the release that ran has ended', async ({ expect }) => {
    const { world } = server;
    const { project, service, push, keep } = begin();
    const running = await push(LONG);
    await world.until(running, ({ traffic }) => traffic.length > 0);
    const record = randomUUID();
    const targets = [{ service, version: '7' }];
    const request = { actor, comment: 'pager', targets, afterOverride: 0, record };
    await server.lane(project).executeUpdate(rollbackUpdate, { args: [request] });
    const sentence = `by eve, to version 7 of ${service}: pager`;
    expect(world.types(record)).toEqual(['started', 'rollback-started', 'traffic', 'rolled-back']);
    expect(world.progress(record)).toMatchObject({
      state: 'rolled-back',
      rollbackCause: 'person',
      message: sentence,
      traffic: [{ service, alias: 'PROD', stable: '7', canary: '1', weight: 0 }],
    });
    expect(world.find(record, 'rollback-started')).toMatchObject({ sentence, actor });
    const [{ at: begun } = { at: 0 }] = world.events.get(record) ?? [];
    expect(world.progress(running)).toMatchObject({ state: 'aborted' });
    expect(world.progress(running).endedAt).toBeGreaterThanOrEqual(begun);
    await keep('lane.rollback-recorded');
  });

  test('says what could not be moved, and what was moved all the same', async ({ expect }) => {
    const { world } = server;
    const { project, service, push, keep } = begin();
    await world.until(await push(), ({ state }) => state === 'promoted');
    world.rollbacks.set(`${service}-2`, async () => {
      throw ApplicationFailure.nonRetryable('no such version', FAILURES.invalid);
    });
    const record = randomUUID();
    const targets = [service, `${service}-2`].map((name) => ({ service: name, version: '1' }));
    const request = { actor, comment: '', targets, afterOverride: 0, record };
    await expect(server.lane(project).executeUpdate(rollbackUpdate, { args: [request] })).rejects.toThrow();
    expect(world.types(record)).toEqual(['started', 'rollback-started', 'traffic', 'failed']);
    expect(world.progress(record)).toMatchObject({ state: 'failed', message: 'no such version' });
    expect(world.find(record, 'traffic')).toMatchObject({ service, stable: '1' });
    await keep('lane.rollback-refused');
  });
});

describe.concurrent('a freeze', () => {
  test('keeps a push waiting with its reason and end, and lets it go at that time', async () => {
    const { world } = server;
    const { project, service, push, keep } = begin();
    const until = Date.now() + 1_500;
    world.freezes.set(project, { reason: 'holidays', until, underWay: 'finish' });
    const id = await push();
    await world.until(id, ({ reason }) => reason !== null);
    expect(world.progress(id)).toMatchObject({ state: 'queued', reason: 'freeze', until, behind: null });
    expect(world.progress(id).message).toMatch(/^frozen until .* UTC: holidays$/);
    await world.until(id, ({ state }) => state === 'promoted');
    expect(world.progress(id).startedAt).toBeGreaterThanOrEqual(until);
    expect(world.done).toContain(`publish ${service} ${id}`);
    await keep('lane.frozen');
  });

  test('is over for a release that may pass, as soon as the lane is told; the others wait on', async () => {
    const { world } = server;
    const { project, push, keep } = begin();
    world.policies.set(project, 'queue');
    const freeze = { reason: 'audit', until: null, underWay: 'finish' } as const;
    world.freezes.set(project, freeze);
    const [first, hotfix] = [await push(), await push()];
    await world.until(hotfix, ({ behind }) => behind === first);
    world.freezes.set(project, { ...freeze, passed: [hotfix] });
    await server.lane(project).signal(laneNoticeSignal);
    await world.until(hotfix, ({ state }) => state === 'promoted');
    expect(world.progress(first)).toMatchObject({ state: 'queued', reason: 'freeze', until: null });
    world.freezes.delete(project);
    await server.lane(project).signal(laneNoticeSignal);
    await world.until(first, ({ state }) => state === 'promoted');
    await keep('lane.passed');
  });

  test('that comes while a release runs does not touch it where it may finish', async () => {
    const { world } = server;
    const { project, push } = begin();
    const id = await push({ plan: plan([step(0.05, 300)]) });
    await world.until(id, ({ traffic }) => traffic.length > 0);
    world.freezes.set(project, { reason: 'audit', until: null, underWay: 'finish' });
    await server.lane(project).signal(laneNoticeSignal);
    const next = await push();
    await world.until(next, ({ reason }) => reason === 'freeze');
    await world.until(id, ({ state }) => state === 'promoted');
    await world.until(next, ({ behind }) => behind === null);
    expect(world.progress(next)).toMatchObject({ state: 'queued', reason: 'freeze' });
  });
});

describe.concurrent('the rule for newer pushes', () => {
  test('queue: each has its turn, in order', async () => {
    const { world } = server;
    const { project, service, push, keep } = begin();
    world.policies.set(project, 'queue');
    const ids = [await push({ plan: plan([step(0.05, 300)]) }), await push(), await push()];
    const last = ids.at(-1) ?? '';
    await world.until(last, ({ behind }) => behind === ids[1]);
    for (const id of ids) await world.until(id, ({ state }) => state === 'promoted');
    const published = world.done.filter((line) => line.startsWith(`publish ${service} `));
    expect(published).toEqual(ids.map((id) => `publish ${service} ${id}`));
    await keep('lane.queued');
  });
});

test('a burst is one word: the newest stays, all others say by whom they were superseded, in one step', async () => {
  const { world } = server;
  const { project, service, push, keep } = begin();
  const running = await push(LONG);
  await world.until(running, ({ traffic }) => traffic.length > 0);
  const ids = Array.from({ length: 30 }, () => randomUUID());
  for (const id of ids) world.scripts.set(id, { ...HEALTHY, services: [service], ...LONG });
  await server.pushTogether(project, ids);
  const newest = ids.at(-1) ?? '';
  await world.until(newest, ({ reason }) => reason !== null);
  const olderOnes = ids.slice(0, -1);
  expect(world.progress(newest)).toMatchObject({ state: 'queued', behind: running, supersedes: olderOnes });
  for (const id of olderOnes)
    expect(world.progress(id)).toMatchObject({ state: 'superseded', supersededBy: newest });
  expect(await server.lane(project).query(laneQuery)).toEqual({ running, waiting: [newest] });
  const { events } = await server.lane(project).fetchHistory();
  const records = events?.filter((event) =>
    event.activityTaskScheduledEventAttributes?.activityType?.name?.startsWith('record'),
  );
  expect(records).toHaveLength(1);
  await keep('lane.burst');
});

describe.concurrent('a release that runs', () => {
  test('goes back first where a newer push replaces it, which then begins; with links both ways', async () => {
    const { world } = server;
    const { project, service, push, keep } = begin();
    world.policies.set(project, 'replace');
    const first = await push(LONG);
    await world.until(first, ({ traffic }) => traffic.length > 0);
    const next = await push();
    await world.until(next, ({ state }) => state === 'promoted');
    expect(world.progress(first)).toMatchObject({ state: 'superseded', supersededBy: next });
    expect(world.progress(next)).toMatchObject({ supersedes: [first] });
    const moves = world.moves.filter((move) => move.startsWith(`${service}: `));
    expect(moves.slice(0, 2)).toEqual([
      `${service}: version 1, 5 % to version ${versionOf(world, first)}`,
      `${service}: version 1 alone`,
    ]);
    await keep('lane.replaced');
  });

  test('is held by a freeze that says so, until that is over or somebody lets it pass', async () => {
    const { world } = server;
    const { project, push, keep } = begin();
    const freeze = { reason: 'audit', until: null, underWay: 'hold' } as const;
    const told = () => server.lane(project).signal(laneNoticeSignal);
    const id = await push({ plan: plan([step(0.05, 200), step(0.5, 200)]) });
    await world.until(id, ({ traffic }) => traffic.length > 0);
    world.freezes.set(project, freeze);
    await told();
    await world.until(id, ({ state, reason }) => state === 'paused' && reason === 'freeze');
    world.freezes.set(project, { ...freeze, passed: [id] });
    await told();
    await world.until(id, ({ state }) => state === 'promoted');
    await keep('lane.held');
  });

  test('goes back where the freeze takes back what is under way', async () => {
    const { world } = server;
    const { project, push } = begin();
    const id = await push(LONG);
    await world.until(id, ({ traffic }) => traffic.length > 0);
    world.freezes.set(project, { reason: 'audit', until: null, underWay: 'roll-back' });
    await server.lane(project).signal(laneNoticeSignal);
    await world.until(id, ({ endedAt }) => endedAt !== null);
    expect(world.progress(id)).toMatchObject({ state: 'rolled-back', rollbackCause: 'freeze' });
  });
});

describe.concurrent('a release that waits', () => {
  test('ends at a person’s word, and the lane goes on without it', async ({ expect }) => {
    const { world } = server;
    const { project, push, keep } = begin();
    const first = await push({ plan: plan([step(0.05, 500)]) });
    await world.until(first, ({ traffic }) => traffic.length > 0);
    const waiting = await push();
    await world.until(waiting, ({ behind }) => behind === first);
    const answer = await server
      .lane(project)
      .executeUpdate(abortQueuedUpdate, { args: [{ ...BOB, releaseId: waiting }] });
    expect(answer).toEqual({ outcome: 'aborted' });
    expect(world.progress(waiting)).toMatchObject({
      state: 'aborted',
      behind: null,
      message: 'aborted by bob before it began: wrong branch',
    });
    await world.until(first, ({ state }) => state === 'promoted');
    await expect
      .poll(() => server.lane(project).query(laneQuery), { timeout: 5_000 })
      .toEqual({ running: null, waiting: [] });
    await keep('lane.aborted');
  });

  test('is the only one that the lane ends — one that runs has a workflow of its own', async () => {
    const { world } = server;
    const { project, push } = begin();
    const running = await push(LONG);
    await world.until(running, ({ traffic }) => traffic.length > 0);
    const refused = await server
      .lane(project)
      .executeUpdate(abortQueuedUpdate, { args: [{ ...BOB, releaseId: running }] })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(WorkflowUpdateFailedError);
    expect(refused).toMatchObject({ cause: { type: 'conflict', details: [{ code: NOT_QUEUED }] } });
    expect(world.progress(running).state).toBe('running');
  });
});
