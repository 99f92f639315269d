import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { PlanHook } from '../../src/domain/plan/hook.ts';
import type { Actor } from '../../src/domain/release/events.ts';
import { FAILURES } from '../../src/domain/release/failures.ts';
import type { Role } from '../../src/domain/release/states.ts';
import {
  abortUpdate,
  approveUpdate,
  laneQuery,
  lookSignal,
  rejectUpdate,
  rollbackUpdate,
  type Decision,
} from '../../src/workflows/messages.ts';
import { APPROVAL, HEALTHY, plan, step, UNDECIDED_LOOK, type Script } from './fake-world.ts';
import { startWorkflowServer, type WorkflowServer } from './workflow-server.ts';

let server: WorkflowServer;
beforeAll(async () => {
  server = await startWorkflowServer();
}, 60_000);
afterAll(() => server?.close());

const MIGRATE: PlanHook = {
  name: 'migrate',
  action: { kind: 'run', run: './migrate' },
  timeoutMs: 60_000,
  onFailure: 'roll-back',
};

/** A project with version 1 live, and one release of it that meets the script. */
async function begin(script: Partial<Script> = {}, { isLive = true } = {}) {
  const project = `p-${randomUUID().slice(0, 8)}`;
  const releaseId = randomUUID();
  const service = `svc-${project}`;
  if (isLive) server.world.live(service);
  server.world.scripts.set(releaseId, { ...HEALTHY, services: [service], ...script });
  await server.push(project, releaseId);
  return { project, releaseId, service };
}

function movesOf(service: string): string[] {
  return server.world.moves
    .filter((move) => move.startsWith(`${service}: `))
    .map((move) => move.slice(service.length + 2).replaceAll(/version (?!1\b)\d+/g, 'version new'));
}

function person(name: string, role: Role = 'release-manager'): Actor {
  return { kind: 'person', name, role };
}

function decision(stepIndex: number, name = 'bob', role: Role = 'release-manager'): Decision {
  return { actor: person(name, role), comment: 'looks fine', step: stepIndex, evidence: null };
}

async function refusal(call: Promise<unknown>): Promise<ApplicationFailure> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause instanceof ApplicationFailure))
    throw new Error(`expected a refused update, got ${String(error)}`);
  return error.cause;
}

/** Activities of the newest try, in the order in which they were asked for. */
async function scheduledOf(releaseId: string) {
  const { events } = await server.release(releaseId).fetchHistory();
  return (events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes ?? []);
}

async function retriesOf(releaseId: string, activity: string) {
  const scheduled = await scheduledOf(releaseId);
  return scheduled.flatMap(({ activityType, retryPolicy }) =>
    activityType?.name === activity && retryPolicy ? [retryPolicy] : [],
  );
}

describe.concurrent('a release that goes well', () => {
  test('sets exactly the weights of its plan and then the new version alone', async () => {
    const { releaseId, service } = await begin();
    expect(await server.ended(releaseId, 'promoted')).toMatchObject({ ended: 'promoted' });
    expect(movesOf(service)).toEqual([
      'version 1, 5 % to version new',
      'version 1, 25 % to version new',
      'version 1, 50 % to version new',
      'version new alone',
    ]);
    const progress = server.world.progress(releaseId);
    expect(progress.state).toBe('promoted');
    expect(progress.stages.map(({ stage, state }) => `${stage} ${state}`)).toEqual(
      ['source', 'build', 'package', 'deploy', 'publish', 'verify', 'gray', 'promote', 'report'].map(
        (stage) => `${stage} done`,
      ),
    );
    expect(progress.steps.every(({ endedAt }) => endedAt !== null)).toBe(true);
  });

  test('numbers its events without gaps, from 1 — the store refuses nothing and misses nothing', async () => {
    const { releaseId } = await begin();
    await server.ended(releaseId);
    const seqs = server.world.events.get(releaseId)?.map(({ seq }) => seq) ?? [];
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
  });

  test('creates the alias at 100 % on the first release — there is nothing to compare with', async () => {
    const { releaseId, service } = await begin({}, { isLive: false });
    expect(await server.ended(releaseId, 'first')).toMatchObject({ ended: 'promoted' });
    expect(movesOf(service)).toEqual(['version new alone']);
    expect(server.world.types(releaseId)).not.toContain('step-started');
  });

  test('touches nothing when nothing changed', async () => {
    const { releaseId, service } = await begin({ unchanged: true });
    expect(await server.ended(releaseId, 'unchanged')).toMatchObject({ ended: 'unchanged' });
    expect(server.world.progress(releaseId).state).toBe('unchanged');
    expect(server.world.done.filter((line) => line.includes(service))).toEqual([]);
  });

  test('touches nothing on a dry run, and says what it would do', async () => {
    const { releaseId, service } = await begin({ dryRun: true });
    expect(await server.ended(releaseId, 'planned')).toMatchObject({ ended: 'dry-run-finished' });
    expect(server.world.progress(releaseId)).toMatchObject({ state: 'planned' });
    expect(server.world.progress(releaseId).message).toContain('3 gray steps');
    expect(server.world.done.filter((line) => line.includes(service))).toEqual([]);
  });

  test('waits through an engine that does not answer, says so, and skips nothing', async () => {
    const { releaseId, service } = await begin({ unreachable: 4, plan: plan([step(0.05)]) });
    expect(await server.ended(releaseId, 'promoted.engine-away')).toMatchObject({ ended: 'promoted' });
    expect(server.world.find(releaseId, 'blocked')).toMatchObject({ reason: 'engine-unreachable' });
    expect(server.world.find(releaseId, 'cleared')).toMatchObject({ reason: 'engine-unreachable' });
    expect(movesOf(service)).toEqual(['version 1, 5 % to version new', 'version new alone']);
    const [, patient] = await retriesOf(releaseId, 'moveAlias');
    // Growing pauses without end, the longest far below the 20 s in which a rollback is done once the engine is back.
    expect(patient).toMatchObject({ backoffCoefficient: 1.5, maximumAttempts: 0 });
    expect(Number(patient?.initialInterval?.seconds)).toBe(1);
    expect(Number(patient?.maximumInterval?.seconds)).toBe(10);
  });
});

describe.concurrent('stages of the plan', () => {
  const command = (name: string) => ({ name, run: 'true', image: 'nodejs20' });
  const stages = [[command('one')], [command('two'), command('three')], [command('four')]];
  const linesOf = (releaseId: string) =>
    server.world.done.flatMap((line) =>
      line.startsWith(`command ${releaseId} `) ? [line.split(' ').slice(2).join(' ')] : [],
    );

  test('run one after another, those of a nested list side by side, and all before the build', async () => {
    const { releaseId } = await begin({ plan: { ...plan([]), stages } });
    expect(await server.ended(releaseId)).toMatchObject({ ended: 'promoted' });
    const lines = linesOf(releaseId);
    expect(lines.slice(0, 2)).toEqual(['0.0 begins', '0.0 ends']);
    expect(lines.slice(2, 4).toSorted()).toEqual(['1.0 begins', '1.1 begins']);
    expect(lines.slice(4, 6).toSorted()).toEqual(['1.0 ends', '1.1 ends']);
    expect(lines.slice(6)).toEqual(['2.0 begins', '2.0 ends']);
    const asked = (await scheduledOf(releaseId)).map(({ activityType }) => activityType?.name);
    expect(asked.lastIndexOf('runCommand')).toBeLessThan(asked.indexOf('buildFunction'));
  });

  test('end with the first that fails — nothing after it runs', async () => {
    const fails = { activity: 'runCommand', type: FAILURES.buildFailed } as const;
    const { releaseId } = await begin({ plan: { ...plan([]), stages }, fails });
    expect(await server.ended(releaseId)).toMatchObject({ ended: 'failed' });
    const asked = (await scheduledOf(releaseId)).map(({ activityType }) => activityType?.name);
    expect(asked.filter((name) => name === 'runCommand')).toHaveLength(1);
    expect(asked).not.toContain('buildFunction');
  });
});

describe.concurrent('harm', () => {
  test('takes the traffic back at once, in the middle of a hold, and puts LATEST back', async () => {
    const { releaseId, service } = await begin({ plan: plan([step(0.05, 60_000)]) });
    await server.world.until(releaseId, ({ traffic }) => traffic.length > 0);
    server.world.harm(releaseId);
    expect(await server.ended(releaseId, 'rolled-back')).toMatchObject({ ended: 'rolled-back' });
    expect(movesOf(service)).toEqual(['version 1, 5 % to version new', 'version 1 alone']);
    expect(server.world.progress(releaseId)).toMatchObject({
      state: 'rolled-back',
      reason: 'harmful',
      message: 'the canary fails more often than stable',
    });
    expect(server.world.done).toContain(`restore ${service} to 1 for ${releaseId}`);
    expect(server.world.locks.has(service)).toBe(false);
  });

  test('is taken back when the engine answers again, after as many tries as that takes — nothing is set meanwhile', async () => {
    const { releaseId, service } = await begin({ plan: plan([step(0.25, 60_000)]) });
    await server.world.until(releaseId, ({ traffic }) => traffic.length > 0);
    const script = server.world.scripts.get(releaseId) ?? HEALTHY;
    server.world.scripts.set(releaseId, { ...script, unreachable: 4 });
    server.world.harm(releaseId);
    await server.world.until(releaseId, ({ reason }) => reason === 'engine-unreachable');
    expect(server.world.progress(releaseId)).toMatchObject({
      verdict: { verdict: 'harmful' },
      message: expect.stringMatching(/^cannot reach the engine; version \d+ may still have 25 % of PROD$/),
    });
    expect(movesOf(service)).toEqual(['version 1, 25 % to version new']);
    expect(await server.ended(releaseId)).toMatchObject({ ended: 'rolled-back' });
    expect(movesOf(service)).toEqual(['version 1, 25 % to version new', 'version 1 alone']);
    const retries = await retriesOf(releaseId, 'moveAlias');
    expect(retries.at(-1)).toMatchObject({ maximumAttempts: 0 });
  });

  test('overtakes a pending approval, and a late approve learns it', async () => {
    const { releaseId } = await begin({ plan: plan([step(0.05, 10, APPROVAL), step(0.5)]), stuck: null });
    await server.world.until(releaseId, ({ state }) => state === 'waiting-approval');
    server.world.harm(releaseId);
    await server.world.until(releaseId, ({ rollbackCause }) => rollbackCause === 'harmful');
    const late = server.release(releaseId).executeUpdate(approveUpdate, { args: [decision(0)] });
    const outcome = await late.then(
      () => 'accepted',
      (error: unknown) => (error instanceof WorkflowUpdateFailedError ? 'refused' : 'gone'),
    );
    expect(outcome).not.toBe('accepted');
    await server.ended(releaseId);
    expect(server.world.progress(releaseId).approvals).toMatchObject([{ outcome: 'overtaken' }]);
    expect(server.world.progress(releaseId).state).toBe('rolled-back');
  });

  test('takes back what cannot be watched — nobody may stay in traffic unseen', async () => {
    const { releaseId } = await begin({
      plan: plan([step(0.05, 60_000)]),
      fails: { activity: 'watch', type: 'Broken' },
    });
    // A failure of the watch is retried without end unless it is final.
    server.world.scripts.set(releaseId, {
      ...(server.world.scripts.get(releaseId) ?? HEALTHY),
      fails: { activity: 'watch', type: FAILURES.engineRefused },
    });
    expect(await server.ended(releaseId)).toMatchObject({ ended: 'rolled-back' });
    expect(server.world.progress(releaseId).reason).toBe('stage-failed');
  });
});

describe.concurrent('a silent metrics source', () => {
  test('is said once, takes nothing back, and is over with the first look that has numbers', async () => {
    const { releaseId, service } = await begin({ plan: plan([step(0.05, 10, APPROVAL)]) });
    await server.world.until(releaseId, ({ state }) => state === 'waiting-approval');
    const handle = server.release(releaseId);
    const look = { ...UNDECIDED_LOOK, cause: 'no-metrics', sentence: 'no answer' } as const;
    await handle.signal(lookSignal, look);
    await server.world.until(releaseId, ({ reason }) => reason === 'no-metrics');
    expect(server.world.progress(releaseId)).toMatchObject({ message: 'no answer', verdict: look });
    await handle.signal(lookSignal, { ...look, number: 2 });
    await handle.signal(lookSignal, { ...UNDECIDED_LOOK, number: 3 });
    await server.world.until(releaseId, ({ reason }) => reason === 'approval');
    expect(movesOf(service)).toEqual(['version 1, 5 % to version new']);
    await handle.executeUpdate(approveUpdate, { args: [decision(0)] });
    expect(await server.ended(releaseId, 'promoted.no-metrics')).toMatchObject({ ended: 'promoted' });
    const told = server.world.types(releaseId).filter((type) => type === 'blocked' || type === 'cleared');
    expect(told).toEqual(['blocked', 'cleared']);
  });
});

describe.concurrent('people', () => {
  test('who move the alias past the workflow end it at once — it would wait for an approval that means nothing', async () => {
    const { releaseId } = await begin({
      plan: plan([step(0.05, 10, APPROVAL)]),
      fails: {
        activity: 'watch',
        type: FAILURES.overridden,
        message: 'op set alias PROD of shop to version 1',
        detail: { actor: 'op', comment: 'pager', version: '1' },
      },
    });
    expect(await server.ended(releaseId)).toMatchObject({ ended: 'aborted' });
    expect(server.world.events.get(releaseId)?.map(({ event }) => event)).toContainEqual(
      expect.objectContaining({
        type: 'aborted',
        actor: { kind: 'person', name: 'op' },
        sentence: 'aborted by op: op set alias PROD of shop to version 1',
      }),
    );
  });

  const asking = { plan: plan([step(0.05, 10, APPROVAL), step(0.5, 10)]) };

  test('approve with role, comment and evidence, and the release goes on', async () => {
    const { releaseId } = await begin(asking);
    await server.world.until(releaseId, ({ state }) => state === 'waiting-approval');
    const answer = await server.release(releaseId).executeUpdate(approveUpdate, { args: [decision(0)] });
    expect(answer).toEqual({ outcome: 'approved' });
    // The record has the decision by the time that the answer is there.
    expect(server.world.find(releaseId, 'approval-decided')).toMatchObject({
      decision: 'approved',
      actor: { name: 'bob', role: 'release-manager' },
      comment: 'looks fine',
    });
    expect(await server.ended(releaseId, 'approved')).toMatchObject({ ended: 'promoted' });
  });

  test('cannot approve with a role that is too low, nor a step that does not ask', async () => {
    const { releaseId } = await begin(asking);
    await server.world.until(releaseId, ({ state }) => state === 'waiting-approval');
    const handle = server.release(releaseId);
    const low = await refusal(
      handle.executeUpdate(approveUpdate, { args: [decision(0, 'dev', 'developer')] }),
    );
    expect(low).toMatchObject({ type: 'forbidden', details: [{ code: 'role-needed' }] });
    const wrong = await refusal(handle.executeUpdate(approveUpdate, { args: [decision(1)] }));
    expect(wrong).toMatchObject({ type: 'conflict', details: [{ code: 'no-open-approval' }] });
    expect(server.world.progress(releaseId).state).toBe('waiting-approval');
    await handle.executeUpdate(rejectUpdate, { args: [decision(0)] });
    await server.ended(releaseId);
  });

  test('are as many as the plan asks for, each once: the release waits for the last of them', async () => {
    const two = { plan: plan([step(0.05, 10, { ...APPROVAL, count: 2 })]) };
    const { releaseId } = await begin(two);
    await server.world.until(releaseId, ({ state }) => state === 'waiting-approval');
    const handle = server.release(releaseId);
    await handle.executeUpdate(approveUpdate, { args: [decision(0, 'bob')] });
    expect(server.world.progress(releaseId)).toMatchObject({
      state: 'waiting-approval',
      approvals: [{ count: 2, outcome: null, decisions: [{ actor: { name: 'bob' } }] }],
    });
    await refusal(handle.executeUpdate(approveUpdate, { args: [decision(0, 'bob')] }));
    await handle.executeUpdate(approveUpdate, { args: [decision(0, 'eve')] });
    expect(await server.ended(releaseId)).toMatchObject({ ended: 'promoted' });
    expect(server.world.progress(releaseId).approvals).toMatchObject([
      { outcome: 'granted', decisions: [{ actor: { name: 'bob' } }, { actor: { name: 'eve' } }] },
    ]);
  });

  test('reject, and the release goes back with state rejected', async () => {
    const { releaseId, service } = await begin(asking);
    await server.world.until(releaseId, ({ state }) => state === 'waiting-approval');
    await server.release(releaseId).executeUpdate(rejectUpdate, { args: [decision(0, 'eve')] });
    expect(await server.ended(releaseId, 'rejected')).toMatchObject({ ended: 'rejected' });
    expect(movesOf(service).at(-1)).toBe('version 1 alone');
    expect(server.world.progress(releaseId)).toMatchObject({
      state: 'rejected',
      rollbackCause: 'rejected',
      approvals: [{ outcome: 'refused' }],
    });
  });

  test('who decide at the same moment: exactly one wins, the other is told what stands', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { releaseId } = await begin(asking);
      await server.world.until(releaseId, ({ state }) => state === 'waiting-approval');
      const handle = server.release(releaseId);
      const [approved, rejected] = await Promise.allSettled([
        handle.executeUpdate(approveUpdate, { args: [decision(0, 'bob')] }),
        handle.executeUpdate(rejectUpdate, { args: [decision(0, 'eve')] }),
      ]);
      const losers = [approved, rejected].filter((one) => one.status === 'rejected');
      expect(losers).toHaveLength(1);
      const lost = await refusal(Promise.reject(losers[0]?.reason));
      expect(lost).toMatchObject({ type: 'conflict', details: [{ code: 'already-decided' }] });
      const winner = approved.status === 'fulfilled' ? 'promoted' : 'rejected';
      expect(await server.ended(releaseId)).toMatchObject({ ended: winner });
    }
  });

  test('who say nothing in time: the plan says what then', async () => {
    const back = await begin({ plan: plan([step(0.05, 10, { ...APPROVAL, timeoutMs: 50 })]) });
    expect(await server.ended(back.releaseId)).toMatchObject({ ended: 'rolled-back' });
    expect(server.world.progress(back.releaseId).reason).toBe('approval-timeout');
    const on = await begin({
      plan: plan([step(0.05, 10, { ...APPROVAL, timeoutMs: 50, onTimeout: 'continue' })]),
    });
    expect(await server.ended(on.releaseId)).toMatchObject({ ended: 'promoted' });
  });
});

describe.concurrent('abort', () => {
  const act = { actor: person('ann', 'developer'), comment: 'wrong branch' };

  for (const stuck of ['prepareSource', 'buildFunction', 'deployService', 'publishService', 'smoke'] as const)
    test(`during ${stuck} ends the release with the alias untouched`, async () => {
      const { releaseId, service } = await begin({ stuck });
      await server.world.until(releaseId, ({ stages }) => stages.some(({ state }) => state === 'running'));
      await server.release(releaseId).executeUpdate(abortUpdate, { args: [act] });
      expect(await server.ended(releaseId)).toMatchObject({
        ended: 'aborted',
        sentence: 'aborted by ann: wrong branch',
      });
      expect(movesOf(service)).toEqual([]);
      expect(server.world.progress(releaseId).state).toBe('aborted');
      expect(server.world.locks.has(service)).toBe(false);
    });

  test('during a hold and during an approval takes the traffic back', async () => {
    for (const steps of [[step(0.05, 60_000)], [step(0.05, 10, APPROVAL)]]) {
      const { releaseId, service } = await begin({ plan: plan(steps) });
      await server.world.until(releaseId, ({ traffic }) => traffic.length > 0);
      await server.release(releaseId).executeUpdate(abortUpdate, { args: [act] });
      expect(await server.ended(releaseId, 'aborted')).toMatchObject({ ended: 'aborted' });
      expect(movesOf(service)).toEqual(['version 1, 5 % to version new', 'version 1 alone']);
    }
  });

  test('is refused once the last move is under way', async () => {
    const { releaseId } = await begin({ plan: plan([]), stuck: 'moveAlias' });
    await server.world.until(releaseId, ({ stages }) => stages.some(({ stage }) => stage === 'promote'));
    const late = await refusal(server.release(releaseId).executeUpdate(abortUpdate, { args: [act] }));
    expect(late).toMatchObject({ type: 'conflict' });
    server.world.letGo(releaseId);
    expect(await server.ended(releaseId)).toMatchObject({ ended: 'promoted' });
  });
});

describe.concurrent('failure', () => {
  for (const activity of [
    'prepareSource',
    'buildFunction',
    'packageRelease',
    'publishService',
    'smoke',
  ] as const)
    test(`of ${activity} fails the release before any traffic moves`, async () => {
      const { releaseId, service } = await begin({ fails: { activity, type: FAILURES.buildFailed } });
      expect(await server.ended(releaseId, activity === 'smoke' ? 'failed' : undefined)).toMatchObject({
        ended: 'failed',
      });
      expect(movesOf(service)).toEqual([]);
      const failed = server.world.find(releaseId, 'stage-failed');
      expect(failed).toMatchObject({ logTail: ['the last line'] });
      expect(server.world.progress(releaseId)).toMatchObject({ state: 'failed', reason: failed?.stage });
    });

  for (const activity of ['deployService', 'publishService', 'runHook'] as const)
    test(`of ${activity} may be tried again: nothing is built or packaged once more`, async () => {
      const withHook = {
        ...plan([step(0.05)]),
        hooks: { before: [MIGRATE], after: [] },
      };
      const script = { plan: withHook, fails: { activity, type: FAILURES.invalid } } as const;
      const { project, releaseId, service } = await begin(script);
      expect(await server.ended(releaseId)).toMatchObject({ ended: 'failed' });
      expect(movesOf(service)).toEqual([]);
      const seq = server.world.events.get(releaseId)?.at(-1)?.seq ?? 0;
      server.world.scripts.set(releaseId, { ...HEALTHY, services: [service], plan: withHook });
      await server.push(project, releaseId, { attempt: 2, nextSeq: seq + 1 });
      await server.world.until(releaseId, ({ state }) => state === 'promoted');
      const scheduled = (await scheduledOf(releaseId)).map(({ activityType }) => activityType?.name);
      expect(scheduled).toContain(activity);
      expect(scheduled).not.toContain('buildFunction');
      expect(scheduled).not.toContain('packageRelease');
      const stages = server.world.progress(releaseId).stages;
      for (const stage of ['build', 'package'])
        expect(stages.find((one) => one.stage === stage)?.summary).toContain('kept');
    });

  test('may be tried again: what was packaged is kept, and the history goes on', async () => {
    const script = { fails: { activity: 'smoke', type: FAILURES.verifyFailed } } as const;
    const { project, releaseId, service } = await begin(script);
    await server.ended(releaseId);
    const seq = server.world.events.get(releaseId)?.at(-1)?.seq ?? 0;
    server.world.scripts.set(releaseId, { ...HEALTHY, services: [service] });
    await server.push(project, releaseId, { attempt: 2, nextSeq: seq + 1 });
    await server.world.until(releaseId, ({ state }) => state === 'promoted');
    await server.release(releaseId).result();
    await server.keepHistory('promoted.retried', server.release(releaseId).workflowId);
    const seqs = server.world.events.get(releaseId)?.map((event) => event.seq) ?? [];
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    const stages = server.world.progress(releaseId).stages;
    expect(stages.find(({ stage }) => stage === 'build')?.summary).toContain('kept');
    expect(server.world.find(releaseId, 'failed')).toMatchObject({ stage: 'verify' });
    // The same hand-over again is known.
    await server.push(project, releaseId, { attempt: 2, nextSeq: seq + 1 });
    expect(await server.lane(project).query(laneQuery)).toEqual({ running: null, waiting: [] });
  });

  test('an alias that somebody else moved is not overwritten — the release waits for a person', async () => {
    const { releaseId, service } = await begin({ plan: plan([step(0.05, 100), step(0.5)]) });
    await server.world.until(releaseId, ({ traffic }) => traffic.length > 0);
    server.world.aliases.set(service, { main: '1', additional: { version: '2', weight: 0.8 } });
    await server.world.until(releaseId, ({ state }) => state === 'paused');
    expect(server.world.progress(releaseId).reason).toBe('changed-outside');
    await server
      .release(releaseId)
      .executeUpdate(abortUpdate, { args: [{ actor: person('ann'), comment: '' }] });
    expect(await server.ended(releaseId, 'changed-outside')).toMatchObject({ ended: 'aborted' });
    expect(server.world.aliases.get(service)).toMatchObject({ additional: { weight: 0.8 } });
  });
});

describe.concurrent('lane', () => {
  test('runs one at a time; the newest waiting release supersedes the older, with links', async () => {
    const { project, releaseId: a, service } = await begin({ plan: plan([step(0.05, 300)]) });
    await server.world.until(a, ({ traffic }) => traffic.length > 0);
    const [b, c] = [randomUUID(), randomUUID()];
    for (const id of [b, c]) {
      server.world.scripts.set(id, { ...HEALTHY, services: [service] });
      await server.push(project, id);
    }
    await server.world.until(b, ({ state }) => state === 'superseded');
    await server.world.until(c, ({ reason }) => reason !== null);
    expect(server.world.progress(b).supersededBy).toBe(c);
    expect(server.world.progress(c)).toMatchObject({ state: 'queued', reason: 'behind', behind: a });
    expect(await server.lane(project).query(laneQuery)).toEqual({ running: a, waiting: [c] });
    expect(await server.ended(a)).toMatchObject({ ended: 'promoted' });
    await server.world.until(c, ({ state }) => state === 'promoted');
    await server.keepHistory('lane.superseded', server.lane(project).workflowId);
    expect(server.world.done.filter((line) => line.includes(b))).toEqual([]);
  });

  test('publishes a service that two projects share one after the other, and says who has it', async () => {
    const first = await begin({ stuck: 'publishService' });
    await server.world.until(first.releaseId, ({ stages }) =>
      stages.some(({ stage }) => stage === 'publish'),
    );
    const project = `p-${randomUUID().slice(0, 8)}`;
    const second = randomUUID();
    server.world.scripts.set(second, { ...HEALTHY, services: [first.service] });
    await server.push(project, second);
    await server.world.until(second, ({ reason }) => reason === 'service-locked');
    expect(server.world.progress(second)).toMatchObject({
      state: 'running',
      message: `service ${first.service} is being published by ${first.releaseId}`,
    });
    server.world.letGo(first.releaseId);
    await server.world.until(second, ({ reason }) => reason === null);
    const { done } = server.world;
    await server.world.until(second, () => done.includes(`publish ${first.service} ${second}`));
    const order = [`publish ${first.service} ${first.releaseId}`, `deploy ${first.service} ${second}`];
    expect(done.filter((line) => order.includes(line))).toEqual(order);
  });

  test('runs a release once, however often it is handed over', async () => {
    const { project, releaseId, service } = await begin({ plan: plan([step(0.05, 50)]) });
    await Promise.all(Array.from({ length: 4 }, () => server.push(project, releaseId)));
    await server.ended(releaseId);
    await server.push(project, releaseId);
    expect(server.world.done.filter((line) => line === `publish ${service} ${releaseId}`)).toHaveLength(1);
    expect(await server.lane(project).query(laneQuery)).toEqual({ running: null, waiting: [] });
  });

  test('rolls back at a word: ends the running release as aborted, then moves the alias, then goes on', async () => {
    const { project, releaseId, service } = await begin({ plan: plan([step(0.05, 60_000)]) });
    await server.world.until(releaseId, ({ traffic }) => traffic.length > 0);
    const next = randomUUID();
    server.world.scripts.set(next, { ...HEALTHY, services: [service] });
    const answer = await server.lane(project).executeUpdate(rollbackUpdate, {
      args: [
        { actor: person('op'), comment: 'pager', targets: [{ service, version: '7' }], afterOverride: 0 },
      ],
    });
    expect(answer).toEqual({ outcome: 'rolled-back' });
    expect(server.world.progress(releaseId)).toMatchObject({ state: 'aborted' });
    expect(server.world.aliases.get(service)).toEqual({ main: '7', additional: null });
    await server.push(project, next);
    await server.world.until(next, ({ state }) => state === 'promoted');
    await server.keepHistory('lane.rolled-back', server.lane(project).workflowId);
    expect(server.world.done.some((line) => line.startsWith(`restore ${service} to 7`))).toBe(true);
  });

  test('refuses a rollback by a role that is too low', async () => {
    const { project, releaseId, service } = await begin();
    await server.ended(releaseId);
    const low = await refusal(
      server.lane(project).executeUpdate(rollbackUpdate, {
        args: [
          {
            actor: person('dev', 'developer'),
            comment: '',
            targets: [{ service, version: '1' }],
            afterOverride: 0,
          },
        ],
      }),
    );
    expect(low).toMatchObject({ type: 'forbidden' });
  });
});
