import { describe, expect, test } from 'vitest';
import type { PlanAnalysis, PlanMetric } from '../plan/plan.ts';
import { analysisAt, type StepAnalysis } from '../plan/step-analysis.ts';
import { bakeLook, initialBake, judgeBake } from './bake.ts';
import type { Counts, Look } from './look.ts';
import { outcomeOf } from './outcome.ts';
import { beginJudging, judgeRelease, type Sides } from './release-judge.ts';
import { bakeMetric } from './release-look.ts';
import { isSameLook, replay, replayable, type StoredRelease } from './replay.ts';
import { DEFAULT_JUDGE_SETTINGS } from './settings.ts';
import { watchedMetrics } from './watched-metrics.ts';

const errors = DEFAULT_JUDGE_SETTINGS;
const ERRORS_ONLY: PlanAnalysis = { intervalMs: 5_000, errors, latency: null, absolute: null, metrics: [] };
const COUNTER: PlanMetric = {
  name: 'orders',
  source: { kind: 'http', url: 'http://shop.example/{{version}}' },
  rule: { kind: 'counters', settings: errors, weight: 1 },
};
const BOUND: PlanMetric = {
  name: 'queue',
  source: { kind: 'http', url: 'http://queue.example/{{version}}' },
  rule: { kind: 'bound', side: 'above', bound: 100, looks: 3 },
};
const EVERYTHING: PlanAnalysis = {
  ...ERRORS_ONLY,
  latency: { ...errors, rho: 2, floor: 0.02 },
  absolute: { errors: 0.3 },
  metrics: [COUNTER, BOUND],
};
const history: Counts[] = Array.from({ length: 60 }, (_, i) => ({
  requests: 95 + (i % 10),
  failures: i % 3,
}));

/** A release as the watch goes through it: two steps, a canary that fails every other request, a gap in the metrics. */
function release(
  analysis: PlanAnalysis,
  queueAt: (look: number) => number = () => 0,
  steps: readonly (StepAnalysis | null)[] = [],
): StoredRelease {
  const plan = watchedMetrics(analysis);
  const past = Object.fromEntries(plan.judged.map(({ metric }) => [metric, history]));
  let judging = beginJudging(plan, past, 0);
  const looks: Look[] = [];
  for (let number = 1; number <= 40; number += 1) {
    const sides = (bad: number): Sides => ({
      canary: { requests: 10, failures: bad },
      stable: { requests: 90, failures: number % 3 },
    });
    const counts = new Map(
      number === 7 ? [] : plan.judged.map(({ metric }, i) => [metric, sides((number + i) % 2)]),
    );
    const value = queueAt(number);
    const judged = judgeRelease(
      judging,
      {
        counts,
        numbers: { queue: number === 9 ? null : { canary: value, stable: 10 } },
        words: new Map([['latency-p90', "slower than 20 ms, stable's p90"]]),
      },
      { number, at: number * 5_000, step: number < 20 ? 0 : 1, weight: 0.1 },
      watchedMetrics(analysisAt(analysis, steps[number < 20 ? 0 : 1])),
    );
    judging = judged.judging;
    looks.push(...judged.looks);
  }
  const stored = JSON.parse(JSON.stringify(looks)) as Look[];
  return { analysis, looks: stored, history: past, watchedFrom: 0, steps };
}

function withoutNumbers(look: Look): Look {
  return Object.fromEntries(Object.entries(look).filter(([key]) => key !== 'numbers')) as unknown as Look;
}

function again(analysis: PlanAnalysis, then: StoredRelease): Look[] {
  return [...replay(replayable(analysis, then).analysis, then)].flat();
}

describe('with the settings of then', () => {
  test.each([
    ['failures alone', ERRORS_ONLY],
    ['latency, own metrics and limits too', EVERYTHING],
  ])('every number and word is the same to the last bit: %s', (_, analysis) => {
    const then = release(analysis);
    const looks = again(analysis, then);
    expect(looks).toEqual(then.looks);
    expect(looks.every((look, i) => isSameLook(look, then.looks[i] ?? look))).toBe(true);
    expect(replayable(analysis, then).unknown).toEqual([]);
    expect(outcomeOf(looks, 0).harmful).not.toBeNull();
  });
});

test('what a step judged otherwise is judged so again, to the last bit', () => {
  const found = outcomeOf(release(ERRORS_ONLY).looks, 0).harmful?.number;
  expect(found).toBeGreaterThan(20);
  // A floor that nothing reaches while the second step lasts; the evidence itself goes on.
  const lax = release(ERRORS_ONLY, undefined, [null, { errors: { floor: 0.9 } }]);
  expect(again(ERRORS_ONLY, lax)).toEqual(lax.looks);
  expect(outcomeOf(lax.looks, 0).harmful).toBeNull();
  expect(outcomeOf(again(ERRORS_ONLY, { ...lax, steps: [] }), 0).harmful?.number).toBe(found);
});

describe('with other settings', () => {
  const then = release(ERRORS_ONLY);
  const harmfulAt = (change: Partial<typeof errors>): number | undefined =>
    outcomeOf(again({ ...ERRORS_ONLY, errors: { ...errors, ...change } }, then), 0).harmful?.number;

  test('the same counts give another answer', () => {
    expect(harmfulAt({ rho: 20 })).toBeUndefined();
    expect(harmfulAt({ alpha: 0.3 })).toBeLessThan(harmfulAt({}) ?? 0);
  });

  test('a bound is held against the numbers that were stored', () => {
    const bounded = release({ ...ERRORS_ONLY, metrics: [BOUND] }, (number) => (number > 10 ? 60 : 20));
    expect(bounded.looks.some((look) => look.metric === 'queue' && look.verdict === 'harmful')).toBe(false);
    const lower: PlanMetric = { ...BOUND, rule: { kind: 'bound', side: 'above', bound: 50, looks: 2 } };
    const harmful = again({ ...ERRORS_ONLY, metrics: [lower] }, bounded).find(
      ({ metric, verdict }) => metric === 'queue' && verdict === 'harmful',
    );
    expect(harmful?.number).toBe(12);
  });

  test('what was not counted is left out and said — nothing is invented', () => {
    const { analysis, unknown } = replayable({ ...EVERYTHING, intervalMs: 10_000 }, then);
    expect(analysis).toMatchObject({ latency: null, metrics: [] });
    expect(unknown).toHaveLength(4);
    expect(unknown[0]).toContain('latency was not judged then');
    expect(unknown[1]).toContain('the metric orders was not read then');
    expect(unknown.at(-1)).toContain('taken every 5s, and are judged as they were taken, not every 10s');
  });

  test('numbers of a bound from before they were stored are not guessed', () => {
    const stored = release({ ...ERRORS_ONLY, metrics: [BOUND] });
    const old = { ...stored, looks: stored.looks.map(withoutNumbers) };
    expect(replayable(stored.analysis, old).unknown).toEqual([
      'the numbers of queue were not stored then: the replay is without it',
    ]);
  });
});

test('an outcome is the first look of each verdict, and looks that say the same are one run', () => {
  const looks = again(ERRORS_ONLY, release(ERRORS_ONLY));
  const { harmful, verdicts } = outcomeOf(looks, 0);
  const first = looks.find(({ verdict }) => verdict === 'harmful');
  expect(harmful).toMatchObject({
    number: first?.number,
    afterMs: first?.at,
    sentence: first?.sentence,
    canary: first?.canaryTotal,
  });
  expect(verdicts[0]).toMatchObject({ from: 1, to: 6, verdict: 'undecided', cause: 'too-few' });
  expect(verdicts[1]).toMatchObject({ from: 7, to: 7, verdict: 'undecided', cause: 'no-metrics' });
  expect(verdicts.at(-1)?.to).toBe(40);
});

describe('the bake time', () => {
  const gray = release({ ...ERRORS_ONLY, errors: { ...errors, rho: 50 } });
  const stable: Counts = { requests: 10_000, failures: 100 };
  let bake = initialBake(gray.analysis.errors, stable, 1);
  const baked = Array.from({ length: 20 }, (_, i): Look => {
    const interval = { requests: 50, failures: 45 };
    const judged = judgeBake(bake, gray.analysis.errors, interval);
    bake = judged.state;
    const moment = { number: 41 + i, at: (41 + i) * 5_000, metric: bakeMetric(undefined) };
    return bakeLook(moment, gray.analysis.errors, interval, stable, judged);
  });
  const then = { ...gray, looks: [...gray.looks, ...baked] };

  test('is judged again too, the same to the last bit with the settings of then', () => {
    expect(again(then.analysis, then)).toEqual(then.looks);
    expect(outcomeOf(then.looks, 0).harmful).toBeNull();
  });

  test('finds harm by other settings, after the gray steps found none', () => {
    const analysis = { ...ERRORS_ONLY, errors: { ...errors, rho: 20 } };
    const { harmful } = outcomeOf(again(analysis, then), 0);
    expect(harmful).toMatchObject({ step: null, weight: 1 });
    expect(harmful?.number).toBeGreaterThan(40);
    expect(harmful?.sentence).toContain('since the promotion');
  });
});

test('an alarm of the guard stands whatever the settings are — it has none', () => {
  const then = release(ERRORS_ONLY);
  const [last] = then.looks.slice(-1);
  if (!last) throw new Error('no look');
  const alarm: Look = { ...last, number: 41, metric: 'catastrophe', verdict: 'harmful', cause: null };
  const looks = again(
    { ...ERRORS_ONLY, errors: { ...errors, rho: 50 } },
    { ...then, looks: [...then.looks, alarm] },
  );
  expect(outcomeOf(looks, 0).harmful?.number).toBe(41);
});
