import { afterAll, beforeAll, expect, test } from 'vitest';
import { PRODUCTION } from '../../../test/support/production.ts';
import { startApiServer, type ApiServer } from '../../../test/support/api-server.ts';
import { beginJudging, judgeRelease } from '../../domain/analysis/release-judge.ts';
import { watchedMetrics } from '../../domain/analysis/watched-metrics.ts';
import { parsePlan } from '../../domain/plan/parse.ts';
import { addEvaluation } from '../../store/evaluations.ts';
import { recordEvent } from '../../store/events.ts';
import { createRelease } from '../../store/releases.ts';
import type { LookView, ReplayView } from '../views.ts';
import { newRelease } from '../../../test/support/new-release.ts';

let api: ApiServer;

beforeAll(async () => {
  api = await startApiServer();
  const project = {
    name: 'shop',
    repository: 'https://git.example/x.git',
    provider: 'generic',
    webhookSecret: 'whsec-test',
  };
  await api.call('POST', '/api/v1/projects', project);
}, 60_000);
afterAll(() => api.stop());

let releases = 0;

async function stored(): Promise<string> {
  releases += 1;
  const id = `01REPLAY${String(releases).padStart(18, '0')}`;
  await createRelease(
    api.store.db,
    newRelease('shop', { id, author: 'Ann <ann@shop.example>', message: 'Change the shop' }),
  );
  return id;
}

/** A release whose canary fails one of four; its looks stand as the watch stores them. */
async function watched(): Promise<string> {
  const id = await stored();
  const parsed = parsePlan({ text: null, file: 'sluice.yml', environment: PRODUCTION });
  if (!('plan' in parsed)) throw new Error('no plan');
  await recordEvent(api.store.db, {
    releaseId: id,
    seq: 1,
    at: 1,
    event: { type: 'planned', plan: parsed.plan },
  });
  const plan = watchedMetrics(parsed.plan.analysis);
  const history = { errors: Array.from({ length: 20 }, (_, i) => ({ requests: 100, failures: i % 2 })) };
  let judging = beginJudging(plan, history, 0);
  for (let number = 1; number <= 30; number += 1) {
    const sides = { canary: { requests: 4, failures: 1 }, stable: { requests: 96, failures: number % 2 } };
    const heard = { counts: new Map([['errors', sides]]), numbers: {}, words: new Map<string, string>() };
    const moment = { number, at: number * 5_000, step: 0, weight: 0.05 };
    const judged = judgeRelease(judging, heard, moment, plan);
    judging = judged.judging;
    const state = number === 1 ? { ...judging, history, watchedFrom: 0 } : judging;
    await addEvaluation(api.store.db, id, { looks: judged.looks, state });
    if (judged.looks[0].verdict === 'harmful') break;
  }
  return id;
}

async function replayed(id: string, body: object = {}): Promise<ReplayView> {
  const answer = await api.call('POST', `/api/v1/releases/${id}/replay`, body);
  expect(answer.status).toBe(200);
  return (await answer.json()) as ReplayView;
}

test('without other settings every number comes out again, to the last bit', async () => {
  const replay = await replayed(await watched());
  expect(replay).toMatchObject({ same: true, unknown: [] });
  expect(replay.now).toEqual(replay.before);
  expect(replay.now.harmful).toMatchObject({ step: 0, weight: 0.05 });
  expect(replay.looks).toHaveLength(replay.now.harmful?.number ?? 0);
  expect(replay.looks.every(({ before, now }) => JSON.stringify(before) === JSON.stringify(now))).toBe(true);
});

test('a look shows counts, rates, evidence and threshold, and a harmful one since when', async () => {
  const answer = await api.call('GET', `/api/v1/releases/${await watched()}/evaluations`);
  const { evaluations } = (await answer.json()) as { evaluations: LookView[] };
  const [first, harmful] = [evaluations[0], evaluations.at(-1)];
  expect(first).toMatchObject({
    canaryTotal: { requests: 4, failures: 1 },
    canaryRate: 0.25,
    stableRate: 1 / 96,
  });
  expect(first).not.toHaveProperty('since');
  expect(harmful).toMatchObject({ verdict: 'harmful', canaryRate: 0.25, since: new Date(0).toISOString() });
  expect(harmful?.logEvidence).toBeGreaterThanOrEqual(harmful?.logThreshold ?? Infinity);
  expect(harmful?.sentence).toMatch(/^canary took 4 % of the requests and .* \(25 % against /);
});

test('other settings answer by the same counts: when, at which cost, and what nobody can know', async () => {
  const id = await watched();
  const { before, now, same, looks } = await replayed(id, { analysis: 'falseRollback: 20%\n' });
  expect(same).toBe(false);
  expect(now.harmful?.number).toBeLessThan(before.harmful?.number ?? 0);
  expect(now.harmful?.canary.failures).toBe(now.harmful?.number);
  expect(now.harmful?.afterMs).toBe((now.harmful?.number ?? 0) * 5_000);
  expect(now.analysis).toMatchObject({ errors: { alpha: 0.2 } });
  // Evidence does not depend on what is asked of it.
  expect(looks[0]?.now?.logEvidence).toBe(looks[0]?.before?.logEvidence);

  const lax = await replayed(id, { analysis: { errors: { ratio: 50 }, latency: {} } });
  expect(lax.now.harmful).toBeNull();
  expect(lax.unknown).toEqual([
    'latency was not judged then, so slow requests were not counted: the replay is without latency',
    `counting ended with look ${lax.before.harmful?.number}, when the canary was taken back: what it would have done later, and when these settings would have found it, is not known`,
  ]);
});

test('an interval that is named is said not to count, one that is left out is that of then', async () => {
  const id = await watched();
  const unknown = async (analysis: string) => (await replayed(id, { analysis })).unknown;
  expect(await unknown('interval: 1m\n')).toEqual([
    'looks were taken every 5s, and are judged as they were taken, not every 1m',
  ]);
  expect(await unknown('{}')).toEqual([]);
});

test('errors name the place and what is allowed', async () => {
  const id = await watched();
  const path = `/api/v1/releases/${id}/replay`;
  const text = await api.call('POST', path, { analysis: 'errors:\n  ratoi: 2\n', file: 'strict.yml' });
  expect(text.status).toBe(422);
  expect(await text.json()).toMatchObject({
    code: 'invalid-analysis',
    errors: [
      {
        pointer: '/analysis/errors/ratoi',
        detail:
          'strict.yml:2:3: errors.ratoi: the key ratoi is unknown; did you mean ratio? Allowed: ratio, floor, margin',
      },
    ],
  });
  const map = await api.call('POST', path, { analysis: { falseRollback: '90%' } });
  expect(await map.json()).toMatchObject({
    errors: [
      {
        pointer: '/analysis/falseRollback',
        detail: 'found "90%"; allowed: a share such as 5% or 0.05, more than 0 and at most 50%',
      },
    ],
  });
});

test('a release that was never looked at has nothing to replay', async () => {
  const answer = await api.call('POST', `/api/v1/releases/${await stored()}/replay`);
  expect(answer.status).toBe(409);
  expect(await answer.json()).toMatchObject({ code: 'nothing-to-replay' });
});
