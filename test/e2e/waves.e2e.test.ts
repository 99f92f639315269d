/** Regions in waves on real parts: two engines, each with its own database, and one Sluice that releases to both. */
import type FC from '@alicloud/fc2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EnvironmentDetailView } from '../../src/api/views.ts';
import { startCustomers, type Customers } from '../support/customers.ts';
import { functionFiles, type FunctionFiles } from '../support/function-files.ts';
import { createGitProject, type GitProject } from '../support/git-project.ts';
import { aliasOf, versionsOf } from '../support/sdk.ts';
import { commandLine, type Sluice } from '../support/sluice.ts';
import { poll } from '../support/stack.ts';
import type { TestEngine } from '../support/test-engine.ts';
import { NORTH, startTwoRegions, type TwoRegions } from '../support/two-regions.ts';

const SERVICE = 'spread';

let started: TwoRegions;
let engine: TestEngine;
let sluice: Sluice;
/** The region of the stack's own engine, and the other one. */
let regions: readonly [FC, FC];
let project: GitProject;

beforeAll(async () => {
  started = await startTwoRegions();
  ({ engine, sluice, clients: regions } = started);
  project = await createGitProject(sluice.api, sluice.repositories, SERVICE);
}, 180_000);

afterAll(() => started?.close(), 60_000);

let pushes = 0;
function push(handler: FunctionFiles['handler'], more: readonly string[] = []) {
  pushes += 1;
  const files = functionFiles({
    service: SERVICE,
    handler,
    tag: `v${pushes}`,
    steps: ['{weight: 20%, hold: 2s}', '{weight: 50%, hold: 2s}'],
    more: ['regions:', '  - {wave: [cn-local], bake: 1s}', `  - {wave: [${NORTH}]}`, ...more],
  });
  return project.push(files, `Push ${pushes}`);
}

/** Customers of both regions; `poison` is what those of a region bring. */
function customersOf(poison: (region: number) => boolean = () => false): { stop(): Promise<void> } {
  const all = regions.map((client, region): Customers =>
    startCustomers({
      client,
      service: SERVICE,
      alias: 'PROD',
      function: 'greet',
      perSecond: 20,
      most: 4_000,
      more: () => ({ poison: poison(region) }),
    }),
  );
  return { stop: async () => void (await Promise.all(all.map((one) => one.stop()))) };
}

const live = () => Promise.all(regions.map(async (fc) => (await aliasOf(fc, SERVICE)).versionId));

async function readiness(): Promise<unknown> {
  const answer = await fetch(`${sluice.stack.url}/readyz`);
  return { status: answer.status, ...((await answer.json()) as object) };
}

describe('two regions, one release', () => {
  test('the first goes live in both, the next goes through them wave by wave, and says where each weight is', async () => {
    const first = await push('good');
    await sluice.api.until(first.id, ['promoted'], 90_000);
    expect(await live()).toEqual(['1', '1']);

    const customers = customersOf();
    try {
      const second = await push('good');
      const promoted = await sluice.api.until(second.id, ['promoted'], 120_000);
      expect(await live()).toEqual(['2', '2']);
      const events = await sluice.api.events(second.id);
      const moves = events.flatMap(({ event }) =>
        event.type === 'traffic' ? [`${event.region} ${event.wave} ${event.weight}`] : [],
      );
      expect(moves).toEqual([
        'cn-local 0 0.2',
        'cn-local 0 0.5',
        'cn-local 0 1',
        `${NORTH} 1 0.2`,
        `${NORTH} 1 0.5`,
        `${NORTH} 1 1`,
      ]);
      expect(events.map(({ text }) => text)).toEqual(
        expect.arrayContaining([
          'plan: 20 % → 50 % → 100 % behind PROD, in cn-local, then in cn-north',
          'step 3: 20 % for at least 2 s, wave 2 (cn-north)',
          'traffic: PROD in cn-north (wave 2) sends 20 % to version 2, the rest to version 1',
          'wave 1 done: everything goes to the new version in cn-local; watched for 1 s before the next wave',
        ]),
      );
      expect(
        promoted.traffic.map(({ service, region, wave, weight }) => [service, region, wave, weight]),
      ).toEqual([
        [SERVICE, 'cn-local', 0, 1],
        [`${NORTH}/${SERVICE}`, NORTH, 1, 1],
      ]);
      expect(promoted.planText).toEqual(
        expect.arrayContaining(['wave 1 (cn-local)', 'wave 2 (cn-north), 1s after 100 % in wave 1']),
      );
      // Each wave was judged by its own counters, and a replay comes to the same numbers.
      const replay = await sluice.api.post<{ same: boolean; unknown: string[] }>(
        `/api/v1/releases/${second.id}/replay`,
        {},
      );
      expect(replay).toMatchObject({ same: true, unknown: [] });
    } finally {
      await customers.stop();
    }
  }, 300_000);

  test('harm in the second wave takes back both, and LATEST with them', async () => {
    const before = await live();
    let isInSecond = false;
    const customers = customersOf((region) => region === 1 && isInSecond);
    try {
      const third = await push('poisonable', ['bake: 0s']);
      for (;;) {
        const { traffic } = await sluice.api.until(third.id, ['queued', 'running'], 60_000);
        isInSecond = traffic.some(({ region }) => region === NORTH);
        if (isInSecond) break;
      }
      const back = await sluice.api.until(third.id, ['rolled-back'], 90_000);
      expect(back.sentence).toMatch(/^wave 2 \(cn-north\): /);
      expect(await live()).toEqual(before);
      for (const fc of regions) {
        expect((await aliasOf(fc, SERVICE)).additionalVersionWeight).toEqual({});
        expect(await versionsOf(fc, SERVICE)).toContain('3');
        const latest = await fc.invokeFunction(SERVICE, 'greet', Buffer.from('{}'), {}, 'LATEST', {
          rawBuf: true,
        });
        expect(String(latest.data)).toContain('v2');
      }
    } finally {
      await customers.stop();
    }
  }, 240_000);

  test('a region that is away holds up nobody else: what it has goes back when it is there again', async () => {
    const before = await live();
    const customers = customersOf();
    try {
      const release = await push('good', ['bake: 0s']);
      await poll('traffic in the north', async () => {
        const { traffic } = await sluice.api.until(release.id, ['queued', 'running'], 60_000);
        return traffic.some(({ region }) => region === NORTH);
      });
      const regionsWith = (state: string, detail: unknown): object => ({
        status: 200,
        ready: true,
        regions: [
          { region: 'cn-local', state: 'up', detail: 'answers' },
          { region: NORTH, state, detail },
        ],
      });
      expect(await readiness()).toMatchObject(regionsWith('up', 'answers'));
      await engine.process.end('SIGKILL');
      await expect
        .poll(readiness, { timeout: 10_000 })
        .toMatchObject(regionsWith('down', expect.stringContaining('ECONNREFUSED')));
      await sluice.api.post(`/api/v1/releases/${release.id}/abort`, { comment: 'the north is gone' });
      const atHome = async () => (await aliasOf(regions[0], SERVICE)).versionId;
      await expect.poll(atHome, { timeout: 60_000 }).toBe(before[0]);
      const waiting = async () => (await sluice.api.events(release.id)).map(({ text }) => text);
      await expect
        .poll(waiting, { timeout: 90_000 })
        .toContainEqual(expect.stringMatching(/engine-unreachable.*in cn-north may still have .* % of PROD/));
      await engine.restart();
      await sluice.api.until(release.id, ['aborted'], 90_000);
      expect(await live()).toEqual(before);
    } finally {
      await customers.stop();
    }
  }, 300_000);

  test('the environment shows every region, and a rollback by hand names each', async () => {
    const path = `/api/v1/environments/${SERVICE}.production`;
    const { services } = await sluice.api.get<EnvironmentDetailView>(path);
    expect(
      services.map(({ service, region, live: split }) => [service, region, split?.versions[0]?.version]),
    ).toEqual([
      [`${NORTH}/${SERVICE}`, NORTH, '2'],
      [SERVICE, 'cn-local', '2'],
    ]);
    const some = await sluice.api.request('POST', `${path}/rollback`, {
      versions: { [SERVICE]: '1' },
      comment: 'only here',
    });
    expect(some.status).toBe(422);
    expect(await some.json()).toMatchObject({ code: 'region-missing' });
    expect(await live()).toEqual(['2', '2']);
    const all = { [SERVICE]: '1', [`${NORTH}/${SERVICE}`]: '1' };
    await sluice.api.post(`${path}/rollback`, { versions: all, comment: 'as it was' });
    await expect.poll(live, { timeout: 60_000 }).toEqual(['1', '1']);
  }, 120_000);

  test('a plan names the waves on the command line; a region that nobody knows is refused by its place', async () => {
    const { output } = await commandLine(sluice.stack, 'plan', SERVICE);
    expect(output).toContain('wave 2 (cn-north), 1s after 100 % in wave 1');
    expect(output).toContain('over 2 waves');
    pushes += 1;
    const wrong = await project.push(
      functionFiles({
        service: SERVICE,
        handler: 'good',
        tag: `v${pushes}`,
        steps: ['{weight: 20%, hold: 2s}'],
        more: ['regions: [{wave: [cn-norht]}]'],
      }),
      'A slip',
    );
    const failed = await sluice.api.until(wrong.id, ['failed'], 120_000);
    expect(failed.sentence).toContain(
      'environments.production.regions[0].wave[0]: found "cn-norht", which this Sluice knows no endpoint of; did you mean cn-north?',
    );
  }, 240_000);
});
