/**
 * The way between Sluice and Function Compute fails for one service at a time, while its customers, who call the engine
 * itself, notice nothing. Projects are of one stack and run side by side; what kills parts comes last, alone.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EventView, LookView, ReleaseView } from '../../src/api/views.ts';
import { startWorld, type World } from '../faults/world.ts';
import { watchAliases } from '../support/alias-watch.ts';
import { startLiveService, type LiveService } from '../support/live-service.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
}, 120_000);
afterAll(() => world?.stop(), 30_000);

const END = 120_000;
type Told = EventView['event'];

const begin = (service: string, steps: readonly string[], more: readonly string[] = []) =>
  startLiveService({ stack: world.stack, api: world.api, fc: world.fc, service, steps, more });
const read = (id: string): Promise<ReleaseView> => world.api.get(`/api/v1/releases/${id}`);
const told = async (id: string): Promise<Told[]> => (await world.api.events(id)).map(({ event }) => event);
const weights = async (id: string): Promise<number[]> =>
  (await told(id)).flatMap((event) => (event.type === 'traffic' ? [event.weight] : []));

async function looks(id: string): Promise<LookView[]> {
  const { evaluations } = await world.api.get<{ evaluations: LookView[] }>(
    `/api/v1/releases/${id}/evaluations?limit=5000`,
  );
  return evaluations;
}

/** The judge's counters of a service. */
const ringOf = (service: string) => (_method: string, path: string) =>
  path.includes('/_sluice/ring') && path.includes(`service=${service}`);
/** From the first move of the service's alias on, all that is asked of it. */
function allFromTheMoveOn(service: string) {
  let isGone = false;
  return (method: string, path: string): boolean => {
    const isOfIt = path.includes(`/services/${service}`) || path.includes(`service=${service}`);
    isGone ||= isOfIt && method === 'PUT' && path.includes('/aliases/');
    return isGone && isOfIt;
  };
}

const sum = (counts: readonly { readonly requests: number }[]): number =>
  counts.reduce((total, { requests }) => total + requests, 0);

describe.concurrent('metrics that do not come', () => {
  test('for a while: nothing is taken back or moved meanwhile, the gap is said, and its counts come afterwards as they were', async ({
    expect,
  }) => {
    const service = await begin('gap', ['{weight: 20%, hold: 8s}']);
    const customers = service.customers();
    const { id } = await service.push('good', 'Healthy');
    await service.untilWeight('2', 0.2);
    await expect
      .poll(async () => (await read(id)).verdict?.canaryTotal.requests, { timeout: END })
      .toBeGreaterThan(0);
    const restore = world.proxy.refuse(ringOf('gap'));
    const blind = await world.api.until(id, ['running'], END);
    await expect.poll(async () => (await read(id)).reason, { timeout: END }).toBe('no-metrics');
    // The hold is long over when the metrics come back.
    await expect
      .poll(async () => (await told(id)).map(({ type }) => type), { timeout: END })
      .toContain('hold-extended');
    expect(await weights(id)).toEqual([0.2]);
    expect(await service.alias()).toEqual({ main: '1', others: { 2: 0.2 } });
    expect(blind.endedAt).toBeNull();
    restore();
    await world.api.until(id, ['promoted'], END);
    await customers.stop();
    expect(await weights(id)).toEqual([0.2, 1]);
    const gap = (await told(id)).filter((event) => 'reason' in event && event.reason === 'no-metrics');
    expect(gap.map(({ type }) => type)).toEqual(expect.arrayContaining(['blocked', 'cleared']));
    expect(gap.at(-1)?.type).toBe('cleared');
    const texts = (await world.api.events(id)).map(({ text }) => text);
    expect(texts).toContainEqual(expect.stringMatching(/^metrics unavailable: /));
    expect(texts).toContain('metrics are back');
    const errors = (await looks(id)).filter(({ metric }) => metric === 'errors');
    const silent = errors.filter(({ cause }) => cause === 'no-metrics');
    expect(silent.length).toBeGreaterThan(0);
    expect(sum(silent.map(({ canary }) => canary)) + sum(silent.map(({ stable }) => stable))).toBe(0);
    const afterwards = errors.find(({ number }) => number > (silent.at(-1)?.number ?? 0));
    expect(afterwards?.canary.requests).toBeGreaterThan(0);
    // The total is what the looks say together, and no more than there was.
    const counted = errors.at(-1)?.canaryTotal.requests ?? 0;
    expect(counted).toBe(sum(errors.map(({ canary }) => canary)));
    expect(counted).toBeLessThanOrEqual(customers.byVersion.get('2')?.requests ?? 0);
  });

  test('at all: the hold goes on to its limit, then a person is asked — never promoted or taken back by itself', async ({
    expect,
  }) => {
    const service = await begin('blind', ['{weight: 20%, hold: 2s}'], ['extension: 2s']);
    const customers = service.customers();
    const restore = world.proxy.refuse(ringOf('blind'));
    const { id } = await service.push('good', 'Nobody knows');
    const asked = await world.api.until(id, ['waiting-approval'], END);
    await customers.stop();
    expect(asked).toMatchObject({
      reason: 'no-metrics',
      approvals: [{ reason: 'no-metrics', outcome: null }],
    });
    expect(await service.alias()).toEqual({ main: '1', others: { 2: 0.2 } });
    await world.api.post(`/api/v1/releases/${id}/reject`, { step: 0, comment: 'not blindly' });
    await world.api.until(id, ['rejected'], END);
    restore();
    expect(await service.alias()).toEqual({ main: '1', others: {} });
  });
});

describe.concurrent('an engine that cannot be reached', () => {
  test('at a change of the weight: the release says so and since when, then sets the planned weight once and skips nothing', async ({
    expect,
  }) => {
    const service = await begin('away', ['{weight: 20%, hold: 3s}', '{weight: 50%, hold: 1s}']);
    const customers = service.customers();
    const { id } = await service.push('good', 'Healthy');
    await service.untilWeight('2', 0.2);
    const restore = world.proxy.refuse(allFromTheMoveOn('away'));
    const blocked = await untilReason(id, 'engine-unreachable');
    expect(blocked.sentence).toMatch(/^cannot reach the engine; /);
    expect(Date.parse(blocked.since)).toBeGreaterThan(Date.parse(blocked.steps[0]?.startedAt ?? ''));
    expect((await service.alias()).others).toEqual({ 2: 0.2 });
    restore();
    await world.api.until(id, ['promoted'], END);
    await customers.stop();
    expect(await weights(id)).toEqual([0.2, 0.5, 1]);
    expect((await told(id)).filter(({ type }) => type === 'step-finished')).toHaveLength(2);
  });

  test('when harm must be taken back: it says what the canary still has, and takes it back when the engine is there', async ({
    expect,
  }) => {
    const service = await begin('stuck', ['{weight: 25%, hold: 1h}']);
    let poison = false;
    const customers = service.customers({ more: () => ({ poison }) });
    const { id } = await service.push('poisonable', 'Turns bad');
    await service.untilWeight('2', 0.25);
    const restore = world.proxy.refuse(allFromTheMoveOn('stuck'));
    poison = true;
    const blocked = await untilReason(id, 'engine-unreachable');
    expect(blocked.verdict?.verdict).toBe('harmful');
    expect(blocked.sentence).toBe('cannot reach the engine; version 2 may still have 25 % of PROD');
    expect((await service.alias()).others).toEqual({ 2: 0.25 });
    restore();
    const thereAt = Date.now();
    const back = await world.api.until(id, ['rolled-back'], END);
    await customers.stop();
    expect(Date.now() - thereAt).toBeLessThan(20_000);
    expect(back.rollbackCause).toBe('harmful');
    expect(await service.alias()).toEqual({ main: '1', others: {} });
  });
});

test('Temporal, API and worker killed at once while the canary is harmful: the traffic goes back as soon as they are there again', async () => {
  const service: LiveService = await begin('beheaded', ['{weight: 50%, hold: 1h}']);
  let poison = false;
  const customers = service.customers({ more: () => ({ poison }) });
  const { id } = await service.push('poisonable', 'Turns bad');
  await service.untilWeight('2', 0.5);
  const parts = ['temporal', 'api', 'worker'] as const;
  const aliases = watchAliases(world.fc, ['beheaded']);
  const before = parts.map((part) => world.stack.kill(part));
  poison = true;
  for (const [index, part] of parts.entries()) await world.stack.untilBack(part, before[index] ?? 0);
  const thereAt = Date.now();
  const back = await world.api.until(id, ['rolled-back'], END);
  const tookMs = Date.now() - thereAt;
  await customers.stop();
  await aliases.stop();
  // As long as a look takes to come where nothing is said of its interval, and a call.
  expect(tookMs).toBeLessThan(11_000);
  expect(back).toMatchObject({ rollbackCause: 'harmful', services: [{ stable: '1', canary: '2' }] });
  expect(await weights(id)).toEqual([0.5, 0]);
  expect(await service.alias()).toEqual({ main: '1', others: {} });
  expect(aliases.missing).toEqual([]);
  expect(aliases.seen('beheaded')).toEqual([
    { main: '1', canary: { version: '2', weight: 0.5 } },
    { main: '1', canary: null },
  ]);
  // What it points at is there.
  const answer = await world.fc.invokeFunction('beheaded', 'greet', Buffer.from('{}'), {}, 'PROD', {
    rawBuf: true,
  });
  expect(answer.headers['x-fc-invocation-service-version']).toBe('1');
});

async function untilReason(id: string, reason: string): Promise<ReleaseView> {
  await expect.poll(async () => (await read(id)).reason, { timeout: END }).toBe(reason);
  return read(id);
}
