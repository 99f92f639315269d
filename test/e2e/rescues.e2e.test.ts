/**
 * Ways out of trouble, through public faces: a version that fails for everybody, a person's way back to any version, a fix
 * for a bad live version, and a secret that slipped into output. Projects are of one stack and run side by side.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type FC from '@alicloud/fc2';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { AuditEntryView, EventView, ReleaseView } from '../../src/api/views.ts';
import { type Api } from '../support/api.ts';
import { functionFiles } from '../support/function-files.ts';
import { createGitProject } from '../support/git-project.ts';
import { startLiveService, type LiveServiceOptions } from '../support/live-service.ts';
import { poll, type Stack } from '../support/stack.ts';
import { startSluice } from '../support/sluice.ts';

let stack: Stack;
let api: Api;
let fc: FC;
beforeAll(async () => {
  ({ stack, api, fc } = await startSluice());
}, 120_000);
afterAll(() => stack?.stop(), 30_000);

const END = 150_000;

const begin = (options: Omit<LiveServiceOptions, 'stack' | 'api' | 'fc'>) =>
  startLiveService({ stack, api, fc, ...options });

async function weights(id: string): Promise<number[]> {
  const told = await api.events(id);
  return told.flatMap(({ event }: EventView) => (event.type === 'traffic' ? [event.weight] : []));
}

describe.concurrent('trouble', () => {
  test('a version that fails for everybody goes back in its first step, with counts, rates, evidence, threshold and a sentence', async ({
    expect,
  }) => {
    const service = await begin({ service: 'hopeless', steps: ['{weight: 20%, hold: 1h}'] });
    const customers = service.customers();
    const { id } = await service.push('allFail', 'Hopeless');
    const { verdict, rollbackCause } = await api.until(id, ['rolled-back'], END);
    await customers.stop();
    expect(rollbackCause).toBe('harmful');
    expect(verdict).toMatchObject({ verdict: 'harmful', step: 0 });
    expect(verdict?.canaryTotal.failures).toBe(verdict?.canaryTotal.requests);
    expect(verdict?.canaryTotal.failures).toBeGreaterThanOrEqual(3);
    expect(verdict?.stableTotal.failures).toBe(0);
    expect(verdict).toMatchObject({ canaryRate: 1, stableRate: 0 });
    expect(Number.isFinite(verdict?.logEvidence)).toBe(true);
    expect(verdict?.logThreshold).toBeGreaterThan(0);
    expect(verdict?.sentence).toMatch(/canary .*failures/);
    expect(await weights(id)).toEqual([0.2, 0]);
    expect(await service.alias()).toEqual({ main: '1', others: {} });
  });

  test('a person goes back to any version in one call: no steps, the running release ends first, and no webhook brings the commit again', async ({
    expect,
  }) => {
    const service = await begin({
      service: 'regretted',
      steps: ['{weight: 50%, hold: 1h}'],
      more: ['bake: 0s'],
    });
    for (const message of ['Second', 'Third']) {
      const { id } = await service.push('good', message);
      const other = message === 'Second' ? '2' : '3';
      await service.untilWeight(other, 0.5);
      await api.post(`/api/v1/releases/${id}/promote`, { comment: 'quick' });
      await api.until(id, ['promoted'], END);
    }
    const running = await service.push('good', 'Fourth');
    await service.untilWeight('4', 0.5);

    const outcome = await api.post<{ pending: boolean; release: string }>(
      '/api/v1/environments/regretted.production/rollback',
      {
        version: 1,
        comment: 'prices are wrong since Tuesday',
      },
    );
    expect(outcome.pending).toBe(false);
    expect(await service.alias()).toEqual({ main: '1', others: {} });
    const aborted = await api.until(running.id, ['aborted'], END);
    const sentence = 'by admin, to version 1 of regretted: prices are wrong since Tuesday';
    expect(await api.until(outcome.release, ['rolled-back'], END)).toMatchObject({
      cause: 'rollback',
      startedBy: 'admin',
      rollbackCause: 'person',
      sentence,
      commit: aborted.commit,
    });
    // The release under way ended before the rollback moved anything.
    const [move] = (await api.events(outcome.release)).filter(({ event }) => event.type === 'traffic');
    const end = (await api.events(running.id)).find(({ event }) => event.type === 'aborted');
    expect(end?.id).toBeLessThan(move?.id ?? 0);
    expect(await weights(outcome.release)).toHaveLength(1);
    const { entries } = await api.get<{ entries: AuditEntryView[] }>('/api/v1/audit');
    expect(entries.find(({ target }) => target === 'environment:regretted.production')).toMatchObject({
      action: 'environment.rollback',
      actor: 'admin',
      outcome: 'ok',
      detail: { comment: 'prices are wrong since Tuesday', version: '1' },
    });

    const { project } = service;
    const { commit, ref } = aborted;
    const body = JSON.stringify({
      ref,
      commit,
      before: '',
      message: 'again',
      pushedAt: new Date().toISOString(),
    });
    const answer = await fetch(project.webhook, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'x-sluice-signature': `sha256=${createHmac('sha256', project.secret).update(body).digest('hex')}`,
        'x-sluice-delivery': randomUUID(),
      },
    });
    expect(answer.status).toBe(202);
    expect(await answer.json()).toMatchObject({ ignored: true });
    expect(await service.alias()).toEqual({ main: '1', others: {} });
  });

  test('a stable version that somebody deleted is nowhere to go back to: the canary keeps its share until a person decides, and nothing points at what is missing', async ({
    expect,
  }) => {
    const service = await begin({ service: 'bereft', steps: ['{weight: 50%, hold: 1h}'] });
    const { id } = await service.push('good', 'Second');
    await service.untilWeight('2', 0.5);
    await deleteStable('bereft', { stable: '1', canary: '2' });
    await untilPaused(id, 'changed-outside');
    await api.post(`/api/v1/releases/${id}/take-over`, { comment: 'set it as planned' });
    const gone = await untilPaused(id, 'stable-gone');
    expect(gone.sentence).toContain('version 1 of bereft does not exist any more');
    expect(gone.sentence).toContain('version 2 keeps its share');
    expect(await service.alias()).toEqual({ main: '2', others: {} });
    await api.post(`/api/v1/releases/${id}/yield`, { comment: 'it is good anyway' });
    const ended = await api.until(id, ['aborted'], END);
    expect(ended.sentence).toContain('ended by admin (it is good anyway)');
    expect(await service.alias()).toEqual({ main: '2', others: {} });
  });

  test('where the plan permits it, the newest version before a deleted one takes its place', async ({
    expect,
  }) => {
    const more = ['stableGone: newest-older', 'bake: 0s'];
    const service = await begin({ service: 'inherited', steps: ['{weight: 50%, hold: 1h}'], more });
    const second = await service.push('good', 'Second');
    await service.untilWeight('2', 0.5);
    await api.post(`/api/v1/releases/${second.id}/promote`, { comment: 'quick' });
    await api.until(second.id, ['promoted'], END);
    const { id } = await service.push('good', 'Third');
    await service.untilWeight('3', 0.5);
    await deleteStable('inherited', { stable: '2', canary: '3' });
    await untilPaused(id, 'changed-outside');
    await api.post(`/api/v1/releases/${id}/take-over`, { comment: 'set it as planned' });
    const back = await api.until(id, ['rolled-back'], END);
    expect(back.sentence).toContain('version 2 of inherited does not exist any more');
    expect(await service.alias()).toEqual({ main: '1', others: {} });
  });

  test('a fix for a live version that fails is let in early by the ordinary plan', async ({ expect }) => {
    const service = await begin({
      service: 'fixed',
      handler: 'thirdFails',
      steps: ['{weight: 50%, hold: 1h}'],
      more: ['advance: early', 'bake: 0s'],
    });
    const customers = service.customers({ perSecond: 40 });
    const { id } = await service.push('good', 'Hotfix');
    const promoted = await api.until(id, ['promoted'], END);
    await customers.stop();
    expect(promoted.verdict?.verdict).toBe('healthy');
    expect(promoted.approvals).toEqual([]);
    expect(await service.alias()).toEqual({ main: '2', others: {} });
  });

  test('a fix that is as bad as what it mends is not called harmful: a person is asked, and told that both are bad', async ({
    expect,
  }) => {
    const service = await begin({
      service: 'no-better',
      handler: 'thirdFails',
      steps: ['{weight: 50%, hold: 1h, analysis: {absolute: {errors: 10%}}}'],
    });
    const customers = service.customers();
    const { id } = await service.push('thirdFails', 'No better');
    const asked = await api.until(id, ['waiting-approval'], END);
    await customers.stop();
    expect(asked).toMatchObject({ reason: 'both-bad', approvals: [{ reason: 'both-bad', outcome: null }] });
    expect(asked.verdict).toMatchObject({ verdict: 'undecided', cause: 'both-bad' });
    expect(asked.verdict?.sentence).toMatch(/both/i);
    expect(await service.alias()).toEqual({ main: '1', others: { 2: 0.5 } });
    await api.post(`/api/v1/releases/${id}/abort`, { comment: 'seen' });
  });

  test('a secret that build and function print stands nowhere: not in logs, events, errors, artifacts or any file', async ({
    expect,
  }) => {
    const name = 'talkative';
    const project = await createGitProject(api, join(stack.home, 'demo'), name);
    const secrets = [stack.credentials.adminToken, project.secret];
    // The repository holds them encoded, so that whatever shows them plainly has got them from the output.
    const coded = Buffer.from(secrets.join(' ')).toString('base64');
    const tell = `echo "they are $(echo ${coded} | base64 -d)"`;
    const files = functionFiles({
      service: name,
      handler: 'good',
      tag: 'v1',
      steps: ['{weight: 50%, hold: 1s}'],
    });
    files['sluice.yml'] = `version: 1
stages:
  - {name: tell, run: sh tell.sh}
environments:
  production:
    steps: [{weight: 50%, hold: 1s}]
`;
    files['tell.sh'] = `${tell}\n`;
    files['code/index.js'] = `const said = Buffer.from('${coded}', 'base64').toString();
exports.handler = async () => { console.log(said); throw new Error('not with ' + said); };
`;
    const { id } = await project.push(files, 'Talkative');
    const failed = await api.until(id, ['failed'], END);
    expect(failed.reason).toBe('verify');
    const seen = await Promise.all(
      ['', '/events', '/logs', '/evaluations'].map(async (part) =>
        JSON.stringify(await api.get<object>(`/api/v1/releases/${id}${part}`)),
      ),
    );
    // It was said, and masked where it was said.
    expect(seen[2]).toContain('they are [secret] [secret]');
    expect(seen[1]).toContain('not with [secret] [secret]');
    const said = [...seen, JSON.stringify(await api.get<object>('/api/v1/audit')), stack.output()].join('\n');
    for (const secret of secrets) expect(said).not.toContain(secret);
    expect(await filesWith(stack.home, stack.credentials.adminToken)).toEqual(['credentials.json']);
  });
});

/** Function Compute keeps a version that an alias uses, so whoever deletes one moves the alias off it first. */
async function deleteStable(
  service: string,
  { stable, canary }: { readonly stable: string; readonly canary: string },
): Promise<void> {
  await fc.updateAlias(service, 'PROD', canary, { additionalVersionWeight: {} }, {});
  await fc.deleteVersion(service, stable);
}

async function untilPaused(id: string, reason: string): Promise<ReleaseView> {
  let seen = await api.until(id, ['paused'], END);
  await poll(
    `${id} to wait because of ${reason}`,
    async () => {
      seen = await api.get<ReleaseView>(`/api/v1/releases/${id}`);
      return seen.state === 'paused' && seen.reason === reason;
    },
    END,
  );
  return seen;
}

/** Files below `folder` that hold the text, by their path in it. Folders of other releases come and go meanwhile. */
async function filesWith(folder: string, text: string): Promise<string[]> {
  const entries = await unlessGone(() => readdir(folder, { withFileTypes: true }), []);
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      found.push(...(await filesWith(path, text)).map((below) => `${entry.name}/${below}`));
    else if (entry.isFile() && (await unlessGone(() => holds(path, text), false))) found.push(entry.name);
  }
  return found;
}

async function holds(path: string, text: string): Promise<boolean> {
  let rest = '';
  for await (const chunk of createReadStream(path, { encoding: 'latin1' })) {
    const both = rest + String(chunk);
    if (both.includes(text)) return true;
    rest = both.slice(-text.length);
  }
  return false;
}

/** What vanishes while it is read holds nothing. */
async function unlessGone<T>(read: () => Promise<T>, instead: T): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return instead;
    throw error;
  }
}
