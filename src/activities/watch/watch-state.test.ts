import { describe, expect, test } from 'vitest';
import { DEFAULT_JUDGE_SETTINGS } from '../../domain/analysis/settings.ts';
import { latencyBucketOf } from '../../domain/metrics/latency-bucket.ts';
import type { LatencyCounts } from '../../domain/metrics/ring.ts';
import type { PlanAnalysis } from '../../domain/plan/plan.ts';
import type { Reading } from './reading.ts';
import type { MetricSample } from './samples.ts';
import { beginWatch, takeLook, type Heard, type WatchState } from './watch-state.ts';
import { watchedMetrics } from '../../domain/analysis/watched-metrics.ts';

const ANALYSIS: PlanAnalysis = { intervalMs: 5_000, errors: DEFAULT_JUDGE_SETTINGS, latency: null };
const LATENCY = { ...DEFAULT_JUDGE_SETTINGS, rho: 2, floor: 0.02 };
const PLAN = watchedMetrics(ANALYSIS);

interface Side {
  readonly totals: [requests: number, failures: number];
  readonly warm?: LatencyCounts;
}

/** What the engine would say of stable (version 1) and canary (version 2). */
function reading(at: number, stable: Side, canary: Side): Reading {
  const version = (id: string, { totals: [requests, failures], warm }: Side) => ({
    version: id,
    totals: { requests, failures, coldStarts: 0 },
    consecutiveFailures: 0,
    buckets: [{ at: at - 5_000, requests, failures, coldStarts: 0 }],
    ...(warm && { latencies: [{ at: at - (at % 60_000), warm, cold: [] }] }),
  });
  const ring = {
    now: at,
    service: 's',
    function: 'f',
    qualifier: 'PROD',
    versions: [version('1', stable), version('2', canary)],
  };
  return { stable: '1', canary: '2', ring };
}

const totals = (at: number, stable: [number, number], canary: [number, number]): Reading =>
  reading(at, { totals: stable }, { totals: canary });

function heard(one: Reading | null, samples: Heard['samples'] = {}, holdsHour = false): Heard {
  return { readings: one && [one], holdsHour, samples };
}

function moment(number: number, step = 0) {
  return { number, at: number * 5_000, step, weight: 0.25 };
}

describe('failures alone', () => {
  const begun = beginWatch([totals(0, [1_000, 5], [0, 0])], PLAN, 0).state;

  test('counts what happened since the look before, and sums it up', () => {
    const first = takeLook(begun, heard(totals(5_000, [1_150, 6], [50, 1])), moment(1), PLAN);
    expect(first.looks).toHaveLength(1);
    expect(first.looks[0]).toMatchObject({
      metric: 'errors',
      canary: { requests: 50, failures: 1 },
      stable: { requests: 150, failures: 1 },
    });
    const second = takeLook(first.state, heard(totals(10_000, [1_300, 6], [100, 1])), moment(2), PLAN);
    expect(second.looks[0]).toMatchObject({
      canary: { requests: 50, failures: 0 },
      canaryTotal: { requests: 100, failures: 1 },
      stableTotal: { requests: 300, failures: 1 },
    });
  });

  test('finds a canary that fails a fifth of its requests harmful within a few looks', () => {
    let state = begun;
    for (let number = 1; number <= 12; number += 1) {
      const now = totals(number * 5_000, [1_000 + number * 150, 5 + number], [number * 50, number * 10]);
      const taken = takeLook(state, heard(now), moment(number), PLAN);
      state = taken.state;
      if (taken.looks[0].verdict === 'harmful') return expect(number).toBeLessThan(5);
    }
    throw new Error('never found');
  });

  test('goes on after a crash bit for bit — the state survives its row', () => {
    const taken = takeLook(begun, heard(totals(5_000, [1_150, 6], [50, 9])), moment(1), PLAN);
    const revived = JSON.parse(JSON.stringify(taken.state)) as WatchState;
    const next = heard(totals(10_000, [1_300, 7], [100, 20]));
    expect(takeLook(revived, next, moment(2), PLAN)).toEqual(takeLook(taken.state, next, moment(2), PLAN));
  });

  test('invents nothing while the source is silent, and counts the gap as one block afterwards', () => {
    const silent = takeLook(begun, heard(null), moment(1), PLAN);
    expect(silent.looks[0]).toMatchObject({
      verdict: 'undecided',
      cause: 'no-metrics',
      canary: { requests: 0 },
    });
    const back = takeLook(silent.state, heard(totals(10_000, [1_300, 7], [100, 2])), moment(2), PLAN);
    expect(back.looks[0]).toMatchObject({
      canary: { requests: 100, failures: 2 },
      stable: { requests: 300, failures: 2 },
    });
  });

  test('takes totals that ran backwards as the difference, no more than the buckets hold — the engine was killed', () => {
    const first = takeLook(begun, heard(totals(5_000, [1_150, 6], [50, 1])), moment(1), PLAN);
    const restarted = takeLook(first.state, heard(totals(10_000, [1_300, 7], [20, 2])), moment(2), PLAN);
    expect(restarted.looks[0]).toMatchObject({ canary: { requests: 20, failures: 2 } });
  });

  test('says that the canary got nothing since its step began — not since the release did', () => {
    const first = takeLook(begun, heard(totals(5_000, [1_150, 5], [50, 0])), moment(1), PLAN);
    const same = takeLook(first.state, heard(totals(10_000, [1_300, 5], [50, 0])), moment(2), PLAN);
    expect(same.looks[0].cause).not.toBe('no-canary-traffic');
    const next = takeLook(same.state, heard(totals(15_000, [1_450, 5], [50, 0])), moment(3, 1), PLAN);
    expect(next.looks[0].cause).toBe('no-canary-traffic');
  });

  test('an outage of both becomes an event when it begins, in words, though the verdict stays the same', () => {
    let state = begun;
    const told: number[] = [];
    const shared: number[] = [];
    let totalsOf = { stable: [1_000, 5] as [number, number], canary: [0, 0] as [number, number] };
    for (let number = 1; number <= 60; number += 1) {
      const bad = number >= 47 ? 0.2 : 0;
      const { stable, canary } = totalsOf;
      totalsOf = {
        stable: [stable[0] + 300, stable[1] + 1 + 300 * bad],
        canary: [canary[0] + 100, canary[1] + 100 * bad],
      };
      const now = totals(number * 5_000, totalsOf.stable, totalsOf.canary);
      const taken = takeLook(state, heard(now), moment(number), PLAN);
      state = taken.state;
      expect(taken.looks[0].verdict).not.toBe('harmful');
      if (taken.looks[0].sentence.includes('both versions fail more than before')) shared.push(number);
      if (taken.isWorthTelling) told.push(number);
    }
    const [first] = shared;
    expect(first).toBeGreaterThanOrEqual(47);
    expect(told).toContain(first);
  });

  test('an engine that was away at the beginning is a gap too — its first answer is where counting begins', () => {
    const nothing = beginWatch([], PLAN, 0).state;
    const first = takeLook(nothing, heard(totals(5_000, [1_150, 6], [50, 1])), moment(1), PLAN);
    expect(first.looks[0].canary.requests).toBe(0);
    const second = takeLook(first.state, heard(totals(10_000, [1_300, 6], [100, 1])), moment(2), PLAN);
    expect(second.looks[0].canary.requests).toBe(50);
  });
});

describe('latency', () => {
  const plan = watchedMetrics({ ...ANALYSIS, latency: LATENCY });
  /** `n` requests, of which a share are as slow as the tail of `ms`. */
  const warm = (n: number, ms: number): LatencyCounts => {
    const counts = new Map<number, number>();
    for (let i = 0; i < n; i++) {
      const bucket = latencyBucketOf(ms * Math.exp(0.5 * Math.tan(((i + 0.5) / n - 0.5) * 2.6)));
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
    return [...counts].sort(([a], [b]) => a - b);
  };
  const at = (number: number, canaryMs: number): Reading =>
    reading(
      120_000 + number * 5_000,
      { totals: [2_000 + number * 200, 0], warm: warm(2_000 + number * 200, 20) },
      { totals: [number * 100, 0], warm: warm(number * 100, canaryMs) },
    );
  const run = (canaryMs: number) => {
    let { state } = beginWatch([at(0, canaryMs)], plan, 0);
    for (let number = 1; number <= 11; number += 1) {
      const taken = takeLook(state, heard(at(number, canaryMs), {}, true), moment(number), plan);
      if (taken.looks[0].verdict === 'harmful') return taken;
      state = taken.state;
    }
    return null;
  };

  test('a canary that is twice as slow is harmful for its latency, not for failures it does not have', () => {
    const taken = run(40);
    expect(taken?.state.about).toBe('latency');
    const [release, ...parts] = taken?.looks ?? [];
    expect(release).toMatchObject({ metric: 'release', verdict: 'harmful' });
    expect(release?.sentence).toMatch(
      /^latency-p\d\d: slower than \d+(\.\d+)? ms, stable's p\d\d: canary took/,
    );
    expect(parts.map(({ metric, verdict }) => [metric, verdict])).toEqual([
      ['errors', expect.stringMatching(/undecided|healthy/)],
      ['latency-p50', expect.any(String)],
      ['latency-p90', expect.any(String)],
      ['latency-p99', expect.any(String)],
    ]);
  });

  test('an equal canary is not', () => {
    expect(run(20)).toBeNull();
  });

  test('thresholds stand until the step ends, and are taken anew from stable’s last hour then', () => {
    const begun = beginWatch([at(0, 20)], plan, 0).state;
    const slower = (number: number): Reading =>
      reading(
        240_000 + number * 5_000,
        { totals: [4_000, 0], warm: warm(4_000, 80) },
        { totals: [100, 0], warm: warm(100, 80) },
      );
    const same = takeLook(
      { ...begun, thresholds: { ...begun.thresholds, step: 0 } },
      heard(slower(1), {}, true),
      moment(1),
      plan,
    );
    expect(same.state.thresholds.byFunction).toEqual(begun.thresholds.byFunction);
    const lateNews = takeLook(same.state, heard(slower(2)), moment(2, 1), plan);
    expect(lateNews.state.thresholds).toEqual(same.state.thresholds);
    const next = takeLook(lateNews.state, heard(slower(3), {}, true), moment(3, 1), plan);
    expect(next.state.thresholds.step).toBe(1);
    expect(next.state.thresholds.byFunction[0]?.[0]?.upToMs).toBeGreaterThan(70);
  });
});

describe('metrics of the plan’s own', () => {
  const own = (rule: NonNullable<PlanAnalysis['metrics']>[number]['rule']) =>
    watchedMetrics({
      ...ANALYSIS,
      metrics: [{ name: 'checkout', source: { kind: 'http', url: 'http://x/{{version}}' }, rule }],
    });
  const quiet = (number: number): Reading => totals(number * 5_000, [number * 100, 0], [number * 20, 0]);
  const begin = (plan: ReturnType<typeof own>): WatchState => beginWatch([quiet(0)], plan, 0).state;

  test('counters are judged like failures, and share the budget', () => {
    const plan = own({ kind: 'counters', settings: DEFAULT_JUDGE_SETTINGS, weight: 1 });
    let state = begin(plan);
    for (let number = 1; number <= 10; number += 1) {
      const sample: MetricSample = {
        kind: 'counters',
        stable: { bad: 1_000.4, all: 90_000 + number * 100.3 },
        canary: { bad: number * 10, all: 500 + number * 20 },
      };
      const taken = takeLook(state, heard(quiet(number), { checkout: sample }), moment(number), plan);
      state = taken.state;
      const [release, , checkout] = taken.looks;
      if (number === 1) expect(checkout).toMatchObject({ canary: { requests: 0 }, stable: { requests: 0 } });
      else expect(checkout).toMatchObject({ canary: { requests: 20, failures: 10 } });
      if (release.verdict === 'harmful') {
        expect(number).toBeLessThan(5);
        return expect(state.about).toBe('checkout');
      }
    }
    throw new Error('never found');
  });

  test('a silent source of its own is said, while the engine’s numbers still roll back', () => {
    const plan = own({ kind: 'counters', settings: DEFAULT_JUDGE_SETTINGS, weight: 1 });
    const calm = takeLook(begin(plan), heard(quiet(1), { checkout: null }), moment(1), plan);
    expect(calm.looks[0]).toMatchObject({ verdict: 'undecided', cause: 'no-metrics' });
    expect(calm.looks[0].sentence).toContain('no answer from the source of checkout');
    expect(calm.looks[1]).toMatchObject({ metric: 'errors', cause: 'too-few' });
    const bad = totals(10_000, [300, 0], [80, 60]);
    const harmful = takeLook(calm.state, heard(bad, { checkout: null }), moment(2), plan);
    expect(harmful.looks[0].verdict).toBe('harmful');
    expect(harmful.state.about).toBe('errors');
  });

  test('a number beyond its bound is harmful after so many looks in a row, where stable is not beyond it too', () => {
    const plan = own({ kind: 'bound', side: 'above', bound: 100, looks: 2 });
    const run = (values: readonly (readonly [canary: number | null, stable: number])[]): string[] => {
      let state = begin(plan);
      return values.map(([canary, stable], i) => {
        const sample: MetricSample = { kind: 'numbers', canary, stable };
        const taken = takeLook(state, heard(quiet(i + 1), { checkout: sample }), moment(i + 1), plan);
        state = JSON.parse(JSON.stringify(taken.state)) as WatchState;
        return taken.looks[0].verdict;
      });
    };
    expect(
      run([
        [120, 50],
        [90, 50],
        [120, 50],
        [130, 50],
      ]).indexOf('harmful'),
    ).toBe(3);
    expect(
      run([
        [120, 130],
        [120, 130],
        [120, 130],
      ]),
    ).not.toContain('harmful');
    expect(
      run([
        [null, 50],
        [null, 50],
        [null, 50],
      ]),
    ).not.toContain('harmful');
  });
});

describe('absolute limits', () => {
  const plan = watchedMetrics({ ...ANALYSIS, absolute: { errors: 0.1 } });

  test('ask a person when both fail for a minute, and not before', () => {
    let { state } = beginWatch([totals(0, [0, 0], [0, 0])], plan, 0);
    const causes: (string | null)[] = [];
    let sentence = '';
    for (let number = 1; number <= 14; number += 1) {
      const now = totals(number * 5_000, [number * 100, number * 30], [number * 50, number * 15]);
      const taken = takeLook(state, heard(now), moment(number), plan);
      state = taken.state;
      causes.push(taken.looks[0].cause);
      sentence = taken.looks[0].sentence;
      expect(taken.looks[0].verdict).not.toBe('harmful');
    }
    expect(causes.indexOf('both-bad')).toBe(11);
    expect(sentence).toMatch(/^both are bad: in the last minute stable failed 30 % and the canary 30 %/);
  });

  test('do not hide that the canary is worse', () => {
    let { state } = beginWatch([totals(0, [0, 0], [0, 0])], plan, 0);
    for (let number = 1; number <= 14; number += 1) {
      const now = totals(number * 5_000, [number * 100, number * 12], [number * 50, number * 40]);
      const taken = takeLook(state, heard(now), moment(number), plan);
      state = taken.state;
      if (taken.looks[0].verdict === 'harmful') return;
    }
    throw new Error('never found');
  });
});
