/** Regions in waves: one goes before the other, and all come back together. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PlanHook } from '../../src/domain/plan/hook.ts';
import type { Actor } from '../../src/domain/release/events.ts';
import { abortUpdate, approveUpdate, promoteUpdate, skipUpdate } from '../../src/workflows/messages.ts';
import {
  APPROVAL,
  HARMFUL_LOOK,
  HEALTHY,
  planInWaves,
  step,
  UNDECIDED_LOOK,
  type Script,
} from './fake-world.ts';
import { startWorkflowServer, type WorkflowServer } from './workflow-server.ts';

let server: WorkflowServer;
beforeAll(async () => {
  server = await startWorkflowServer();
}, 60_000);
afterAll(() => server?.close());

const WAVES = [
  { regions: ['home'], bakeMs: 0 },
  { regions: ['north', 'south'], bakeMs: 0 },
];
const manager: Actor = { kind: 'person', name: 'bob', role: 'release-manager' };

/** A project whose version 1 is live in every region, and one release of it. */
async function begin(script: Partial<Script> = {}, live = ['home', 'north', 'south']) {
  const project = `p-${randomUUID().slice(0, 8)}`;
  const releaseId = randomUUID();
  const service = `svc-${project}`;
  const places = { home: service, north: `north/${service}`, south: `south/${service}` };
  for (const [region, place] of Object.entries(places)) if (live.includes(region)) server.world.live(place);
  server.world.scripts.set(releaseId, {
    ...HEALTHY,
    services: [service],
    plan: planInWaves([step(0.1), step(0.5)], WAVES),
    ...script,
  });
  await server.push(project, releaseId);
  return { project, releaseId, service, places };
}

function movesOf(service: string): string[] {
  return server.world.moves
    .filter((move) => move.split(': ')[0]?.split('/').at(-1) === service)
    .map((move) => move.replace(service, 's').replaceAll(/version (?!1\b)\d+/g, 'version new'));
}

const WAVE_1 = [
  's: version 1, 10 % to version new',
  's: version 1, 50 % to version new',
  's: version new alone',
];
const WAVE_2_BEGUN = ['north/s: version 1, 10 % to version new', 'south/s: version 1, 10 % to version new'];
const ALL_BACK = ['north/s: version 1 alone', 's: version 1 alone', 'south/s: version 1 alone'];

describe.concurrent('a release in waves', () => {
  test('ends the steps and moves all traffic in one wave before the next begins', async () => {
    const { releaseId, service } = await begin();
    expect(await server.ended(releaseId, 'promoted.waves')).toMatchObject({ ended: 'promoted' });
    expect(movesOf(service)).toEqual([
      ...WAVE_1,
      ...WAVE_2_BEGUN,
      'north/s: version 1, 50 % to version new',
      'south/s: version 1, 50 % to version new',
      'north/s: version new alone',
      'south/s: version new alone',
    ]);
    const { steps, traffic, services } = server.world.progress(releaseId);
    expect(steps.map((one) => [one.step, one.wave, one.endedAt !== null])).toEqual([
      [0, 0, true],
      [1, 0, true],
      [2, 1, true],
      [3, 1, true],
    ]);
    expect(traffic.map(({ region, wave, weight }) => [region, wave, weight])).toEqual([
      ['home', 0, 1],
      ['north', 1, 1],
      ['south', 1, 1],
    ]);
    expect(services.map(({ region, wave }) => `${wave} ${region}`).sort()).toEqual([
      '0 home',
      '1 north',
      '1 south',
    ]);
    expect(server.world.find(releaseId, 'wave-finished')).toMatchObject({ wave: 0, regions: ['home'] });
    expect(server.world.find(releaseId, 'promoted')?.sentence).toContain(`of ${service} in north`);
  });

  test('publishes and verifies everywhere before any traffic moves, each region under its own lock', async () => {
    const { releaseId, places } = await begin();
    await server.ended(releaseId);
    const { done } = server.world;
    for (const place of Object.values(places)) expect(done).toContain(`publish ${place} ${releaseId}`);
    const types = server.world.types(releaseId);
    expect(types.indexOf('traffic')).toBeGreaterThan(types.indexOf('versions'));
  });

  test('is watched wave by wave, each by its own regions', async () => {
    const { releaseId, places } = await begin();
    await server.ended(releaseId);
    expect(server.world.done).toContain(`watch wave 0 of ${releaseId}: ${places.home}, beside `);
    expect(server.world.done).toContain(
      `watch wave 1 of ${releaseId}: ${places.north},${places.south}, beside ${places.home}`,
    );
  });

  test('goes live at once where a region is new, when its wave comes', async () => {
    const { releaseId, service } = await begin({}, ['home', 'south']);
    await server.ended(releaseId);
    expect(movesOf(service)).toEqual([
      ...WAVE_1,
      'north/s: version new alone',
      'south/s: version 1, 10 % to version new',
      'south/s: version 1, 50 % to version new',
      'south/s: version new alone',
    ]);
  });

  test('without steps still goes wave by wave', async () => {
    const { releaseId, service } = await begin({ plan: planInWaves([], WAVES) });
    expect(await server.ended(releaseId)).toMatchObject({ ended: 'promoted' });
    expect(movesOf(service)).toEqual([
      's: version new alone',
      'north/s: version new alone',
      'south/s: version new alone',
    ]);
  });

  test('says on a dry run over how many waves it would go', async () => {
    const { releaseId } = await begin({ dryRun: true });
    await server.ended(releaseId);
    expect(server.world.progress(releaseId).message).toContain('in 4 gray steps over 2 waves');
  });
});

describe.concurrent('all or none', () => {
  const holding = planInWaves([step(0.1, 30)], WAVES);
  /** The second wave holds its first step. */
  const inSecond = {
    ...holding,
    steps: holding.steps.map((one) => (one.wave === 1 ? { ...one, holdMs: 60_000 } : one)),
  };
  const secondBegun = ({ traffic }: { traffic: readonly { wave?: number }[] }) =>
    traffic.filter(({ wave }) => wave === 1).length === 2;
  const MOVED = ['s: version 1, 10 % to version new', 's: version new alone', ...WAVE_2_BEGUN];

  test('harm in the second wave takes the first one back too', async () => {
    const { releaseId, service, places } = await begin({ plan: inSecond });
    await server.world.until(releaseId, secondBegun);
    server.world.harm(releaseId);
    expect(await server.ended(releaseId, 'rolled-back.waves')).toMatchObject({ ended: 'rolled-back' });
    const moves = movesOf(service);
    expect(moves.slice(0, MOVED.length)).toEqual(MOVED);
    expect(moves.slice(MOVED.length).sort()).toEqual(ALL_BACK);
    expect(server.world.progress(releaseId).message).toBe(
      'wave 2 (north and south): the canary fails more often than stable',
    );
    for (const place of Object.values(places))
      expect(server.world.done).toContain(`restore ${place} to 1 for ${releaseId}`);
  });

  test('harm in a region that has all its traffic already does so too', async () => {
    const { releaseId, service } = await begin({ plan: inSecond });
    await server.world.until(releaseId, secondBegun);
    const look = { ...HARMFUL_LOOK, metric: 'bake-wave-1', sentence: 'far too many failures' };
    server.world.bakes.set(`${releaseId} wave 0`, [{ outcome: 'roll-back', look, afterOverride: 0 }]);
    expect(await server.ended(releaseId)).toMatchObject({ ended: 'rolled-back' });
    expect(movesOf(service).slice(MOVED.length).sort()).toEqual(ALL_BACK);
    expect(server.world.progress(releaseId).message).toBe('wave 1 (home): far too many failures');
  });

  test('a doubt about such a region is told, and the waves go on', async () => {
    const { releaseId } = await begin({ plan: inSecond });
    await server.world.until(releaseId, secondBegun);
    const look = { ...UNDECIDED_LOOK, metric: 'bake-wave-1', sentence: 'a few too many failures' };
    server.world.bakes.set(`${releaseId} wave 0`, [{ outcome: 'ask', look, afterOverride: 0 }]);
    await server.world.until(releaseId, ({ reason }) => reason === 'bake-doubt');
    await server
      .release(releaseId)
      .executeUpdate(skipUpdate, { args: [{ actor: manager, comment: '', step: 1 }] });
    expect(await server.ended(releaseId)).toMatchObject({ ended: 'promoted' });
  });

  test('an abort in the second wave takes the first one back too', async () => {
    const { releaseId, service } = await begin({ plan: inSecond });
    await server.world.until(releaseId, secondBegun);
    await server.release(releaseId).executeUpdate(abortUpdate, { args: [{ actor: manager, comment: 'no' }] });
    expect(await server.ended(releaseId)).toMatchObject({ ended: 'aborted' });
    expect(movesOf(service).slice(MOVED.length).sort()).toEqual(ALL_BACK);
  });

  test('harm while the last hooks run takes back every region', async () => {
    const hook: PlanHook = {
      name: 'tell',
      action: { kind: 'run', run: 'sh tell.sh' },
      timeoutMs: 60_000,
      onFailure: 'roll-back',
    };
    const hooked = { ...planInWaves([], WAVES), hooks: { before: [], after: [hook] } };
    const { releaseId, service } = await begin({ plan: hooked, stuck: 'runHook' });
    await server.world.until(releaseId, ({ hooks }) => hooks.length === 1);
    const before = movesOf(service).length;
    const look = { ...HARMFUL_LOOK, metric: 'bake-wave-1', sentence: 'far too many failures' };
    server.world.bakes.set(`${releaseId} wave 0`, [{ outcome: 'roll-back', look, afterOverride: 0 }]);
    expect(await server.ended(releaseId)).toMatchObject({ ended: 'rolled-back' });
    expect(movesOf(service).slice(before).sort()).toEqual(ALL_BACK);
  });

  test('a wave that has not begun is not touched', async () => {
    const { releaseId, service } = await begin({ plan: planInWaves([step(0.1, 60_000)], WAVES) });
    await server.world.until(releaseId, ({ traffic }) => traffic.length > 0);
    server.world.harm(releaseId);
    expect(await server.ended(releaseId)).toMatchObject({ ended: 'rolled-back' });
    expect(movesOf(service)).toEqual(['s: version 1, 10 % to version new', 's: version 1 alone']);
  });

  test('harm in the bake time after the promotion takes back every region', async () => {
    const { releaseId, service } = await begin({
      plan: { ...planInWaves([step(0.1)], WAVES), bakeMs: 60_000 },
    });
    await server.world.until(releaseId, ({ state }) => state === 'promoted');
    const before = movesOf(service).length;
    const look = { ...HARMFUL_LOOK, metric: 'bake-wave-2', sentence: 'far too many failures' };
    server.world.bakes.set(`${releaseId} wave 1`, [{ outcome: 'roll-back', look, afterOverride: 0 }]);
    await server.world.until(`${releaseId}-bake`, ({ state }) => state === 'rolled-back');
    expect(movesOf(service).slice(before).sort()).toEqual(ALL_BACK);
    expect(server.world.progress(`${releaseId}-bake`)).toMatchObject({
      message: 'wave 2 (north and south): far too many failures',
      traffic: [
        { region: 'home', wave: 0, weight: 0 },
        { region: 'north', wave: 1, weight: 0 },
        { region: 'south', wave: 1, weight: 0 },
      ],
    });
    await server.release(releaseId).result();
  });

  test('an alias that somebody else moved in a promoted region is left to a person, who may take over', async () => {
    const { releaseId, service, places } = await begin({ plan: inSecond });
    await server.world.until(releaseId, secondBegun);
    server.world.aliases.set(places.home, { main: '1', additional: null });
    server.world.bakes.set(`${releaseId} wave 0`, [{ outcome: 'over' }]);
    await server.world.until(releaseId, ({ reason }) => reason === 'changed-outside');
    expect(server.world.find(releaseId, 'paused')?.message).toBe('changed outside');
    await server.release(releaseId).executeUpdate(abortUpdate, { args: [{ actor: manager, comment: '' }] });
    expect(await server.ended(releaseId)).toMatchObject({ ended: 'aborted' });
    // What the person left stays; the others go back.
    expect(movesOf(service).slice(MOVED.length).sort()).toEqual(
      ALL_BACK.filter((move) => !move.startsWith('s:')),
    );
  });
});

describe.concurrent('people between the waves', () => {
  const baking = planInWaves(
    [step(0.1)],
    [
      { regions: ['home'], bakeMs: 60_000 },
      { regions: ['north'], bakeMs: 0 },
    ],
  );
  const isBaking = (releaseId: string) => () => server.world.types(releaseId).includes('wave-finished');

  test('the next wave waits as long as the plan says, and a person may end that', async () => {
    const { releaseId, service } = await begin({ plan: baking });
    await server.world.until(releaseId, isBaking(releaseId));
    expect(movesOf(service)).toEqual(['s: version 1, 10 % to version new', 's: version new alone']);
    await server
      .release(releaseId)
      .executeUpdate(skipUpdate, { args: [{ actor: manager, comment: '', step: null }] });
    expect(await server.ended(releaseId)).toMatchObject({ ended: 'promoted' });
    expect(movesOf(service).at(-1)).toBe('north/s: version new alone');
  });

  test('promoted now, every wave goes to the new version at once, in its order', async () => {
    const { releaseId, service } = await begin({ plan: planInWaves([step(0.1, 60_000)], WAVES) });
    await server.world.until(releaseId, ({ traffic }) => traffic.length > 0);
    await server.release(releaseId).executeUpdate(promoteUpdate, { args: [{ actor: manager, comment: '' }] });
    expect(await server.ended(releaseId)).toMatchObject({ ended: 'promoted' });
    expect(movesOf(service).slice(1)).toEqual([
      's: version new alone',
      'north/s: version new alone',
      'south/s: version new alone',
    ]);
  });

  test('each wave asks for its own approval, by the number that the step has in the plan', async () => {
    const { releaseId } = await begin({ plan: planInWaves([step(0.1, 10, APPROVAL)], WAVES) });
    for (const index of [0, 1]) {
      await server.world.until(releaseId, ({ approvals }) =>
        approvals.some((one) => one.step === index && one.outcome === null),
      );
      await server.release(releaseId).executeUpdate(approveUpdate, {
        args: [{ actor: manager, comment: '', step: index, evidence: null }],
      });
    }
    expect(await server.ended(releaseId)).toMatchObject({ ended: 'promoted' });
  });
});
