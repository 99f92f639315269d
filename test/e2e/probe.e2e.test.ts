/** Releases of a function that no customer calls: only probes can say something of the new version. Public faces only. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LookView, ReleaseView, ReplayView } from '../../src/api/views.ts';
import { type Api } from '../support/api.ts';
import { functionFiles } from '../support/function-files.ts';
import { createGitProject } from '../support/git-project.ts';
import { type Stack } from '../support/stack.ts';
import { commandLine, startSluice } from '../support/sluice.ts';

let stack: Stack;
let api: Api;

beforeAll(async () => {
  ({ stack, api } = await startSluice());
}, 120_000);

afterAll(() => stack?.stop(), 30_000);

async function looksOf(id: string): Promise<LookView[]> {
  const { evaluations } = await api.get<{ evaluations: LookView[] }>(
    `/api/v1/releases/${id}/evaluations?limit=5000`,
  );
  return evaluations;
}

test('a good version is promoted with probes, a harmful one rolled back by them, and users’ counts stay 0', async () => {
  const service = 'reports';
  const project = await createGitProject(api, join(stack.home, 'demo'), service);
  // The fifth item is the one for which the bad version has no price.
  const steps = [`{weight: 5%, hold: 5s, probe: {every: 200ms, event: '{"number":5}', functions: [greet]}}`];
  const files = (handler: 'good' | 'fifthFails', tag: string) =>
    functionFiles({ service, handler, tag, steps });
  const first = await project.push(files('good', 'v1'), 'First');
  await api.until(first.id, ['promoted'], 60_000);

  const good = await project.push(files('good', 'v2'), 'Better');
  const promoted = await api.until(good.id, ['promoted'], 60_000);
  expect(promoted.planText[0]).toContain('probing greet every 200ms where users are few');
  const looks = await looksOf(good.id);
  const release = looks.filter(({ metric }) => metric === 'release').at(-1);
  expect(release).toMatchObject({ verdict: 'undecided', cause: 'too-few', canaryTotal: { requests: 0 } });
  expect(release?.sentence).toContain('only probes have called the canary since the step began');
  const probes = looks.filter(({ metric }) => metric === 'probe').at(-1);
  expect(probes?.canaryTotal.requests).toBeGreaterThan(0);
  expect(probes?.canaryTotal.failures).toBe(0);

  const bad = await project.push(files('fifthFails', 'v3'), 'Worse');
  const back = await api.until(bad.id, ['rolled-back'], 60_000);
  expect(back.sentence).toMatch(/probe requests/);
  for (const look of await looksOf(bad.id))
    if (look.metric === 'errors') expect(look.canaryTotal).toEqual({ requests: 0, failures: 0 });

  const replay = await api.post<ReplayView>(`/api/v1/releases/${bad.id}/replay`, {});
  expect(replay).toMatchObject({ same: true, unknown: [] });
  const { output: text } = await commandLine(stack, 'replay', bad.id);
  expect(text).toContain('every number is the same, to the last bit');
  expect(text).toMatch(/^harmful +after \d+ s \(look \d+, step 1\) +after/m);
  const laxer = join(stack.home, 'laxer.yml');
  writeFileSync(laxer, 'errors: {ratio: 3}\n');
  const other = await commandLine(stack, 'replay', bad.id, '--analysis', laxer);
  expect(other).toMatchObject({
    code: 0,
    output: expect.stringMatching(/^harmful +after .* (after|never)/m),
  });
  expect(other.output).not.toContain('every number is the same');
  const unread = await commandLine(stack, 'replay', good.id, '--analysis', `${laxer}.not`);
  expect(unread).toMatchObject({ code: 2, output: expect.stringContaining('cannot be read') });
  const shown = await api.get<ReleaseView>(`/api/v1/releases/${bad.id}`);
  expect(shown.plan?.steps[0]?.probe).toMatchObject({ everyMs: 200, only: 'quiet' });
}, 240_000);
