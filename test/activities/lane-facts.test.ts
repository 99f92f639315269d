import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Parts } from '../../src/activities/index.ts';
import type { Freeze } from '../../src/domain/freeze/freeze.ts';
import { defaultEnvironments } from '../../src/domain/plan/environment.ts';
import type { ResolvedPlan } from '../../src/domain/plan/plan.ts';
import type { SupersedePolicy } from '../../src/domain/plan/supersede.ts';
import type { FcClient } from '../../src/fc/client.ts';
import { recordEvent } from '../../src/store/events.ts';
import { addBypass, addFreeze, endFreeze, type Bypass } from '../../src/store/freezes.ts';
import { claimLaneNotices, finishLaneNotice } from '../../src/store/lane-notices.ts';
import { changeProject } from '../../src/store/projects.ts';
import { manifest, runActivity, startActivityWorld, type ActivityWorld } from './activity-world.ts';

let world: ActivityWorld;
let parts: Parts;
beforeAll(async () => {
  world = await startActivityWorld({} as FcClient);
  parts = world.parts();
}, 60_000);
afterAll(() => world?.close());

const HOUR = 3_600_000;
const release = (project: string) =>
  world.release(project, { 's.yml': manifest(project), 'code/index.js': 'x' });
const facts = (project: string, releases: readonly string[], replaced: string | null = null) =>
  runActivity(parts, 'laneFacts', { project, environment: 'production', releases, replaced });

function freeze(project: string | null, window: Freeze['window'], id: string): Promise<unknown> {
  return addFreeze(world.store.db, {
    id,
    project,
    environment: null,
    reason: id,
    window,
    underWay: 'hold',
    createdBy: 'ann',
  });
}

function pass(freezeId: string, project: string, more: Partial<Bypass> = {}): Promise<unknown> {
  const place = { freezeId, project, environment: 'production' };
  return addBypass(world.store.db, {
    ...place,
    releaseId: null,
    until: null,
    comment: 'fix',
    actor: 'ann',
    ...more,
  });
}

function plan(supersede?: SupersedePolicy): ResolvedPlan {
  return { version: 1, ...(supersede && { supersede }) } as ResolvedPlan;
}

describe('what a lane is told of freezes', () => {
  test('each that is on stops every release of its place until its end, and only there', async () => {
    const { releaseId } = await release('frozen');
    await release('warm');
    const until = Date.now() + HOUR;
    await freeze('frozen', { kind: 'once', from: 0, until }, 'F-ONE');
    expect(await facts('frozen', [releaseId])).toMatchObject({
      frozen: { [releaseId]: { reason: 'F-ONE', underWay: 'hold', until } },
      changesAt: until,
    });
    expect((await facts('warm', ['x'])).frozen).toEqual({ x: null });
  });

  test('its word for a running release is made stricter by that release’s plan, never laxer', async () => {
    const { releaseId } = await release('stricter');
    await freeze('stricter', { kind: 'once', from: 0, until: null }, 'F-STRICT');
    const planned = async (seq: number, word: 'finish' | 'roll-back') => {
      const event = { type: 'planned', plan: { version: 1, freeze: word } as ResolvedPlan } as const;
      await recordEvent(world.store.db, { releaseId, seq, at: seq, event });
      return (await facts('stricter', [releaseId])).frozen[releaseId]?.underWay;
    };
    expect(await planned(1, 'finish')).toBe('hold');
    expect(await planned(2, 'roll-back')).toBe('roll-back');
  });

  test('one that is still to come is when to ask again', async () => {
    await release('later');
    const from = Date.now() + HOUR;
    await freeze('later', { kind: 'once', from, until: null }, 'F-LATER');
    expect(await facts('later', ['x'])).toMatchObject({ frozen: { x: null }, changesAt: from });
  });

  test('one that is over or was ended is nothing', async () => {
    await release('past');
    await freeze('past', { kind: 'once', from: 1, until: 2 }, 'F-PAST');
    await freeze('past', { kind: 'once', from: 1, until: null }, 'F-ENDED');
    expect(await endFreeze(world.store.db, { id: 'F-ENDED', by: 'ann' })).toBe(true);
    expect(await facts('past', ['x'])).toMatchObject({ frozen: { x: null }, changesAt: null });
  });

  test('whoever may pass is not stopped: one release, or all of the environment, until the pass ends', async () => {
    const { releaseId } = await release('passing');
    await freeze('passing', { kind: 'once', from: 0, until: null }, 'F-PASS');
    await pass('F-PASS', 'passing', { releaseId });
    const one = await facts('passing', [releaseId, 'other']);
    expect(one.frozen).toMatchObject({ [releaseId]: null, other: { reason: 'F-PASS' } });
    const until = Date.now() + HOUR;
    await pass('F-PASS', 'passing', { until });
    expect(await facts('passing', ['other'])).toMatchObject({ frozen: { other: null }, changesAt: until });
  });

  test('a pass of one freeze is none of another', async () => {
    const { releaseId } = await release('twice');
    await freeze('twice', { kind: 'once', from: 0, until: null }, 'F-FIRST');
    await freeze('twice', { kind: 'once', from: 0, until: null }, 'F-SECOND');
    await pass('F-FIRST', 'twice', { releaseId });
    expect((await facts('twice', [releaseId])).frozen).toMatchObject({ [releaseId]: { reason: 'F-SECOND' } });
  });
});

describe('the rule for newer pushes', () => {
  test('is the record’s; else that of the newest plan; else latest — the arriving commit is not read yet', async () => {
    const first = await release('ruled');
    expect((await facts('ruled', [])).supersede).toBe('latest');
    const { db } = world.store;
    const planned = (releaseId: string, said?: SupersedePolicy) =>
      recordEvent(db, { releaseId, seq: 1, at: 1, event: { type: 'planned', plan: plan(said) } });
    await planned(first.releaseId, 'queue');
    const second = await world.push('ruled', { a: '1' });
    expect((await facts('ruled', [])).supersede).toBe('queue');
    await planned(second.releaseId);
    expect((await facts('ruled', [])).supersede).toBe('latest');
    const environments = defaultEnvironments('main').map((one) => ({
      ...one,
      supersede: 'replace' as const,
    }));
    await changeProject(db, 'ruled', { environments });
    expect((await facts('ruled', [])).supersede).toBe('replace');
  });

  test('says whether the one that was told to make way did', async () => {
    const { releaseId } = await release('made');
    expect((await facts('made', [], releaseId)).replaced).toBe(false);
    const event = { type: 'superseded', by: 'x', sentence: 'made way' } as const;
    await recordEvent(world.store.db, { releaseId, seq: 1, at: 1, event });
    expect((await facts('made', [], releaseId)).replaced).toBe(true);
  });
});

test('every change leaves a notice for each lane of its place, until the lane was told', async () => {
  const { db } = world.store;
  const claim = () => claimLaneNotices(db, { limit: 1_000, leaseMs: 60_000 });
  await release('told');
  for (const notice of await claim()) await finishLaneNotice(db, notice.id);
  await freeze('told', { kind: 'once', from: 0, until: null }, 'F-TOLD');
  await pass('F-TOLD', 'told');
  await endFreeze(db, { id: 'F-TOLD', by: 'ann' });
  const notices = await claim();
  expect(notices.map(({ project, environment }) => `${project}.${environment}`)).toEqual(
    Array.from({ length: 3 }, () => 'told.production'),
  );
  // An environment that was taken out of the record may still have a release that waits.
  const environments = defaultEnvironments('main').map((one) => ({ ...one, name: 'other' }));
  await changeProject(db, 'told', { environments });
  await freeze('told', { kind: 'once', from: 0, until: null }, 'F-LEFT');
  expect((await claim()).map(({ environment }) => environment).toSorted()).toEqual(['other', 'production']);
  // Leased: a dispatcher that died keeps nobody from telling later, and nobody tells twice meanwhile.
  expect(await claim()).toEqual([]);
});
