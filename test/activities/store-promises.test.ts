import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alone, graySplit } from '../../src/domain/release/split.ts';
import type { FcClient } from '../../src/fc/client.ts';
import { findAliasState, saveAliasState } from '../../src/store/alias-states.ts';
import { recordEvent } from '../../src/store/events.ts';
import { claimOutbox, finishOutbox, postponeOutbox } from '../../src/store/outbox.ts';
import { addOverride, newestOverride } from '../../src/store/overrides.ts';
import { addPublication, publicationOf, publicationOfVersion } from '../../src/store/publications.ts';
import { giveServiceLocksBack, takeServiceLock } from '../../src/store/service-locks.ts';
import { manifest, startActivityWorld, type ActivityWorld } from './activity-world.ts';

let world: ActivityWorld;
beforeAll(async () => {
  world = await startActivityWorld({} as FcClient);
}, 60_000);
afterAll(() => world?.close());

const CLAIM = { limit: 20, leaseMs: 60_000 };

describe('outbox', () => {
  test('gives each environment’s pushes out in order, and two dispatchers never the same', async () => {
    const { db } = world.store;
    const first = await world.release('order', { 's.yml': manifest('order') });
    const second = await world.push('order', { a: '1' });
    const other = await world.release('other', { 's.yml': manifest('other') });
    const claims = await Promise.all([claimOutbox(db, CLAIM), claimOutbox(db, CLAIM)]);
    const claimed = claims.flat();
    expect(claimed.map(({ releaseId }) => releaseId)).toEqual([
      first.releaseId,
      second.releaseId,
      other.releaseId,
    ]);
    // A later push waits until those before it are handed over, not until they are claimed.
    const third = await world.push('order', { a: '2' });
    expect(await claimOutbox(db, CLAIM)).toEqual([]);
    await finishOutbox(db, [claimed[0]?.id ?? '']);
    expect(await claimOutbox(db, CLAIM)).toEqual([]);
    await finishOutbox(
      db,
      claimed.map(({ id }) => id),
    );
    expect(await claimOutbox(db, CLAIM)).toMatchObject([{ releaseId: third.releaseId, attempts: 0 }]);
  });

  test('gives a row out again when its dispatcher died, and counts the tries', async () => {
    const { db } = world.store;
    await world.release('lease', { 's.yml': manifest('lease') });
    const [claimed] = await claimOutbox(db, { limit: 20, leaseMs: 0 });
    expect(claimed?.project).toBe('lease');
    const [again] = await claimOutbox(db, { limit: 20, leaseMs: 0 });
    expect(again).toMatchObject({ id: claimed?.id, attempts: 1 });
    await postponeOutbox(db, [claimed?.id ?? ''], 60_000);
    expect(await claimOutbox(db, CLAIM)).toEqual([]);
  });
});

describe('service lock', () => {
  test('is held by one at a time, again by its holder, and lost by a release that has ended', async () => {
    const { db } = world.store;
    const a = await world.release('lock-a', { 's.yml': manifest('lock-a') });
    const b = await world.release('lock-b', { 's.yml': manifest('lock-b') });
    expect(await takeServiceLock(db, 'svc', a.releaseId)).toEqual({ held: true });
    expect(await takeServiceLock(db, 'svc', a.releaseId)).toEqual({ held: true });
    expect(await takeServiceLock(db, 'svc', b.releaseId)).toEqual({ held: false, by: a.releaseId });
    await recordEvent(db, {
      releaseId: a.releaseId,
      seq: 1,
      at: Date.now(),
      event: { type: 'failed', stage: 'build', sentence: 'x' },
    });
    expect(await takeServiceLock(db, 'svc', b.releaseId)).toEqual({ held: true });
    await giveServiceLocksBack(db, a.releaseId);
    expect(await takeServiceLock(db, 'svc', 'rollback:x')).toEqual({ held: false, by: b.releaseId });
    await giveServiceLocksBack(db, b.releaseId);
    expect(await takeServiceLock(db, 'svc', 'rollback:x')).toEqual({ held: true });
    expect(await takeServiceLock(db, 'svc', b.releaseId)).toEqual({ held: false, by: 'rollback:x' });
  });

  test('goes to exactly one of many who ask at once', async () => {
    const { db } = world.store;
    const { releaseId } = await world.release('race', { 's.yml': manifest('race') });
    const others = ['rollback:1', 'rollback:2', 'rollback:3', releaseId];
    const taken = await Promise.all(others.map((holder) => takeServiceLock(db, 'contested', holder)));
    expect(taken.filter(({ held }) => held)).toHaveLength(1);
  });
});

test('a release publishes one version per service: the first one stored stands', async () => {
  const { db } = world.store;
  const { releaseId } = await world.release('once', { 's.yml': manifest('once') });
  const publication = {
    service: 'once',
    releaseId,
    version: '4',
    digest: 'd',
    functions: { hello: { artifact: 'a' } },
  };
  await addPublication(db, publication);
  await addPublication(db, { ...publication, version: '5' });
  expect(await publicationOf(db, 'once', releaseId)).toEqual(publication);
  expect(await publicationOfVersion(db, 'once', '4')).toEqual(publication);
  expect(await publicationOfVersion(db, 'once', '5')).toBeUndefined();
});

test('an alias keeps its owner, and overrides are found from a time on', async () => {
  const { db } = world.store;
  const place = { service: 'own', alias: 'PROD', project: 'own', environment: 'production' };
  await saveAliasState(db, { ...place, stable: '1', canary: '2', weight: 0.05, releaseId: null });
  await saveAliasState(db, {
    ...place,
    project: 'thief',
    stable: '2',
    canary: null,
    weight: 0,
    releaseId: null,
  });
  expect(await findAliasState(db, 'own', 'PROD')).toMatchObject({ project: 'own', stable: '2', weight: 0 });
  await addOverride(db, {
    ...place,
    from: graySplit('1', '2', 0.05),
    toVersion: '1',
    actor: 'op',
    comment: 'pager',
  });
  const found = await newestOverride(db, { service: 'own', alias: 'PROD', sinceMs: Date.now() - 60_000 });
  expect(found).toMatchObject({ actor: 'op', toVersion: alone('1').main });
  expect(
    await newestOverride(db, { service: 'own', alias: 'PROD', sinceMs: Date.now() + 60_000 }),
  ).toBeUndefined();
});
