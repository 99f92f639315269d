/**
 * What people do to a release that runs, and what a release does without people, through the public faces of a whole
 * Sluice: HTTP API, command line, and the aliases as Function Compute tells them.
 */
import { join } from 'node:path';
import type FC from '@alicloud/fc2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReleaseView, ReplayView } from '../../src/api/views.ts';
import { type Api } from '../support/api.ts';
import { startCustomers, type Customers } from '../support/customers.ts';
import { functionFiles } from '../support/function-files.ts';
import { createGitProject, type GitProject } from '../support/git-project.ts';
import { poll, type Stack } from '../support/stack.ts';
import { aliasOf } from '../support/sdk.ts';
import { startSluice } from '../support/sluice.ts';

let stack: Stack;
let api: Api;
let fc: FC;
beforeAll(async () => {
  ({ stack, api, fc } = await startSluice());
}, 120_000);
afterAll(() => stack?.stop(), 30_000);

/** A project whose version 1 is live, and its second push. */
async function secondPush(
  service: string,
  steps: readonly string[],
  more: readonly string[] = [],
): Promise<{ readonly project: GitProject; readonly id: string }> {
  const project = await createGitProject(api, join(stack.home, 'demo'), service);
  const files = (tag: string) => functionFiles({ service, handler: 'good', tag, steps, more });
  const first = await project.push(files('v1'), 'First');
  await api.until(first.id, ['promoted'], 60_000);
  const second = await project.push(files('v2'), 'Second');
  return { project, id: second.id };
}

function callers(service: string): Customers {
  return startCustomers({
    client: fc,
    service,
    alias: 'PROD',
    function: 'greet',
    perSecond: 20,
    most: 3_000,
  });
}

const alias = (service: string) => aliasOf(fc, service);

const untilWeight = (service: string, weight: number): Promise<void> =>
  poll(
    `${service} to give ${weight} to version 2`,
    async () => (await alias(service)).additionalVersionWeight['2'] === weight,
  );

/** What came before the watch's first reading does not count, so the harm goes on until it is taken back. */
async function poisonUntilBack(service: string): Promise<void> {
  const poison = Buffer.from(JSON.stringify({ poison: true }));
  await poll(`${service} to be taken back`, async () => {
    if ((await alias(service)).versionId === '1') return true;
    for (let call = 0; call < 5; call += 1)
      await fc.invokeFunction(service, 'greet', poison, {}, 'PROD', { rawBuf: true }).catch(() => undefined);
    return false;
  });
}

const act = (id: string, what: string, body: object = {}) => api.post(`/api/v1/releases/${id}/${what}`, body);

describe.concurrent('people beside a release', () => {
  test('nobody calls the function: the hold goes on, then a person is asked — never promoted or rolled back by itself', async () => {
    const { id } = await secondPush('quiet', ['{weight: 10%, hold: 3s}'], ['extension: 2s']);
    const asked = await api.until(id, ['waiting-approval'], 60_000);
    expect(asked).toMatchObject({
      reason: 'no-canary-traffic',
      verdict: { verdict: 'undecided', cause: 'no-canary-traffic' },
      // Nothing answers it but a person.
      approvals: [{ reason: 'no-canary-traffic', outcome: null, until: null }],
    });
    expect(await alias('quiet')).toEqual({ versionId: '1', additionalVersionWeight: { 2: 0.1 } });
    const told = await api.events(id);
    expect(told.map(({ event }) => event.type)).toContain('hold-extended');
    await act(id, 'approve', { step: 0, comment: 'nobody uses it at night' });
    await api.until(id, ['promoted'], 60_000);
    expect(await alias('quiet')).toMatchObject({ versionId: '2' });
  }, 180_000);

  test('pause, resume, skip and promote: the traffic goes where people say, and the record says who and why', async () => {
    const { id } = await secondPush('steered', ['{weight: 10%, hold: 1h}', '{weight: 50%, hold: 1h}']);
    await untilWeight('steered', 0.1);
    await act(id, 'pause', { comment: 'pager' });
    expect(await api.get<ReleaseView>(`/api/v1/releases/${id}`)).toMatchObject({
      state: 'paused',
      reason: 'person',
      sentence: 'paused by admin: pager',
    });
    await act(id, 'skip');
    expect((await alias('steered')).additionalVersionWeight).toEqual({ 2: 0.1 });
    await act(id, 'resume');
    await untilWeight('steered', 0.5);
    await act(id, 'promote', { comment: 'hotfix' });
    await api.until(id, ['promoted'], 60_000);
    expect((await api.events(id)).map(({ text }) => text)).toContain(
      'promoted past the remaining steps by admin: “hotfix”',
    );
  }, 180_000);

  test('a person who sets the weight by the FC API is not overwritten: the release stops and asks', async () => {
    const customers = callers('moved');
    const { id } = await secondPush('moved', ['{weight: 10%, hold: 1h}', '{weight: 50%, hold: 1s}']);
    await untilWeight('moved', 0.1);
    await fc.updateAlias('moved', 'PROD', '1', { additionalVersionWeight: { 2: 0.8 } }, {});
    const paused = await api.until(id, ['paused'], 30_000);
    expect(paused.reason).toBe('changed-outside');
    expect(paused.sentence).toContain(
      'expected version 1, 10 % to version 2, found version 1, 80 % to version 2',
    );
    expect((await alias('moved')).additionalVersionWeight).toEqual({ 2: 0.8 });
    await act(id, 'take-over', { comment: 'a mistake' });
    await untilWeight('moved', 0.1);

    await fc.updateAlias('moved', 'PROD', '1', { additionalVersionWeight: { 2: 0.7 } }, {});
    await api.until(id, ['paused'], 30_000);
    await act(id, 'yield', { comment: 'let it be' });
    expect((await api.until(id, ['aborted'], 30_000)).sentence).toContain(
      'the alias stays as it was set outside',
    );
    expect((await alias('moved')).additionalVersionWeight).toEqual({ 2: 0.7 });
    await customers.stop();
  }, 180_000);

  test('harm after the promotion: the bake time takes it back by itself, also after a newer push that failed, as a release of its own, and the commit is in quarantine', async () => {
    const customers = callers('baked');
    const project = await createGitProject(api, join(stack.home, 'demo'), 'baked');
    const files = (tag: string) =>
      functionFiles({ service: 'baked', handler: 'poisonable', tag, steps: ['{weight: 50%, hold: 2s}'] });
    const first = await project.push(files('v1'), 'First');
    await api.until(first.id, ['promoted'], 60_000);
    const second = await project.push(files('v2'), 'Second');
    const promoted = await api.until(second.id, ['promoted'], 60_000);
    expect(Date.parse(promoted.bakingUntil ?? '')).toBeGreaterThan(Date.now());
    await customers.stop();

    // A newer push that never gets traffic takes nothing over.
    const broken = { ...files('v3'), 'code/index.js': 'exports.handler = require("./is-not-there");\n' };
    const third = await project.push(broken, 'Third');
    await api.until(third.id, ['failed'], 60_000);

    await poisonUntilBack('baked');
    const { releases } = await api.get<{ releases: ReleaseView[] }>('/api/v1/releases?project=baked');
    const [back] = releases;
    expect(back).toMatchObject({ cause: 'bake', commit: promoted.commit });
    expect(await api.until(back?.id ?? '', ['rolled-back'], 30_000)).toMatchObject({ reason: 'bake' });
    const replay = await api.post<ReplayView>(`/api/v1/releases/${second.id}/replay`, {});
    expect(replay).toMatchObject({ same: true, unknown: [], now: { harmful: { step: null, weight: 1 } } });
    const { quarantine } = await api.get<{ quarantine: { commit: string; reason: string }[] }>(
      '/api/v1/quarantine?project=baked',
    );
    expect(quarantine).toMatchObject([{ commit: promoted.commit, reason: 'bake' }]);
  }, 180_000);

  test('harm while a hook after the last step runs: the release that all users have is watched, and goes back by itself', async () => {
    const customers = callers('hooked');
    const project = await createGitProject(api, join(stack.home, 'demo'), 'hooked');
    const files = (tag: string, hooks: string) =>
      functionFiles({
        service: 'hooked',
        handler: 'poisonable',
        tag,
        steps: ['{weight: 50%, hold: 2s}'],
        more: [`hooks: {after: [${hooks}]}`],
      });
    const first = await project.push(files('v1', ''), 'First');
    await api.until(first.id, ['promoted'], 60_000);
    const second = await project.push(files('v2', '{name: report, run: sleep 600, timeout: 20m}'), 'Second');
    await poll(
      'the second version to have all traffic',
      async () => (await alias('hooked')).versionId === '2',
    );
    await customers.stop();
    await poisonUntilBack('hooked');
    const back = await api.until(second.id, ['rolled-back'], 60_000);
    expect(back).toMatchObject({ rollbackCause: 'harmful', verdict: { metric: 'bake', verdict: 'harmful' } });
    expect(back.hooks).toMatchObject([
      { name: 'report', state: 'failed', summary: 'the release was stopped' },
    ]);
  }, 180_000);
});
