/** What a repository plans and what is told of it before anything is touched, through public faces only. */
import type FC from '@alicloud/fc2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  AuditEntryView,
  EnvironmentView,
  LogLineView,
  LookView,
  ReleaseView,
} from '../../src/api/views.ts';
import { type Api } from '../support/api.ts';
import { startCustomers } from '../support/customers.ts';
import { functionFiles } from '../support/function-files.ts';
import { createGitProject, type GitProject } from '../support/git-project.ts';
import { poll, type Stack } from '../support/stack.ts';
import { versionsOf } from '../support/sdk.ts';
import { commandLine, startSluice } from '../support/sluice.ts';

let stack: Stack;
let api: Api;
let fc: FC;
let repositories: string;

beforeAll(async () => {
  ({ stack, api, fc, repositories } = await startSluice());
}, 120_000);

afterAll(() => stack?.stop(), 30_000);

const STEPS = ['{weight: 5%, hold: 2s}', '{weight: 50%, hold: 2s, approval: {timeout: 1h}}'];

async function environment({ name }: GitProject): Promise<EnvironmentView> {
  return api.get<EnvironmentView>(`/api/v1/environments/${name}.production`);
}

const sluice = (...args: string[]) => commandLine(stack, ...args);

describe.concurrent('a dry run', () => {
  test('shows plan, checks and difference, and touches nothing — also beside a gray release and before a push that waits', async () => {
    const service = 'planned';
    const project = await createGitProject(api, repositories, service);
    const files = (tag: string) => functionFiles({ service, handler: 'good', tag, steps: STEPS });
    const before = await sluice('plan', service, '--detailed-exitcode');
    expect(before.code).toBe(2);
    expect(before.output).toContain('repository has no refs/heads/main');

    const first = await project.push(files('v1'), 'First');
    await api.until(first.id, ['promoted'], 60_000);
    const same = await sluice('plan', service, '--detailed-exitcode');
    expect(same.output).toContain('unchanged: code and configuration equal what is live');
    expect(same.code).toBe(0);

    // A step ends by itself only where somebody called the new version.
    const customers = startCustomers({
      client: fc,
      service: service,
      alias: 'PROD',
      function: 'greet',
      perSecond: 10,
      most: 1_500,
    });

    // One release is in its gray steps, another one waits behind it.
    const second = await project.push(files('v2'), 'Second');
    await api.until(second.id, ['waiting-approval'], 60_000);
    const third = await project.push(files('v3'), 'Third');
    const { data: alias } = await fc.getAlias(service, 'PROD');
    const versions = await versionsOf(fc, service);

    const planned = await sluice('plan', service, '--detailed-exitcode');
    expect(planned.code).toBe(7);
    expect(planned.output).toContain('step 2: 50 % for 2s, then a release-manager approves, within 1h');
    expect(planned.output).toContain(`${service}: changed (version 1 is live)`);
    expect(planned.output).toMatch(/code: 1 file, .* → 1 file, /);
    expect(planned.output).toMatch(
      /planned: would release planned \(version 1 is live\) to PROD in 2 gray steps/,
    );

    const [dry] = (
      await api.get<{ releases: ReleaseView[] }>(`/api/v1/releases?project=${service}&state=planned`)
    ).releases;
    const seen = await api.get<ReleaseView>(`/api/v1/releases/${dry?.id}`);
    const stages = seen.stages.filter(({ stage }) => stage !== 'report');
    expect(stages.map(({ stage, state }) => `${stage} ${state}`)).toEqual([
      'source done',
      'build done',
      'package done',
    ]);
    expect(seen.difference).toMatchObject([{ service, change: 'changed', live: '1' }]);
    // The plan is that of the releases, word for word.
    expect(seen.planText).toEqual((await api.get<ReleaseView>(`/api/v1/releases/${second.id}`)).planText);
    expect(seen.dryRun).toBe(true);
    expect(seen.traffic).toEqual([]);

    expect(await versionsOf(fc, service)).toEqual(versions);
    const { data: after } = await fc.getAlias(service, 'PROD');
    expect(after).toEqual(alias);
    const now = await environment(project);
    expect(now.running?.id).toBe(second.id);
    expect(now.queued.map(({ id }) => id)).toEqual([third.id]);
    await api.post(`/api/v1/releases/${second.id}/abort`, { comment: 'enough seen' });
    await customers.stop();
  }, 240_000);

  test('of a file with mistakes names each with line, column, what was found and what is allowed', async () => {
    const service = 'mistakes';
    const project = await createGitProject(api, repositories, service);
    const files = functionFiles({
      service,
      handler: 'good',
      tag: 'v1',
      steps: ['{weight: 5, hold: 2s}', '{wieght: 50%, hold: 2}'],
    });
    const pushed = await project.push(files, 'Mistakes');
    await api.until(pushed.id, ['failed'], 60_000);
    const { code, output } = await sluice('plan', service, '--detailed-exitcode');
    expect(code).toBe(1);
    const place = (line: number, column: number, path: string) =>
      `  sluice.yml:${line}:${column}: environments.production.steps${path}: `;
    expect(output).toContain(`${place(7, 18, '[0].weight')}found 5; allowed: a share such as 5% or 0.05`);
    expect(output).toContain(`${place(8, 10, '[1].wieght')}the key wieght is unknown; did you mean weight?`);
    expect(output).toContain(`${place(8, 29, '[1].hold')}found 2; allowed: a duration such as`);
  }, 120_000);
});

/** Two services of one repository; `shop` calls `prices`, and comes first by name and in the manifest. */
function twoServices(tag: string, shopFails: boolean): Record<string, string> {
  const module = (name: string) => `  ${name}:
    component: fc
    props:
      region: cn-local
      service: {name: ${name}}
      function: {name: greet, runtime: nodejs20, handler: index.handler, codeUri: ./${name}, timeout: 5}
`;
  const good = `exports.handler = async () => '${tag}';\n`;
  return {
    's.yml': `edition: 1.0.0\nname: pair\nservices:\n${module('pair-a-shop')}${module('pair-prices')}`,
    'sluice.yml': `version: 1
services:
  pair-a-shop: {dependsOn: [pair-prices]}
environments:
  production:
    steps:
      - {weight: 20%, hold: 2s}
      - {weight: 50%, hold: 20s}
    analysis: {interval: 1s}
`,
    'pair-prices/index.js': good,
    'pair-a-shop/index.js': shopFails
      ? `exports.handler = async (e) => { if (JSON.parse(e.toString() || '{}').number) throw new Error('${tag}'); };\n`
      : good,
  };
}

describe.concurrent('two services of one release', () => {
  test('get traffic in order of dependence, and go back both when one is harmful', async () => {
    const project = await createGitProject(api, repositories, 'pair');
    const first = await project.push(twoServices('v1', false), 'First');
    await api.until(first.id, ['promoted'], 60_000);
    const moved = async (id: string) =>
      (await api.events(id)).flatMap(({ event }) =>
        event.type === 'traffic' ? [`${event.service} ${event.weight}`] : [],
      );
    expect(await moved(first.id)).toEqual(['pair-prices 1', 'pair-a-shop 1']);

    const customers = startCustomers({
      client: fc,
      service: 'pair-a-shop',
      alias: 'PROD',
      function: 'greet',
      perSecond: 40,
      most: 2_000,
    });
    try {
      const second = await project.push(twoServices('v2', true), 'Shop fails');
      const back = await api.until(second.id, ['rolled-back'], 90_000);
      expect((await moved(back.id)).slice(0, 2)).toEqual(['pair-prices 0.2', 'pair-a-shop 0.2']);
      expect(back.planText).toContain(
        'order: pair-a-shop after pair-prices; a rollback takes all back together',
      );
      expect(back.verdict?.verdict).toBe('harmful');
      // What was moved last went back first, or both together; nothing else moved.
      const wentBack = (await moved(back.id)).slice(2);
      expect(wentBack.toSorted()).toEqual(['pair-a-shop 0', 'pair-prices 0']);
      // One release, one list of verdicts: the service that nobody called counts in it.
      const { evaluations } = await api.get<{ evaluations: LookView[] }>(
        `/api/v1/releases/${back.id}/evaluations`,
      );
      const numbers = evaluations.filter(({ metric }) => metric === 'errors').map(({ number }) => number);
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(evaluations.at(-1)?.verdict).toBe('harmful');
      const { releases } = await api.get<{ releases: ReleaseView[] }>('/api/v1/releases?project=pair');
      expect(releases.map(({ id }) => id)).toEqual([back.id, first.id]);
    } finally {
      await customers.stop();
    }
    for (const service of ['pair-prices', 'pair-a-shop']) {
      const { data } = await fc.getAlias(service, 'PROD');
      expect(data).toMatchObject({ versionId: '1' });
      expect((data as { additionalVersionWeight?: object }).additionalVersionWeight ?? {}).toEqual({});
    }
  }, 240_000);
});

describe('hooks', () => {
  const files = (tag: string, hooks: string, check = 'true') => ({
    ...functionFiles({ service: 'hooked', handler: 'good', tag, steps: ['{weight: 50%, hold: 2s}'] }),
    'check.sh': `echo "checked step $SLUICE_STEP at $SLUICE_WEIGHT"; ${check}\n`,
    'sluice.yml': `version: 1
environments:
  production:
    hooks:
      before: [{name: prepare, run: sh check.sh}]
      after: [{name: tell, run: echo told, onFailure: continue}]
    steps:
      - {weight: 50%, hold: 2s, hooks: ${hooks}}
    analysis: {interval: 1s}
    bake: 0s
`,
  });

  test('run around the moves in the sandbox and by the new version, and one that fails takes the traffic back', async () => {
    const project = await createGitProject(api, repositories, 'hooked');
    const calls = `{before: [{name: warm, invoke: {function: greet}}], after: [{name: check, run: sh check.sh}]}`;
    const first = await project.push(files('v1', calls), 'First');
    await api.until(first.id, ['promoted'], 60_000);
    const customers = startCustomers({
      client: fc,
      service: 'hooked',
      alias: 'PROD',
      function: 'greet',
      perSecond: 10,
      most: 2_000,
    });
    try {
      const second = await project.push(files('v2', calls), 'Second');
      const promoted = await api.until(second.id, ['promoted'], 90_000);
      expect(promoted.hooks.map(({ name, state }) => `${name} ${state}`)).toEqual([
        'prepare done',
        'warm done',
        'check done',
        'tell done',
      ]);
      expect(promoted.hooks[1]?.logTail).toContain('answer: {"tag":"v2"}');
      expect(promoted.hooks[2]?.logTail).toContain('checked step 1 at 0.5');

      const third = await project.push(files('v3', calls, 'test -z "$SLUICE_STEP"'), 'Check fails');
      const back = await api.until(third.id, ['rolled-back'], 90_000);
      expect(back.sentence).toBe('gray failed: hook check, after step 1, failed: exit code 1');
      expect(back.hooks.at(-1)).toMatchObject({ name: 'check', state: 'failed' });
      expect((await sluice('show', third.id)).output).toMatch(/check\s+after step 1\s+failed/);
    } finally {
      await customers.stop();
    }
    const { data } = await fc.getAlias('hooked', 'PROD');
    expect(data).toMatchObject({ versionId: '2' });
  }, 240_000);

  test('run again when the worker dies in the middle of one, under the same key, and are told of once', async () => {
    const project = await createGitProject(api, repositories, 'retried');
    const release = await project.push(
      {
        ...functionFiles({ service: 'retried', handler: 'good', tag: 'v1', steps: [] }),
        'sluice.yml': `version: 1
environments:
  production:
    hooks: {before: [{name: slow, run: 'echo "key $SLUICE_IDEMPOTENCY_KEY"; sleep 4; echo done'}]}
`,
      },
      'First',
    );
    const keys = async () => {
      const { lines } = await api.get<{ lines: LogLineView[] }>(`/api/v1/releases/${release.id}/logs`);
      return lines.map(({ line }) => line).filter((line) => line.startsWith('key '));
    };
    await expect.poll(keys, { timeout: 60_000 }).toHaveLength(1);
    stack.kill('worker', 'SIGKILL');
    await api.until(release.id, ['promoted'], 90_000);
    expect(await keys()).toEqual(Array(2).fill(`key ${release.id}/release/before/1`));
    const told = (await api.events(release.id)).map(({ event }) => event.type);
    expect(told.filter((type) => type.startsWith('hook-'))).toEqual(['hook-started', 'hook-finished']);
  }, 180_000);
});

describe.concurrent('a service that two projects name', () => {
  test('belongs to the one that came first, until that is removed; the other one learns it before it is built', async () => {
    const files = (tag: string) =>
      functionFiles({ service: 'shared', handler: 'good', tag, steps: ['{weight: 50%, hold: 1s}'] });
    const first = await createGitProject(api, repositories, 'first-owner');
    const live = await first.push(files('v1'), 'First');
    await api.until(live.id, ['promoted'], 60_000);

    const second = await createGitProject(api, repositories, 'second-owner');
    const refused = await second.push(files('v2'), 'Other');
    const failed = await api.until(refused.id, ['failed'], 60_000);
    expect(failed.reason).toBe('source');
    expect(failed.sentence).toContain(
      'alias PROD of service shared belongs to first-owner.production; give second-owner.production an alias of its own',
    );
    expect(failed.stages.map(({ stage }) => stage)).not.toContain('build');
    const planned = await sluice('plan', 'second-owner');
    expect(planned.code).toBe(1);
    expect(planned.output).toMatch(/s\.yml:\d+:\d+: alias PROD of service shared belongs to first-owner/);

    expect((await api.request('DELETE', '/api/v1/projects/first-owner')).status).toBe(204);
    const taken = await second.push(files('v3'), 'Once more');
    await poll('the service to be the second project’s', async () => {
      const { services } = await environment(second);
      return services.length === 1 && services[0]?.service === 'shared';
    });
    await api.post(`/api/v1/releases/${taken.id}/abort`, { comment: 'enough seen' });
  }, 180_000);
});

describe.concurrent('what the record of a project owns', () => {
  test('approvals that it demands stand in the default plan, and a laxer file is refused by its line', async () => {
    const project = await createGitProject(api, repositories, 'guarded');
    const demand = ['--least-approvals', '1', '--approval-from', '25%'];
    const set = await sluice('protection', 'guarded.production', ...demand);
    expect(set).toMatchObject({ code: 0, output: expect.stringMatching(/approval from +25%/) });
    const files = functionFiles({ service: 'guarded', handler: 'good', tag: 'v1', steps: [] });
    const section = (steps: string) => `version: 1\nenvironments:\n  production:\n    steps:\n${steps}`;
    const lax = section('      - {weight: 5%, hold: 1s}\n      - {weight: 50%, hold: 1s}\n');
    const pushed = await project.push({ ...files, 'sluice.yml': lax }, 'No approvals');
    const failed = await api.until(pushed.id, ['failed'], 60_000);
    expect(failed.sentence).toContain(
      "sluice.yml:6:9: environments.production.steps[1].approval: is missing; the project's record asks for an approval at each step from 25% on",
    );
    await project.push({ ...files, 'sluice.yml': 'version: 1\n' }, 'The default plan');
    const { output } = await sluice('plan', 'guarded');
    expect(output).toMatch(/step 1: 5 % for 10m\n {2}step 2: 25 % for 10m, then a release-manager approves/);
    const { entries } = await api.get<{ entries: AuditEntryView[] }>('/api/v1/audit?limit=100');
    expect(entries.find(({ action }) => action === 'environment.protection')).toMatchObject({
      target: 'environment:guarded.production',
      detail: { leastApprovals: 1, approvalFrom: 0.25 },
    });
    expect(await sluice('audit', 'verify')).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^all \d+ entries are whole\n$/),
    });
    expect((await sluice('audit', 'list')).output).toMatch(
      /environment\.protection +environment:guarded\.production +ok/,
    );
    const exported = await sluice('audit', 'export');
    expect(exported.output).toMatch(/^\{"id":1,/);
    expect(exported.output).toContain('"action":"environment.protection"');
  }, 180_000);

  test('variables stand for ${env(NAME)} in the manifest, the file has no way to read the machine', async () => {
    const project = await createGitProject(api, repositories, 'varied');
    const files = functionFiles({
      service: 'varied',
      handler: 'good',
      tag: 'v1',
      steps: ['{weight: 50%, hold: 1s}'],
    });
    const manifest = `${files['s.yml']}        description: 'for \${env(WHO)}'\n`;
    const pushed = await project.push({ ...files, 's.yml': manifest }, 'First');
    const failed = await api.until(pushed.id, ['failed'], 60_000);
    expect(failed.sentence).toContain('the environment has no variable WHO');
    expect((await sluice('variables', 'varied.production', 'WHO=everybody')).output).toMatch(
      /WHO +everybody/,
    );
    const again = await project.push({}, 'Again');
    await api.until(again.id, ['promoted'], 60_000);
    const { data } = await fc.getFunction('varied', 'greet', {}, 'PROD');
    expect(data).toMatchObject({ description: 'for everybody' });
    await sluice('variables', 'varied.production', 'WHO=nobody');
    expect((await sluice('plan', 'varied')).output).toContain('description: "for everybody" → "for nobody"');
  }, 180_000);
});
