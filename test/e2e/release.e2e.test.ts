/**
 * The main job on real parts, through public faces only: git push in, FC API and HTTP API out. Real PostgreSQL,
 * Temporal, sandboxes and requests; holds are seconds, because here time itself is part of what is tried.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type FC from '@alicloud/fc2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditEntryView, EventView, LogLineView, ReleaseView } from '../../src/api/views.ts';
import { watchAliases } from '../support/alias-watch.ts';
import { type Api } from '../support/api.ts';
import { startCustomers } from '../support/customers.ts';
import { functionFiles } from '../support/function-files.ts';
import { createGitProject } from '../support/git-project.ts';
import { poll, type Stack } from '../support/stack.ts';
import { aliasOf, versionsOf } from '../support/sdk.ts';
import { startSluice } from '../support/sluice.ts';

let stack: Stack;
let api: Api;
let fc: FC;
let repositories: string;

beforeAll(async () => {
  ({ stack, api, fc, repositories } = await startSluice());
}, 120_000);

afterAll(() => stack?.stop(), 30_000);

const alias = (service: string) => aliasOf(fc, service);

const versions = (service: string) => versionsOf(fc, service);

const weights = (events: readonly EventView[]): number[] =>
  events.flatMap(({ event }) => (event.type === 'traffic' ? [event.weight] : []));
const steps = (events: readonly EventView[]): number[] =>
  events.flatMap(({ event }) => (event.type === 'step-finished' ? [event.step] : []));

describe('three pushes', () => {
  test('the first goes live, a good one goes step by step after a person approved, a bad one is rolled back by its own error rate', async () => {
    const service = 'stories';
    const project = await createGitProject(api, repositories, service);
    const plan = [
      '{weight: 5%, hold: 3s}',
      '{weight: 25%, hold: 3s, approval: {role: release-manager, timeout: 1h}}',
      '{weight: 50%, hold: 3s}',
    ];

    const first = await project.push(
      functionFiles({ service, handler: 'good', tag: 'v1', steps: plan }),
      'First',
    );
    const live = await api.until(first.id, ['promoted'], 60_000);
    expect(weights(await api.events(live.id))).toEqual([1]);
    expect(await alias(service)).toMatchObject({ versionId: '1' });

    const customers = startCustomers({
      client: fc,
      service,
      alias: 'PROD',
      function: 'greet',
      perSecond: 40,
      most: 4_000,
    });
    const aliases = watchAliases(fc, [service]);
    try {
      const second = await project.push(
        functionFiles({ service, handler: 'good', tag: 'v2', steps: plan }),
        'Better',
      );
      const waiting = await api.until(second.id, ['waiting-approval'], 60_000);
      expect(await alias(service)).toMatchObject({ versionId: '1', additionalVersionWeight: { '2': 0.25 } });
      await api.post(`/api/v1/releases/${second.id}/approve`, { step: 1, comment: 'looks fine' });
      const late = await api.request('POST', `/api/v1/releases/${second.id}/reject`, {
        step: 1,
        comment: 'too late',
      });
      expect(late.status).toBe(409);
      expect(waiting.approvals[0]).toMatchObject({ step: 1, role: 'release-manager', outcome: null });
      const promoted = await api.until(second.id, ['promoted'], 60_000);
      const told = await api.events(promoted.id);
      expect(weights(told)).toEqual([0.05, 0.25, 0.5, 1]);
      expect(steps(told)).toEqual([0, 1, 2]);
      expect(await alias(service)).toMatchObject({ versionId: '2' });
      await aliases.stop();
      const canary = (weight: number) => ({ main: '1', canary: { version: '2', weight } });
      const planned = [
        { main: '1', canary: null },
        ...[0.05, 0.25, 0.5].map(canary),
        { main: '2', canary: null },
      ];
      // Whoever looks may miss a state where the machine is busy, but sees no other, and none twice.
      const seen = aliases.seen(service);
      expect(planned.filter((state) => seen.some((one) => isDeepStrictEqual(one, state)))).toEqual(seen);
      expect(seen).toEqual(expect.arrayContaining([planned[0], canary(0.25), planned.at(-1)]));
      expect(aliases.missing).toEqual([]);

      const third = await project.push(
        functionFiles({ service, handler: 'fifthFails', tag: 'v3', steps: plan }),
        'Worse',
      );
      const back = await api.until(third.id, ['rolled-back'], 90_000);
      expect(back.verdict?.verdict).toBe('harmful');
      expect(back.sentence).toMatch(/canary took .* failures .*rollback at 100 : 1/);
      expect(await alias(service)).toMatchObject({ versionId: '2' });
      expect(Object.keys((await alias(service)).additionalVersionWeight)).toEqual([]);
      expect(await versions(service)).toEqual(['3', '2', '1']);
      const latest = await fc.invokeFunction(service, 'greet', Buffer.from('{}'), {}, 'LATEST', {
        rawBuf: true,
      });
      expect(String(latest.data)).toContain('v2');
    } finally {
      await aliases.stop();
      await customers.stop();
    }
    expect(customers.byVersion.get('1')?.failures).toBe(0);
    expect(customers.byVersion.get('2')?.failures).toBe(0);
    expect(customers.byVersion.get('3')?.failures).toBeGreaterThan(0);
  }, 240_000);
});

describe('a worker that is killed in the middle of a gray step', () => {
  test('costs nothing — one version is published, no step runs twice, the release ends as planned', async () => {
    const service = 'sturdy';
    const project = await createGitProject(api, repositories, service);
    const plan = ['{weight: 10%, hold: 6s}', '{weight: 50%, hold: 2s}'];
    const first = await project.push(
      functionFiles({ service, handler: 'good', tag: 'v1', steps: plan }),
      'First',
    );
    await api.until(first.id, ['promoted'], 60_000);
    // A step ends by itself only where somebody called the new version.
    const customers = startCustomers({
      client: fc,
      service: service,
      alias: 'PROD',
      function: 'greet',
      perSecond: 10,
      most: 1_500,
    });
    const second = await project.push(
      functionFiles({ service, handler: 'good', tag: 'v2', steps: plan }),
      'Second',
    );
    await untilEvent(second.id, 'step-started');
    stack.kill('worker', 'SIGKILL');
    const promoted = await api.until(second.id, ['promoted'], 120_000);
    await customers.stop();
    const told = await api.events(promoted.id);
    expect(weights(told)).toEqual([0.1, 0.5, 1]);
    expect(steps(told)).toEqual([0, 1]);
    expect(told.map((event) => event.seq)).toEqual(told.map((_, index) => index + 1));
    expect(await versions(service)).toEqual(['2', '1']);
    expect(await alias(service)).toMatchObject({ versionId: '2' });
  }, 240_000);
});

describe('a delivery', () => {
  test('that arrives five times at once is one release, and all five answers name it', async () => {
    const project = await createGitProject(api, repositories, 'once');
    const pushed = await project.push(
      functionFiles({ service: 'once', handler: 'good', tag: 'v1', steps: ['{weight: 50%, hold: 1s}'] }),
      'First',
    );
    await api.until(pushed.id, ['promoted'], 60_000);
    const body = JSON.stringify({
      ref: 'refs/heads/main',
      before: '',
      commit: pushed.commit,
      message: 'again',
    });
    const headers = {
      'content-type': 'application/json',
      'x-sluice-signature': `sha256=${createHmac('sha256', project.secret).update(body).digest('hex')}`,
      'x-sluice-delivery': randomUUID(),
    };
    const before = await countReleases(project.name);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => fetch(project.webhook, { method: 'POST', headers, body })),
    );
    expect(answers.map((answer) => answer.status)).toEqual([202, 202, 202, 202, 202]);
    const ids = await Promise.all(
      answers.map(async (answer) => ((await answer.json()) as { id: string }).id),
    );
    expect(new Set(ids).size).toBe(1);
    const later = await fetch(project.webhook, { method: 'POST', headers, body });
    expect(later.status).toBe(202);
    expect(await later.json()).toMatchObject({ id: ids[0] });
    expect((await countReleases(project.name)) - before).toBeLessThanOrEqual(1);
  }, 120_000);

  test('with a wrong signature is refused and leaves only a line in the audit', async () => {
    const project = await createGitProject(api, repositories, 'forged');
    const answer = await fetch(project.webhook, {
      method: 'POST',
      body: '{"ref":"refs/heads/main","commit":"0000000000000000000000000000000000000001"}',
      headers: { 'x-sluice-signature': `sha256=${'0'.repeat(64)}`, 'x-sluice-delivery': randomUUID() },
    });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await countReleases(project.name)).toBe(0);
    const { entries } = await api.get<{ entries: AuditEntryView[] }>('/api/v1/audit');
    expect(entries.filter(({ target }) => target === 'project:forged')).toMatchObject([
      { action: 'webhook.deliver', actor: 'anonymous', outcome: 'signature-invalid' },
      { action: 'project.create', outcome: 'ok' },
    ]);
  });
});

describe('a push that cannot be released', () => {
  test('fails before anything is touched when sluice.yml is broken, and says where', async () => {
    const project = await createGitProject(api, repositories, 'typo');
    const files = functionFiles({
      service: 'typo',
      handler: 'good',
      tag: 'v1',
      steps: ['{wieght: 5%, hold: 3s}'],
    });
    const release = await project.push(files, 'Typo');
    const failed = await api.until(release.id, ['failed'], 60_000);
    const told = (await api.events(failed.id)).map((event) => event.text).join('\n');
    expect(told).toMatch(/sluice\.yml/);
    expect(told).toMatch(/wieght/);
    await expect(fc.getService('typo', {})).rejects.toMatchObject({ code: 'ServiceNotFound' });
  }, 90_000);

  test('fails in its build when a command of the plan fails: the log shows the line, and what is live is not touched', async () => {
    const service = 'checked';
    const project = await createGitProject(api, repositories, service);
    const steps = ['{weight: 50%, hold: 1s}'];
    const first = await project.push(functionFiles({ service, handler: 'good', tag: 'v1', steps }), 'First');
    await api.until(first.id, ['promoted'], 60_000);
    const files = functionFiles({ service, handler: 'good', tag: 'v2', steps });
    const check = "console.log('7 prices'); console.error('no price for item 8'); process.exit(3);\n";
    const stages = 'version: 1\nstages:\n  - {name: prices, run: node check.js}\n';
    const { id } = await project.push(
      {
        ...files,
        'check.js': check,
        'sluice.yml': files['sluice.yml']?.replace('version: 1\n', stages) ?? '',
      },
      'Second',
    );
    const failed = await api.until(id, ['failed'], 90_000);
    expect(failed).toMatchObject({
      reason: 'build',
      traffic: [],
      sentence: expect.stringContaining('prices'),
    });
    const build = failed.stages.find(({ stage }) => stage === 'build');
    expect(build).toMatchObject({
      state: 'failed',
      logTail: expect.arrayContaining(['no price for item 8']),
    });
    const { lines } = await api.get<{ lines: LogLineView[] }>(`/api/v1/releases/${id}/logs`);
    expect(lines.map(({ line }) => line)).toEqual(
      expect.arrayContaining(['7 prices', 'no price for item 8']),
    );
    expect(await alias(service)).toMatchObject({ versionId: '1', additionalVersionWeight: {} });
    expect(await versions(service)).toEqual(['1']);
  }, 180_000);

  test('fails in verify when the function does not start, and no traffic moves', async () => {
    const project = await createGitProject(api, repositories, 'stillborn');
    const release = await project.push(
      functionFiles({
        service: 'stillborn',
        handler: 'broken',
        tag: 'v1',
        steps: ['{weight: 50%, hold: 1s}'],
      }),
      'Broken',
    );
    const failed = await api.until(release.id, ['failed'], 90_000);
    expect(failed.reason).toBe('verify');
    expect(weights(await api.events(failed.id))).toEqual([]);
    await expect(fc.getAlias('stillborn', 'PROD')).rejects.toMatchObject({ code: 'AliasNotFound' });
  }, 120_000);

  test('is tried again without a new build once the trouble is over — with one version, under the same id', async () => {
    const project = await createGitProject(api, repositories, 'later');
    const readyAt = Date.now() + 12_000;
    const files = functionFiles({
      service: 'later',
      handler: 'later',
      tag: String(readyAt),
      steps: ['{weight: 50%, hold: 1s}'],
    });
    const setVariable = (WHO: string) =>
      api.request('PATCH', '/api/v1/environments/later.production/variables', { variables: { WHO } });
    expect((await setVariable('everybody')).status).toBe(200);
    const manifest = `${files['s.yml']}        description: 'for \${env(WHO)}'\n`;
    const { id } = await project.push({ ...files, 's.yml': manifest }, 'Later');
    const retry = () =>
      // The end of the try before may still be being written.
      expect
        .poll(async () => (await api.request('POST', `/api/v1/releases/${id}/retry`, {})).status)
        .toBe(200);
    const buildOf = ({ stages }: ReleaseView) => stages.find(({ stage }) => stage === 'build')?.summary;
    const failed = await api.until(id, ['failed'], 90_000);
    expect(failed.reason).toBe('verify');
    expect(buildOf(failed)).not.toContain('kept');

    // Its version is there already, with the settings of then, so the next try ends in its publish.
    await setVariable('nobody');
    await retry();
    await poll('the second try to fail', async () => {
      const { state, attempt, reason } = await api.get<ReleaseView>(`/api/v1/releases/${id}`);
      return state === 'failed' && attempt === 2 && reason === 'publish';
    });
    const unpublished = await api.get<ReleaseView>(`/api/v1/releases/${id}`);
    expect(unpublished.sentence).toContain("somebody changed the environment's variables");
    expect(buildOf(unpublished)).toContain('kept');
    expect(unpublished.traffic).toEqual([]);

    await setVariable('everybody');
    await pause(Math.max(0, readyAt - Date.now()));
    await retry();
    const promoted = await api.until(id, ['promoted'], 60_000);
    expect(promoted.attempt).toBe(3);
    expect(buildOf(promoted)).toContain('kept');
    expect(await versions('later')).toEqual(['1']);
    const again = await api.request('POST', `/api/v1/releases/${id}/retry`, {});
    expect(again.status).toBe(409);
    expect(await again.json()).toMatchObject({ code: 'not-failed' });
  }, 180_000);
});

async function countReleases(project: string): Promise<number> {
  return (await api.get<{ releases: ReleaseView[] }>(`/api/v1/releases?project=${project}`)).releases.length;
}

const untilEvent = (id: string, type: EventView['event']['type']): Promise<void> =>
  poll(`release ${id} to have an event ${type}`, async () =>
    (await api.events(id)).some((event) => event.event.type === type),
  );
