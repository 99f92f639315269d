/** The watch against the real engine, real functions and real traffic: what it says, when, and what it leaves behind. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Watch } from '../../src/activities/contract.ts';
import type { Look } from '../../src/domain/analysis/look.ts';
import { replay, replayable } from '../../src/domain/analysis/replay.ts';
import { DEFAULT_JUDGE_SETTINGS } from '../../src/domain/analysis/settings.ts';
import type { ReleaseEvent } from '../../src/domain/release/events.ts';
import type { PlanAnalysis, PlanProbe } from '../../src/domain/plan/plan.ts';
import type { FcClient } from '../../src/fc/client.ts';
import { FcError } from '../../src/fc/errors.ts';
import { evaluationsForReplay, listEvaluations, newestLookOf } from '../../src/store/evaluations.ts';
import { recordEvent } from '../../src/store/events.ts';
import {
  manifest,
  quietEnvironment,
  runActivity,
  startActivityWorld,
  type ActivityWorld,
} from './activity-world.ts';
import { type TestEngine, startTestEngine } from '../support/test-engine.ts';

const ANALYSIS: PlanAnalysis = { intervalMs: 500, errors: DEFAULT_JUDGE_SETTINGS, latency: null };
const LATENCY = { ...DEFAULT_JUDGE_SETTINGS, rho: 2, floor: 0.02 };

const WELL = 'exports.handler = async () => "well";\n';
const AS_WELL = `${WELL}// the same in other words\n`;
const BROKEN =
  'exports.handler = async (event) => { if (String(event) !== "smoke") throw new Error("no price"); };\n';
/** Every other request; never so many in a row that the guard steps in. */
const HALF =
  'let calls = 0;\nexports.handler = async () => { if ((calls += 1) % 2) throw new Error("no price"); };\n';
const sleeps = (ms: number): string =>
  `exports.handler = () => new Promise((resolve) => setTimeout(resolve, ${ms} * (0.8 + 0.4 * Math.random()), 'well'));\n`;

let engine: TestEngine;
let fc: FcClient;
let world: ActivityWorld;

beforeAll(async () => {
  engine = await startTestEngine();
  fc = engine.fc;
  world = await startActivityWorld(fc);
}, 90_000);
afterAll(async () => {
  await world?.close();
  await engine?.close();
}, 30_000);

/** Version 1 is live behind PROD and has been called; version 2 gets `weight` of the requests. */
async function begun(
  service: string,
  stable: string,
  canary: string,
  weight: number,
): Promise<Omit<Watch, 'analysis'>> {
  const parts = world.parts();
  const versions: string[] = [];
  let releaseId = '';
  for (const code of [stable, canary]) {
    const files = { 's.yml': manifest(service), 'code/index.js': code };
    ({ releaseId } = await (versions.length === 0
      ? world.release(service, files)
      : world.push(service, files)));
    const { services } = await runActivity(parts, 'packageRelease', { releaseId });
    const [only] = services;
    if (!only) throw new Error('nothing was packaged');
    await runActivity(parts, 'deployService', { releaseId, service: only });
    versions.push((await runActivity(parts, 'publishService', { releaseId, service: only })).version);
  }
  const [one = '', two = ''] = versions;
  const { etag } = await fc.createAlias(service, 'PROD', { versionId: one, additionalVersionWeight: {} });
  await callTimes(service, 200);
  await fc.updateAlias(service, 'PROD', { versionId: one, additionalVersionWeight: { [two]: weight } }, etag);
  return {
    releaseId,
    alias: 'PROD',
    services: [{ service, functions: ['hello'], stable: one, canary: two }],
  };
}

function call(service: string): Promise<unknown> {
  return fc.invoke(service, 'PROD', 'hello', Buffer.from('{}'));
}

/** Four callers: a burst would start an instance for each call. */
async function callTimes(service: string, times: number): Promise<void> {
  const caller = async (): Promise<void> => {
    for (let i = 0; i < times / 4; i += 1) await call(service);
  };
  await Promise.all(Array.from({ length: 4 }, caller));
}

/** Calls the function, some 80 times a second, until `work` ends. */
async function under<T>(service: string, work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const ended = work.finally(() => {
    over.abort();
  });
  const caller = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await call(service);
      await pause(40);
    }
  };
  await Promise.all(Array.from({ length: 4 }, caller));
  return ended;
}

/** The stored rows, judged again with the settings of then, say what they said: all of them, in number and word. */
async function expectReplay(releaseId: string, analysis: PlanAnalysis): Promise<void> {
  const { looks, beginning } = await evaluationsForReplay(world.store.db, releaseId);
  const history = beginning?.history ?? null;
  const then = { analysis, looks, history, watchedFrom: beginning?.watchedFrom ?? null };
  const { unknown } = replayable(analysis, then);
  expect(unknown).toEqual([]);
  expect([...replay(analysis, then)].flat()).toEqual(looks);
}

function rows(releaseId: string): Promise<Look[]> {
  return listEvaluations(world.store.db, releaseId, { afterNumber: 0, limit: 1_000 });
}

describe('the guard between two looks', () => {
  test('ends the watch within seconds when nothing but failures come, long before the look is due', async () => {
    const watch = await begun('broken', WELL, BROKEN, 0.3);
    const beganAt = Date.now();
    const { look } = await under(
      'broken',
      runActivity(world.parts(), 'watch', { ...watch, analysis: { ...ANALYSIS, intervalMs: 600_000 } }),
    );
    expect(Date.now() - beganAt).toBeLessThan(20_000);
    expect(look).toMatchObject({ metric: 'catastrophe', verdict: 'harmful', gate: true, number: 1 });
    expect(look.sentence).toMatch(
      /^the canary's last \d+ requests all failed, while stable answered \d+ requests/,
    );
    expect(look.canaryTotal.failures).toBeGreaterThanOrEqual(10);
    expect(look.stableTotal).toMatchObject({ failures: 0 });
    expect(await newestLookOf(world.store.db, watch.releaseId)).toEqual(look);
    // Another worker, because this one died before it could say so.
    const again = await runActivity(world.parts(), 'watch', { ...watch, analysis: ANALYSIS });
    expect(again.look).toEqual(look);
  });

  test('does not take failures of before for this release’s — the same version may be let in again', async () => {
    const watch = await begun('again', WELL, BROKEN, 0.5);
    await callTimes('again', 60);
    // The next bucket of the ring: what lies in one bucket cannot be told apart.
    await pause(5_500);
    const env = quietEnvironment();
    const watched = runActivity(
      world.parts(),
      'watch',
      { ...watch, analysis: { ...ANALYSIS, intervalMs: 600_000 } },
      env,
    );
    await pause(3_000);
    env.cancel();
    await expect(watched).rejects.toThrow('CANCEL');
    expect(await rows(watch.releaseId)).toEqual([]);
  });
});

describe('a step with bounds of its own', () => {
  test('is judged by them, and the evidence counts on in the next step', async () => {
    const watch = await begun('stepped', WELL, HALF, 0.5);
    const { releaseId } = watch;
    const events: readonly ReleaseEvent[] = [
      { type: 'step-started', step: 0, weight: 0.5, holdMs: 0 },
      { type: 'step-finished', step: 0, summary: '' },
      { type: 'step-started', step: 1, weight: 0.5, holdMs: 0 },
    ];
    const tell = (seq: number, event: ReleaseEvent | undefined) =>
      event && recordEvent(world.store.db, { releaseId, seq, at: Date.now(), event });
    await tell(1, events[0]);
    // Nothing reaches a difference of 90 points.
    const steps = [{ errors: { floor: 0.9 } }, null];
    const watched = runActivity(world.parts(), 'watch', { ...watch, analysis: ANALYSIS, steps });
    const isSure = ({ logEvidence, logThreshold }: Look): boolean => logEvidence > logThreshold;
    const { look } = await under(
      'stepped',
      (async () => {
        await expect.poll(async () => (await rows(releaseId)).some(isSure), { timeout: 30_000 }).toBe(true);
        const first = await rows(releaseId);
        expect(first.filter(({ verdict }) => verdict === 'harmful')).toEqual([]);
        expect(first.find(isSure)).toMatchObject({ step: 0, gate: false });
        await tell(2, events[1]);
        await tell(3, events[2]);
        return watched;
      })(),
    );
    expect(look).toMatchObject({ step: 1, verdict: 'harmful', gate: true });
  });
});

describe('latency', () => {
  test('a canary that takes twice the time is harmful for it, each metric with its own row', async () => {
    const watch = await begun('slow', sleeps(25), sleeps(50), 0.5);
    const analysis = { ...ANALYSIS, latency: LATENCY };
    const { look } = await under('slow', runActivity(world.parts(), 'watch', { ...watch, analysis }));
    expect(look).toMatchObject({ metric: 'latency', verdict: 'harmful' });
    expect(look.sentence).toMatch(/^latency-p\d\d: slower than [\d.]+ ms, stable's p\d\d: /);
    const last = (await rows(watch.releaseId)).filter(({ number }) => number === look.number);
    expect(last.map(({ metric }) => metric)).toEqual([
      'release',
      'errors',
      'latency-p50',
      'latency-p90',
      'latency-p99',
    ]);
    expect(last[1]?.verdict).not.toBe('harmful');
    expect(last[0]).toMatchObject({ verdict: 'harmful', logEvidence: look.logEvidence });
    await expectReplay(watch.releaseId, analysis);
  });
});

describe('metrics of the plan', () => {
  /** What the shop counts: for the canary each order is lost, and its queue is long. */
  async function startSource(): Promise<{ readonly url: string; stop(): void }> {
    let orders = 0;
    const server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://shop.example');
      const isCanary = searchParams.get('version') === '2';
      orders += 50;
      const counters = { bad: isCanary ? orders : 0, all: orders };
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify(pathname === '/queue' ? { value: isCanary ? 900 : 10 } : counters));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      stop: () => {
        server.closeAllConnections();
        server.close();
      },
    };
  }

  const plan = (url: string): PlanAnalysis => ({
    ...ANALYSIS,
    metrics: [
      {
        name: 'lost-orders',
        source: { kind: 'http', url: `${url}/orders?version={{version}}` },
        rule: { kind: 'counters', settings: DEFAULT_JUDGE_SETTINGS, weight: 1 },
      },
      {
        name: 'queue',
        source: { kind: 'http', url: `${url}/queue?version={{version}}` },
        rule: { kind: 'bound', side: 'above', bound: 500, looks: 1_000 },
      },
    ],
  });

  test('are judged beside failures: each has its row, and the release’s look says what they come to together', async () => {
    const source = await startSource();
    try {
      const watch = await begun('measured', WELL, AS_WELL, 0.5);
      const analysis = plan(source.url);
      const parts = world.parts({ metricSources: [source.url] });
      const { look } = await under('measured', runActivity(parts, 'watch', { ...watch, analysis }));
      expect(look).toMatchObject({ metric: 'lost-orders', verdict: 'harmful' });
      expect(look.sentence).toMatch(
        /^lost-orders: .* failures .*rollback at 100 : 1 \(all 2 metrics together: evidence .* : 1, rollback at 100 : 1\)$/,
      );
      const last = (await rows(watch.releaseId)).filter(({ number }) => number === look.number);
      expect(last.map(({ metric }) => metric)).toEqual(['release', 'errors', 'lost-orders', 'queue']);
      const [release, errors, orders, queue] = last;
      expect(release).toMatchObject({ verdict: 'harmful', sentence: look.sentence });
      expect(errors?.verdict).not.toBe('harmful');
      expect(orders?.canary.failures).toBe(orders?.canary.requests);
      expect(orders?.stable.failures).toBe(0);
      expect(queue).toMatchObject({ numbers: { canary: 900, stable: 10 }, cause: 'too-few' });
      expect(queue?.sentence).toContain("the plan's bound is above 500");
      await expectReplay(watch.releaseId, analysis);
    } finally {
      source.stop();
    }
  });

  test('whose source is silent are said by name, and nothing is concluded from it', async () => {
    const source = await startSource();
    source.stop();
    const watch = await begun('unmeasured', WELL, AS_WELL, 0.5);
    const env = quietEnvironment();
    const parts = world.parts({ metricSources: [source.url] });
    const watched = runActivity(parts, 'watch', { ...watch, analysis: plan(source.url) }, env);
    let look: Look | undefined;
    while ((look?.number ?? 0) < 2) {
      await pause(50);
      look = await newestLookOf(world.store.db, watch.releaseId);
    }
    expect(look).toMatchObject({ metric: 'release', verdict: 'undecided', cause: 'no-metrics' });
    expect(look?.sentence).toMatch(/^no answer from the source of lost-orders, queue: /);
    const errors = (await rows(watch.releaseId)).filter(({ metric }) => metric === 'errors');
    expect(errors.every(({ cause }) => cause !== 'no-metrics')).toBe(true);
    env.cancel();
    await expect(watched).rejects.toThrow('CANCEL');
  });
});

describe('silence of the engine', () => {
  test('is a look that concludes nothing, and what happened meanwhile comes as one block', async () => {
    const watch = await begun('silent', WELL, AS_WELL, 0.5);
    let isAway = true;
    const readRing: FcClient['readRing'] = (...args) =>
      isAway
        ? Promise.reject(new FcError('away', { status: 503, code: 'ServiceUnavailable' }))
        : fc.readRing(...args);
    const told: Look[] = [];
    const parts = world.parts({
      fc: { ...fc, readRing },
      tellLook: async (_, look) => {
        told.push(look);
      },
    });
    const env = quietEnvironment();
    const watched = runActivity(parts, 'watch', { ...watch, analysis: ANALYSIS }, env);
    const until = async (number: number): Promise<Look[]> => {
      for (;;) {
        const looks = await rows(watch.releaseId);
        if ((looks.at(-1)?.number ?? 0) >= number) return looks;
        await pause(50);
      }
    };
    // Away from the beginning: no past, no verdict, no end.
    expect((await until(2)).map(({ cause }) => cause)).toEqual(['no-metrics', 'no-metrics']);
    isAway = false;
    await until(4);
    isAway = true;
    const before = (await until(6)).at(-1);
    await callTimes('silent', 40);
    const during = (await until((before?.number ?? 0) + 2)).slice(before?.number ?? 0);
    expect(during.every(({ canary, stable }) => canary.requests + stable.requests === 0)).toBe(true);
    isAway = false;
    const back = (await until((during.at(-1)?.number ?? 0) + 2)).slice(during.at(-1)?.number ?? 0);
    const block = back.find(({ cause }) => cause !== 'no-metrics');
    expect((block?.canary.requests ?? 0) + (block?.stable.requests ?? 0)).toBe(40);
    env.cancel();
    await expect(watched).rejects.toThrow('CANCEL');
    const blind = told.map(({ cause }) => cause === 'no-metrics');
    expect(blind.filter((one, i) => one !== blind[i - 1])).toEqual([true, false, true, false]);
    // Stable's past was read late; it is stored nevertheless.
    await expectReplay(watch.releaseId, ANALYSIS);
  });
});

describe('probes', () => {
  const QUIET: PlanProbe = { everyMs: 100, only: 'quiet', event: '{"check":true}', functions: null };
  const PROBED: PlanAnalysis = { ...ANALYSIS, probe: DEFAULT_JUDGE_SETTINGS };

  /** The release is in its first step, at half of the traffic. */
  async function inFirstStep({ releaseId, services }: Omit<Watch, 'analysis'>): Promise<void> {
    const [only] = services;
    if (!only) throw new Error('nothing is watched');
    const { service, stable, canary } = only;
    const events: ReleaseEvent[] = [
      { type: 'step-started', step: 0, weight: 0.5, holdMs: 60_000 },
      { type: 'traffic', service, alias: 'PROD', stable, canary, weight: 0.5, step: 0 },
    ];
    for (const [index, event] of events.entries())
      await recordEvent(world.store.db, { releaseId, seq: index + 1, at: Date.now(), event });
  }

  /** Probes and users' calls of both versions, as the engine counted them. */
  async function counted(service: string) {
    const { probes = [], versions } = await fc.readRing(service, 'hello', 'PROD', 0, { probes: true });
    const requests = (list: typeof versions) =>
      Object.fromEntries(list.map(({ version, totals }) => [version, totals.requests]));
    return { probes: requests(probes), users: requests(versions) };
  }

  test('find a harmful canary that no user calls, and users’ counts stay 0', async () => {
    const watch = await begun('unused', WELL, BROKEN, 0.5);
    await inFirstStep(watch);
    const probes = [{ ...QUIET, only: 'always' as const }];
    const { look } = await runActivity(world.parts(), 'watch', { ...watch, analysis: PROBED, probes });
    expect(look).toMatchObject({ verdict: 'harmful', canaryTotal: { requests: 0 } });
    expect(look.sentence).toMatch(/the canary's last \d+ probe requests all failed|^probe: canary took/);
    expect((await counted('unused')).users).not.toHaveProperty('2');
    await expectReplay(watch.releaseId, PROBED);
  });

  test('speak for a quiet function: both versions are called alike, and a look says that only probes spoke', async () => {
    const watch = await begun('quiet', WELL, AS_WELL, 0.001);
    await inFirstStep(watch);
    const env = quietEnvironment();
    const input = { ...watch, analysis: PROBED, probes: [QUIET] };
    const watched = runActivity(world.parts(), 'watch', input, env);
    let look: Look | undefined;
    while (!look?.sentence.startsWith('only probes have called')) {
      await pause(100);
      look = await newestLookOf(world.store.db, watch.releaseId);
    }
    expect(look).toMatchObject({ metric: 'release', verdict: 'undecided', cause: 'too-few' });
    env.cancel();
    await expect(watched).rejects.toThrow('CANCEL');
    await pause(200);
    const { probes, users } = await counted('quiet');
    expect(users).toEqual({ '1': 200 });
    expect(Math.abs((probes['1'] ?? 0) - (probes['2'] ?? 0))).toBeLessThanOrEqual(4);
    // They end with the watch.
    await pause(500);
    expect((await counted('quiet')).probes).toEqual(probes);
    await expectReplay(watch.releaseId, PROBED);
  });

  test('leave a function alone that users call enough, and those that the step does not name', async () => {
    const busy = await begun('busy', WELL, AS_WELL, 0.5);
    await inFirstStep(busy);
    const unnamed = await begun('unnamed', WELL, AS_WELL, 0.001);
    await inFirstStep(unnamed);
    const env = quietEnvironment();
    const run = (watch: Omit<Watch, 'analysis'>, probes: PlanProbe) =>
      runActivity(world.parts(), 'watch', { ...watch, analysis: PROBED, probes: [probes] }, env);
    const both = [
      // A probe each second would be less than the 100 requests that half of the last minute's are.
      run(busy, { ...QUIET, everyMs: 1_000 }),
      run(unnamed, { ...QUIET, functions: [{ name: 'another', event: null }] }),
    ].map((watched) => expect(watched).rejects.toThrow('CANCEL'));
    await pause(2_500);
    env.cancel();
    await Promise.all(both);
    expect((await counted('busy')).probes).toEqual({});
    expect((await counted('unnamed')).probes).toEqual({});
    expect((await rows(busy.releaseId)).length).toBeGreaterThan(0);
  });
});
