import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_PROTECTION } from '../../src/domain/plan/environment.ts';
import type { Parts } from '../../src/activities/index.ts';
import type { FcClient } from '../../src/fc/client.ts';
import { claimAlias } from '../../src/store/alias-owners.ts';
import { findAliasState, listAliasStates, saveAliasState } from '../../src/store/alias-states.ts';
import { recordEvent } from '../../src/store/events.ts';
import { changeProject, deleteProject } from '../../src/store/projects.ts';
import { manifest, runActivity, startActivityWorld, type ActivityWorld } from './activity-world.ts';

let world: ActivityWorld;
let parts: Parts;
beforeAll(async () => {
  world = await startActivityWorld({} as FcClient);
  parts = world.parts();
}, 60_000);
afterAll(() => world?.close());

/** A project whose manifest names the service. */
function release(project: string, service: string) {
  return world.release(project, { 's.yml': manifest(service), 'code/index.js': 'x' });
}

function goLive(project: string, service: string): Promise<void> {
  const place = { service, alias: 'PROD', project, environment: 'production' };
  return saveAliasState(world.store.db, { ...place, stable: '1', canary: null, weight: 0, releaseId: null });
}

function end(releaseId: string): Promise<unknown> {
  const event = { type: 'failed', stage: 'build', sentence: 'exit 1' } as const;
  return recordEvent(world.store.db, { releaseId, seq: 1, at: Date.now(), event });
}

const source = (releaseId: string) => runActivity(parts, 'prepareSource', { releaseId });

test('a project that shares a service learns it in source, before anything is built, with the mend', async () => {
  const first = await release('shop', 'shared');
  await source(first.releaseId);
  const second = await release('copy', 'shared');
  await expect(source(second.releaseId)).rejects.toMatchObject({
    type: 'Invalid',
    message: expect.stringMatching(
      /^s\.yml:9:9: alias PROD of service shared belongs to shop\.production; give copy\.production an alias of its own/,
    ),
  });
  // The owner is not hindered, and a repeated call is the same claim.
  await source(first.releaseId);
  await source((await world.push('shop', { a: '1' })).releaseId);
});

test('each region has aliases of its own — the same service elsewhere is another place', async () => {
  const inRegion = (project: string, region: string) =>
    world.release(project, {
      's.yml': manifest('spread'),
      'code/index.js': 'x',
      'sluice.yml': `version: 1\nenvironments: {production: {regions: [{wave: [${region}]}]}}\n`,
    });
  await source((await inRegion('at-home', 'cn-local')).releaseId);
  const { places } = await source((await inRegion('elsewhere', 'cn-shanghai')).releaseId);
  expect(places).toEqual([{ service: 'cn-shanghai/spread', of: 'spread', region: 'cn-shanghai', wave: 0 }]);
  expect(await findAliasState(world.store.db, 'cn-shanghai/spread', 'PROD')).toMatchObject({
    project: 'elsewhere',
  });
  // Without regions a release goes home, where the alias is taken.
  await expect(source((await release('plain', 'spread')).releaseId)).rejects.toThrow(
    'alias PROD of service spread belongs to at-home.production',
  );
});

test('of many who claim at once exactly one gets the alias', async () => {
  const { db } = world.store;
  const made = [];
  for (const name of ['race-a', 'race-b', 'race-c', 'race-d'])
    made.push({ name, ...(await release(name, 'raced')) });
  const claims = await Promise.all(
    made.map(({ name, releaseId }) =>
      claimAlias(
        db,
        { service: 'raced', alias: 'PROD' },
        { project: name, environment: 'production' },
        releaseId,
      ),
    ),
  );
  expect(claims.filter((other) => other === null)).toHaveLength(1);
  const owner = await findAliasState(db, 'raced', 'PROD');
  expect(claims.filter((other) => other?.project === owner?.project)).toHaveLength(3);
});

test('a claim behind which nothing went live ends with its release — a typing error holds no service', async () => {
  const typo = await release('typo', 'typed');
  await source(typo.releaseId);
  expect(await listAliasStates(world.store.db, { project: 'typo' })).toEqual([]);
  const right = await release('right', 'typed');
  await expect(source(right.releaseId)).rejects.toMatchObject({ type: 'Invalid' });
  await end(typo.releaseId);
  await source(right.releaseId);
  expect(await findAliasState(world.store.db, 'typed', 'PROD')).toMatchObject({ project: 'right' });
});

test('an alias is free again when its environment has another one, and when its project is gone', async () => {
  const { db } = world.store;
  await source((await release('old', 'kept')).releaseId);
  await goLive('old', 'kept');
  const { releaseId } = await release('new', 'kept');
  await expect(source(releaseId)).rejects.toMatchObject({ type: 'Invalid' });
  const environment = { name: 'production', branches: ['main'], tags: [], protection: DEFAULT_PROTECTION };
  await changeProject(db, 'old', { environments: [{ ...environment, alias: 'OLD' }] });
  await source(releaseId);
  // What runs there goes on running, under its new owner.
  expect(await findAliasState(db, 'kept', 'PROD')).toMatchObject({ project: 'new', stable: '1' });

  await deleteProject(db, 'new');
  await source((await release('third', 'kept')).releaseId);
});

test('a dry run hears of the owner and claims nothing', async () => {
  const { db } = world.store;
  const dry = async (project: string, service: string) => {
    const { releaseId } = await release(project, service);
    await db.updateTable('releases').set({ dry_run: true }).where('id', '=', releaseId).execute();
    return source(releaseId);
  };
  await dry('dry', 'free');
  expect(await findAliasState(db, 'free', 'PROD')).toBeUndefined();
  await source((await release('wet', 'taken')).releaseId);
  await expect(dry('dry-too', 'taken')).rejects.toMatchObject({
    message: expect.stringContaining('belongs to wet.production'),
  });
});
