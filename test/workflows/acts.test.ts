import { randomUUID } from 'node:crypto';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Look } from '../../src/domain/analysis/look.ts';
import { FAILURES } from '../../src/domain/release/failures.ts';
import type { Role } from '../../src/domain/release/states.ts';
import {
  abortUpdate,
  aliasSignal,
  approveUpdate,
  freezeSignal,
  lookSignal,
  pauseUpdate,
  promoteUpdate,
  rejectUpdate,
  replaceSignal,
  resumeUpdate,
  skipUpdate,
  takeOverUpdate,
  yieldUpdate,
  type PersonsAct,
} from '../../src/workflows/messages.ts';
import { APPROVAL, HEALTHY, plan, step, UNDECIDED_LOOK, type Script } from './fake-world.ts';
import { startWorkflowServer, type WorkflowServer } from './workflow-server.ts';

let server: WorkflowServer;
beforeAll(async () => {
  server = await startWorkflowServer();
}, 60_000);
afterAll(() => server?.close());

/** A release of a project with version 1 live. */
async function begin(script: Partial<Script> = {}) {
  const project = `p-${randomUUID().slice(0, 8)}`;
  const releaseId = randomUUID();
  const services = script.services?.map((name) => `${name}-${project}`) ?? [`svc-${project}`];
  for (const service of services) server.world.live(service);
  server.world.scripts.set(releaseId, { ...HEALTHY, ...script, services });
  await server.push(project, releaseId);
  const handle = server.release(releaseId);
  const { world } = server;
  return {
    releaseId,
    service: services[0] ?? '',
    services,
    handle,
    progress: () => world.progress(releaseId),
    until: (isSo: Parameters<typeof world.until>[1]) => world.until(releaseId, isSo),
    look: async (look: Partial<Look>) => {
      const full = { ...UNDECIDED_LOOK, ...look };
      world.looks.set(releaseId, full);
      await handle.signal(lookSignal, full);
    },
    ended: (fixture?: string) => server.ended(releaseId, fixture),
  };
}

function movesOf(service: string): string[] {
  return server.world.moves
    .filter((move) => move.startsWith(`${service}: `))
    .map((move) => move.slice(service.length + 2).replaceAll(/version (?!1\b)\d+/g, 'version new'));
}

function act(name = 'bob', role: Role = 'release-manager'): PersonsAct {
  return { actor: { kind: 'person', name, role }, comment: 'because' };
}

async function refusal(call: Promise<unknown>): Promise<unknown> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause instanceof ApplicationFailure))
    throw new Error(`expected a refused update, got ${String(error)}`);
  return (error.cause.details?.[0] as { code?: string } | undefined)?.code;
}

const LONG = { plan: plan([step(0.05, 60_000), step(0.5, 60_000)]) };
const inStep = (index: number) => (progress: ReturnType<WorkflowServer['world']['progress']>) =>
  progress.steps.some((one) => one.step === index) && progress.traffic.length > 0;

describe.concurrent('pause', () => {
  test('keeps the traffic where it is until somebody resumes — time alone moves nothing', async () => {
    const release = await begin({ plan: plan([step(0.05, 200), step(0.5, 10)]) });
    await release.until(inStep(0));
    expect(await release.handle.executeUpdate(pauseUpdate, { args: [act()] })).toEqual({ outcome: 'paused' });
    expect(release.progress()).toMatchObject({
      state: 'paused',
      reason: 'person',
      message: 'paused by bob: because',
    });
    // A timer of the plan's own hold has run out when a second one of the same length has.
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(movesOf(release.service)).toEqual(['version 1, 5 % to version new']);
    expect(await refusal(release.handle.executeUpdate(pauseUpdate, { args: [act()] }))).toBe(
      'already-paused',
    );
    await release.handle.executeUpdate(resumeUpdate, { args: [act()] });
    expect(await release.ended('promoted.paused')).toMatchObject({ ended: 'promoted' });
  });

  test('does not stop the watch: harm takes a paused release back', async () => {
    const release = await begin(LONG);
    await release.until(inStep(0));
    await release.handle.executeUpdate(pauseUpdate, { args: [act('dev', 'developer')] });
    server.world.harm(release.releaseId);
    expect(await release.ended()).toMatchObject({ ended: 'rolled-back' });
    expect(movesOf(release.service).at(-1)).toBe('version 1 alone');
  });

  test('before the steps keeps the first weight back, and an approval may be decided meanwhile', async () => {
    const release = await begin({ plan: plan([step(0.05, 10, APPROVAL)]), stuck: 'smoke' });
    await release.until(({ stages }) => stages.some(({ stage }) => stage === 'verify'));
    await release.handle.executeUpdate(pauseUpdate, { args: [act()] });
    server.world.letGo(release.releaseId);
    await release.until(({ stages }) => stages.some(({ stage }) => stage === 'gray'));
    expect(movesOf(release.service)).toEqual([]);
    await release.handle.executeUpdate(resumeUpdate, { args: [act()] });
    await release.until(({ state }) => state === 'waiting-approval');
    await release.handle.executeUpdate(pauseUpdate, { args: [act()] });
    await release.handle.executeUpdate(approveUpdate, { args: [{ ...act(), step: 0, evidence: null }] });
    expect(release.progress().state).toBe('paused');
    await release.handle.executeUpdate(resumeUpdate, { args: [act()] });
    expect(await release.ended()).toMatchObject({ ended: 'promoted' });
  });

  test('may be aborted, and a release that nobody paused cannot be resumed', async () => {
    const release = await begin(LONG);
    await release.until(inStep(0));
    expect(await refusal(release.handle.executeUpdate(resumeUpdate, { args: [act()] }))).toBe('not-paused');
    expect(await refusal(release.handle.executeUpdate(pauseUpdate, { args: [act('v', 'viewer')] }))).toBe(
      'role-needed',
    );
    await release.handle.executeUpdate(pauseUpdate, { args: [act()] });
    await release.handle.executeUpdate(abortUpdate, { args: [act()] });
    expect(await release.ended()).toMatchObject({ ended: 'aborted' });
  });
});

describe.concurrent('hurry', () => {
  test('skip leaves out the rest of a hold, not the approval after it', async () => {
    const release = await begin({ plan: plan([step(0.05, 60_000, APPROVAL), step(0.5, 60_000)]) });
    await release.until(inStep(0));
    const skip = { ...act(), step: 0 };
    expect(await refusal(release.handle.executeUpdate(skipUpdate, { args: [{ ...skip, step: 1 }] }))).toBe(
      'other-step',
    );
    await release.handle.executeUpdate(skipUpdate, { args: [skip] });
    await release.until(({ state }) => state === 'waiting-approval');
    expect(await refusal(release.handle.executeUpdate(skipUpdate, { args: [skip] }))).toBe('approval-open');
    await release.handle.executeUpdate(approveUpdate, { args: [{ ...act(), step: 0, evidence: null }] });
    await release.until(inStep(1));
    await release.handle.executeUpdate(skipUpdate, { args: [{ ...act(), step: null }] });
    expect(await release.ended('promoted.skipped')).toMatchObject({ ended: 'promoted' });
    expect(movesOf(release.service)).toHaveLength(3);
  });

  test('promote goes to 100 % past all that is left, and closes an open question', async () => {
    const release = await begin({ plan: plan([step(0.05, 10, APPROVAL), step(0.5, 60_000, APPROVAL)]) });
    await release.until(({ state }) => state === 'waiting-approval');
    await release.handle.executeUpdate(promoteUpdate, { args: [act()] });
    expect(await release.ended('promoted.now')).toMatchObject({ ended: 'promoted' });
    expect(movesOf(release.service)).toEqual(['version 1, 5 % to version new', 'version new alone']);
    expect(release.progress().approvals).toMatchObject([{ outcome: 'overtaken' }]);
  });

  test('promote takes what the steps that are left ask for — it is their approval', async () => {
    const strict = { ...APPROVAL, role: 'admin' as const };
    const release = await begin({ plan: plan([step(0.05, 60_000), step(0.5, 0, strict)]) });
    await release.until(inStep(0));
    expect(await refusal(release.handle.executeUpdate(promoteUpdate, { args: [act()] }))).toBe('role-needed');
    const author = await begin({ plan: plan([step(0.05, 60_000, { ...APPROVAL, notAuthor: true })]) });
    await author.until(inStep(0));
    expect(await refusal(author.handle.executeUpdate(promoteUpdate, { args: [act('ann')] }))).toBe(
      'author-may-not',
    );
    const two = await begin({ plan: plan([step(0.05, 60_000, { ...APPROVAL, count: 2 })]) });
    await two.until(inStep(0));
    expect(await refusal(two.handle.executeUpdate(promoteUpdate, { args: [act()] }))).toBe(
      'approvals-needed',
    );
    for (const one of [release, author, two]) {
      await one.handle.executeUpdate(abortUpdate, { args: [act()] });
      await one.ended();
    }
  });

  test('a healthy verdict of this step ends its hold where the plan says so — an older one does not', async () => {
    const early = { ...plan([step(0.05, 60_000), step(0.5, 60_000)]), advance: 'early' as const };
    const release = await begin({ plan: early });
    await release.until(inStep(0));
    await release.look({ verdict: 'healthy', cause: null, step: 0 });
    await release.until(inStep(1));
    await release.look({ verdict: 'healthy', cause: null, step: 0, number: 2 });
    await release.look({ verdict: 'healthy', cause: null, step: 1, number: 3 });
    expect(await release.ended('promoted.early')).toMatchObject({ ended: 'promoted' });

    const timed = await begin({ plan: plan([step(0.05, 150), step(0.5, 10)]) });
    await timed.until(inStep(0));
    await timed.look({ verdict: 'healthy', cause: null, step: 0 });
    expect(timed.progress().steps).toHaveLength(1);
    await timed.ended();
  });
});

describe.concurrent('a hold without evidence', () => {
  const patient = { ...plan([step(0.05, 20)]), extensionMs: 60_000 };
  const brief = { ...plan([step(0.05, 20)]), extensionMs: 50 };

  for (const cause of ['no-canary-traffic', 'no-metrics'] as const) {
    test(`(${cause}) goes on, then asks a person; nothing is promoted or taken back by itself`, async () => {
      const release = await begin({ plan: brief, stuck: 'smoke' });
      await release.until(({ stages }) => stages.some(({ stage }) => stage === 'verify'));
      server.world.looks.set(release.releaseId, { ...UNDECIDED_LOOK, cause, sentence: 'nothing was seen' });
      server.world.letGo(release.releaseId);
      await release.until(({ state }) => state === 'waiting-approval');
      expect(release.progress()).toMatchObject({ reason: cause });
      expect(release.progress().message).toContain('nothing was seen');
      expect(server.world.find(release.releaseId, 'hold-extended')).toMatchObject({ step: 0, cause });
      expect(movesOf(release.service)).toEqual(['version 1, 5 % to version new']);
      // Nothing has come back by then, so nobody is told so.
      expect(server.world.types(release.releaseId)).not.toContain('cleared');
      expect(release.progress()).toMatchObject({ until: null, approvals: [{ until: null, outcome: null }] });
      await release.handle.executeUpdate(rejectUpdate, { args: [{ ...act(), step: 0, evidence: null }] });
      expect(await release.ended(`rejected.asked-${cause}`)).toMatchObject({ ended: 'rejected' });
    });
  }

  test('goes on by itself when the evidence comes after all, and holds as long as planned with it', async () => {
    const release = await begin({ plan: patient, stuck: 'smoke' });
    await release.until(({ stages }) => stages.some(({ stage }) => stage === 'verify'));
    server.world.looks.set(release.releaseId, { ...UNDECIDED_LOOK, cause: 'no-canary-traffic' });
    server.world.letGo(release.releaseId);
    await release.until(({ reason }) => reason === 'no-canary-traffic');
    expect(release.progress()).toMatchObject({ state: 'running', verdict: null });
    expect(release.progress().until).toBeGreaterThan(0);
    await release.look({ number: 9, cause: 'too-few' });
    expect(await release.ended('promoted.evidence-late')).toMatchObject({ ended: 'promoted' });
    expect(server.world.types(release.releaseId)).toContain('cleared');
  });

  test('an open question is overtaken by evidence; a skip ends the extended hold', async () => {
    const asked = await begin({ plan: brief, stuck: 'smoke' });
    const skipped = await begin({ plan: patient, stuck: 'smoke' });
    for (const release of [asked, skipped]) {
      await release.until(({ stages }) => stages.some(({ stage }) => stage === 'verify'));
      server.world.looks.set(release.releaseId, { ...UNDECIDED_LOOK, cause: 'no-canary-traffic' });
      server.world.letGo(release.releaseId);
    }
    await asked.until(({ state }) => state === 'waiting-approval');
    await asked.look({ number: 9, cause: 'too-few' });
    expect(await asked.ended()).toMatchObject({ ended: 'promoted' });
    expect(asked.progress().approvals).toMatchObject([{ outcome: 'overtaken', reason: 'no-canary-traffic' }]);
    await skipped.until(({ reason }) => reason === 'no-canary-traffic');
    await skipped.handle.executeUpdate(skipUpdate, { args: [{ ...act(), step: null }] });
    expect(await skipped.ended()).toMatchObject({ ended: 'promoted' });
  });

  test('both versions bad: a person is asked at once, in the middle of the hold', async () => {
    const release = await begin(LONG);
    await release.until(inStep(0));
    await release.look({ cause: 'both-bad', sentence: 'both are bad' });
    await release.until(({ state }) => state === 'waiting-approval');
    expect(release.progress()).toMatchObject({ reason: 'both-bad', message: 'both are bad' });
    await release.handle.executeUpdate(approveUpdate, { args: [{ ...act(), step: 0, evidence: null }] });
    expect(release.progress()).toMatchObject({ state: 'running' });
    await release.handle.executeUpdate(promoteUpdate, { args: [act()] });
    expect(await release.ended('promoted.both-bad')).toMatchObject({ ended: 'promoted' });
  });
});

describe.concurrent('an alias that somebody else moved', () => {
  const EIGHTY = { main: '1', additional: { version: '2', weight: 0.8 } };

  test('is found between two moves; take-over sets it as planned again', async () => {
    const release = await begin(LONG);
    await release.until(inStep(0));
    server.world.aliases.set(release.service, EIGHTY);
    await release.handle.signal(aliasSignal, { service: release.service });
    await release.until(({ state }) => state === 'paused');
    expect(release.progress()).toMatchObject({ reason: 'changed-outside' });
    expect(server.world.aliases.get(release.service)).toEqual(EIGHTY);
    expect(await refusal(release.handle.executeUpdate(pauseUpdate, { args: [act()] }))).toBe('release-ended');
    expect(
      await refusal(release.handle.executeUpdate(takeOverUpdate, { args: [act('dev', 'developer')] })),
    ).toBe('role-needed');
    await release.handle.executeUpdate(takeOverUpdate, { args: [act()] });
    await release.until(({ state }) => state === 'running');
    await release.handle.executeUpdate(promoteUpdate, { args: [act()] });
    expect(await release.ended('promoted.taken-over')).toMatchObject({ ended: 'promoted' });
    expect(movesOf(release.service)).toEqual([
      'version 1, 5 % to version new',
      'version 1, 5 % to version new',
      'version new alone',
    ]);
  });

  test('is left by yield: the release ends, and takes back only what is its own', async () => {
    const release = await begin({ ...LONG, services: ['a', 'b'] });
    await release.until(({ traffic }) => traffic.length === 2);
    const [a = '', b = ''] = release.services;
    server.world.aliases.set(a, EIGHTY);
    await release.handle.signal(aliasSignal, { service: a });
    await release.until(({ state }) => state === 'paused');
    await release.handle.executeUpdate(yieldUpdate, { args: [act('dev', 'developer')] });
    expect(await release.ended('aborted.yielded')).toMatchObject({ ended: 'aborted' });
    expect(server.world.aliases.get(a)).toEqual(EIGHTY);
    expect(movesOf(b).at(-1)).toBe('version 1 alone');
  });

  test('was not moved at all: a false alarm changes nothing', async () => {
    const release = await begin(LONG);
    await release.until(inStep(0));
    await release.handle.signal(aliasSignal, { service: release.service });
    await release.handle.executeUpdate(promoteUpdate, { args: [act()] });
    expect(await release.ended()).toMatchObject({ ended: 'promoted' });
    expect(server.world.types(release.releaseId)).not.toContain('paused');
    expect(movesOf(release.service)).toHaveLength(2);
  });

  test('is not overwritten by a rollback either', async () => {
    const release = await begin(LONG);
    await release.until(inStep(0));
    server.world.aliases.set(release.service, EIGHTY);
    server.world.harm(release.releaseId);
    await release.until(({ reason }) => reason === 'changed-outside');
    expect(server.world.aliases.get(release.service)).toEqual(EIGHTY);
    await release.handle.executeUpdate(takeOverUpdate, { args: [act()] });
    expect(await release.ended('rolled-back.taken-over')).toMatchObject({ ended: 'rolled-back' });
    expect(movesOf(release.service).at(-1)).toBe('version 1 alone');
  });

  test('nobody can take over what nobody changed', async () => {
    const release = await begin(LONG);
    await release.until(inStep(0));
    for (const update of [takeOverUpdate, yieldUpdate])
      expect(await refusal(release.handle.executeUpdate(update, { args: [act()] }))).toBe(
        'not-changed-outside',
      );
    await release.handle.executeUpdate(abortUpdate, { args: [act()] });
    await release.ended();
  });
});

describe.concurrent('a stable version that is gone when it is needed', () => {
  const fails = {
    activity: 'moveAlias',
    type: FAILURES.versionGone,
    message: 'version 1 does not exist any more; the newest before it is 0',
    detail: { version: '1', older: '0' },
  } as const;
  const gone = (releaseId: string) => {
    const script = server.world.scripts.get(releaseId) ?? HEALTHY;
    server.world.scripts.set(releaseId, { ...script, fails });
  };
  const back = (releaseId: string) => {
    const script = server.world.scripts.get(releaseId) ?? HEALTHY;
    server.world.scripts.set(releaseId, { ...script, fails: null });
  };

  test('leaves the canary where it is with an alarm, and tries again at a word', async () => {
    const release = await begin(LONG);
    await release.until(inStep(0));
    gone(release.releaseId);
    server.world.harm(release.releaseId);
    await release.until(({ reason }) => reason === 'stable-gone');
    expect(release.progress()).toMatchObject({ state: 'paused' });
    expect(release.progress().message).toContain('version 1 does not exist any more');
    expect(movesOf(release.service)).toEqual(['version 1, 5 % to version new']);
    back(release.releaseId);
    await release.handle.executeUpdate(takeOverUpdate, { args: [act()] });
    expect(await release.ended('rolled-back.stable-gone')).toMatchObject({ ended: 'rolled-back' });
  });

  test('may be left so by yield, and an older version is taken only where the plan permits it', async () => {
    const left = await begin(LONG);
    await left.until(inStep(0));
    gone(left.releaseId);
    server.world.harm(left.releaseId);
    await left.until(({ reason }) => reason === 'stable-gone');
    await left.handle.executeUpdate(yieldUpdate, { args: [act()] });
    expect(await left.ended()).toMatchObject({ ended: 'aborted' });
    expect(server.world.aliases.get(left.service)).toMatchObject({ additional: { weight: 0.05 } });

    const permitted = await begin({ plan: { ...LONG.plan, stableGone: 'newest-older' } });
    await permitted.until(inStep(0));
    server.world.gone.set(permitted.service, { version: '1', older: '0' });
    server.world.harm(permitted.releaseId);
    expect(await permitted.ended('rolled-back.older')).toMatchObject({ ended: 'rolled-back' });
    expect(server.world.aliases.get(permitted.service)).toEqual({ main: '0', additional: null });
  });
});

describe.concurrent('the lane', () => {
  test('holds a release under way in a freeze, beside a pause of a person', async () => {
    const release = await begin({ plan: plan([step(0.05, 10), step(0.5, 10)]), stuck: 'smoke' });
    await release.until(({ stages }) => stages.some(({ stage }) => stage === 'verify'));
    const until = Date.now() + 60_000;
    await release.handle.signal(freezeSignal, { freeze: { reason: 'holidays', until, underWay: 'hold' } });
    server.world.letGo(release.releaseId);
    await release.until(({ reason }) => reason === 'freeze');
    expect(release.progress()).toMatchObject({ state: 'paused', message: 'holidays', until });
    expect(await refusal(release.handle.executeUpdate(resumeUpdate, { args: [act()] }))).toBe('frozen');
    await release.handle.executeUpdate(pauseUpdate, { args: [act()] });
    await release.handle.signal(freezeSignal, { freeze: null });
    await release.until(({ reason }) => reason === 'person');
    expect(movesOf(release.service)).toEqual([]);
    await release.handle.executeUpdate(resumeUpdate, { args: [act()] });
    expect(await release.ended('promoted.frozen')).toMatchObject({ ended: 'promoted' });
  });

  test('takes a release back for a freeze that says so', async () => {
    const release = await begin(LONG);
    await release.until(inStep(0));
    const freeze = { reason: 'holidays', until: null, underWay: 'roll-back' as const };
    await release.handle.signal(freezeSignal, { freeze });
    expect(await release.ended('rolled-back.freeze')).toMatchObject({ ended: 'rolled-back' });
    expect(release.progress()).toMatchObject({ reason: 'freeze', rollbackCause: 'freeze' });
  });

  test('replaces a release by a newer one: the traffic goes back first, and the record names it', async () => {
    const release = await begin(LONG);
    await release.until(inStep(0));
    await release.handle.signal(replaceSignal, { by: 'newer' });
    expect(await release.ended('superseded')).toMatchObject({ ended: 'superseded' });
    expect(release.progress()).toMatchObject({ state: 'superseded', supersededBy: 'newer' });
    expect(movesOf(release.service).at(-1)).toBe('version 1 alone');
  });
});

describe.concurrent('one alias of several', () => {
  test.each([
    ['in a gray step', [step(0.05, 10)], ['version 1, 5 % to version new', 'version 1 alone']],
    ['at the promotion', [], ['version new alone', 'version 1 alone']],
  ] as const)(
    'that cannot be moved %s takes back those that were: all get the new version, or none',
    async (_, steps, moves) => {
      const release = await begin({ plan: plan([...steps]), services: ['a', 'b'], stuck: 'smoke' });
      await release.until(({ stages }) => stages.some(({ stage }) => stage === 'verify'));
      const [a = '', b = ''] = release.services;
      server.world.refused.add(b);
      server.world.letGo(release.releaseId);
      expect(await release.ended()).toMatchObject({ ended: 'rolled-back' });
      expect(release.progress()).toMatchObject({ rollbackCause: 'stage-failed' });
      expect(movesOf(a)).toEqual(moves);
      expect(movesOf(b)).toEqual([]);
      expect(server.world.aliases.get(b)).toEqual({ main: '1', additional: null });
    },
  );

  const bothMoved = (progress: ReturnType<WorkflowServer['world']['progress']>) =>
    progress.state === 'waiting-approval' && progress.traffic.length === 2;

  test('that a person moved past the workflow ends the release, and the others go back — none stays between steps', async () => {
    const release = await begin({ plan: plan([step(0.05, 10, APPROVAL), step(0.5)]), services: ['a', 'b'] });
    await release.until(bothMoved);
    const [a = '', b = ''] = release.services;
    server.world.overrides.set(a, { actor: 'op', comment: 'pager', version: '7' });
    server.world.aliases.set(a, { main: '7', additional: null });
    await release.handle.executeUpdate(approveUpdate, { args: [{ ...act(), step: 0, evidence: null }] });
    expect(await release.ended('aborted.others-back')).toMatchObject({ ended: 'aborted' });
    expect(server.world.aliases.get(a)).toEqual({ main: '7', additional: null });
    expect(server.world.aliases.get(b)).toEqual({ main: '1', additional: null });
    expect(release.progress().message).toContain('op set the alias to version 7: pager');
  });

  test('that is left to a person ends the release also where another was moved past the workflow, and closes the question', async () => {
    const release = await begin({ plan: plan([step(0.05, 10, APPROVAL), step(0.5)]), services: ['a', 'b'] });
    await release.until(bothMoved);
    const [a = '', b = ''] = release.services;
    server.world.overrides.set(b, { actor: 'op', comment: '', version: '7' });
    server.world.aliases.set(b, { main: '7', additional: null });
    server.world.aliases.set(a, { main: '9', additional: null });
    await release.handle.signal(aliasSignal, { service: a });
    await release.until(({ reason }) => reason === 'changed-outside');
    await release.handle.executeUpdate(yieldUpdate, { args: [act()] });
    expect(await release.ended('aborted.question-closed')).toMatchObject({ ended: 'aborted' });
    expect(release.progress().approvals).toMatchObject([{ outcome: 'overtaken' }]);
    expect([server.world.aliases.get(a)?.main, server.world.aliases.get(b)?.main]).toEqual(['9', '7']);
  });

  test('taken over by a person leaves a pause of before as it was, in the record too', async () => {
    const release = await begin(LONG);
    await release.until(inStep(0));
    await release.handle.executeUpdate(pauseUpdate, { args: [act('ann')] });
    const planned = server.world.aliases.get(release.service);
    server.world.aliases.set(release.service, { main: '9', additional: null });
    await release.handle.signal(aliasSignal, { service: release.service });
    await release.until(({ reason }) => reason === 'changed-outside');
    await release.handle.executeUpdate(takeOverUpdate, { args: [act()] });
    await release.until(({ reason }) => reason === 'person');
    expect(release.progress()).toMatchObject({ state: 'paused', message: 'paused by ann: because' });
    expect(server.world.aliases.get(release.service)).toEqual(planned);
    // A freeze that takes back is heard also while the alias is a person's to answer for.
    server.world.aliases.set(release.service, { main: '9', additional: null });
    await release.handle.signal(aliasSignal, { service: release.service });
    await release.until(({ reason }) => reason === 'changed-outside');
    await release.handle.signal(freezeSignal, {
      freeze: { reason: 'audit', until: null, underWay: 'roll-back' },
    });
    await release.until(({ rollbackCause }) => rollbackCause === 'freeze');
    await release.until(({ state }) => state === 'paused');
    await release.handle.executeUpdate(takeOverUpdate, { args: [act()] });
    expect(await release.ended('rolled-back.outside-frozen')).toMatchObject({ ended: 'rolled-back' });
    expect(server.world.aliases.get(release.service)).toEqual({ main: '1', additional: null });
  });
});
