import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_JUDGE_SETTINGS, type JudgeSettings } from './settings.ts';
import { initialJudge, judge, judgeWithoutMetrics, takeHistory, type JudgeState } from './judge.ts';

interface Sequence {
  readonly name: string;
  readonly history: readonly [number, number][];
  readonly intervals: readonly [number, number, number, number][];
  readonly dispersion: readonly number[];
  readonly logEvidence: readonly number[];
  readonly logHealth: readonly number[];
  readonly gate: readonly boolean[];
  readonly harmfulAt: number | null;
  readonly healthyAt: number | null;
}

const vectors = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/analysis-vectors.json', import.meta.url), 'utf8'),
) as { readonly defaults: JudgeSettings; readonly sequences: readonly Sequence[] };

const settings = DEFAULT_JUDGE_SETTINGS;
const some = { canaryRequestsInStep: 1 };

function interval(nc: number, ec: number, ns: number, es: number) {
  return { canary: { requests: nc, failures: ec }, stable: { requests: ns, failures: es } };
}

function withHistory(history: readonly (readonly [number, number])[], of = settings): JudgeState {
  return history.reduce(
    (state, [requests, failures]) => takeHistory(state, of, { requests, failures }),
    initialJudge(of),
  );
}

/** Small seeded generator (mulberry32): the same runs on every machine. */
function seeded(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let x = Math.imul(a ^ (a >>> 15), a | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}

describe('reference vectors', () => {
  test('the defaults are the reference’s', () => {
    expect(settings).toEqual(vectors.defaults);
    expect(vectors.sequences.map((s) => s.name)).toHaveLength(11);
  });

  test.each(vectors.sequences)('$name agrees to 1e−6, verdicts at the same evaluation', (sequence) => {
    let state = withHistory(sequence.history);
    const verdicts: string[] = [];
    sequence.intervals.forEach(([nc, ec, ns, es], i) => {
      const result = judge(state, settings, interval(nc, ec, ns, es), some);
      // Every look goes through JSON, as it does in the store.
      state = JSON.parse(JSON.stringify(result.state)) as JudgeState;
      const { judgement } = result;
      expect(state).toEqual(result.state);
      expect(Math.abs(judgement.dispersion - (sequence.dispersion[i] ?? NaN))).toBeLessThan(1e-6);
      expect(Math.abs(judgement.logEvidence - (sequence.logEvidence[i] ?? NaN))).toBeLessThan(1e-6);
      expect(Math.abs(judgement.logHealth - (sequence.logHealth[i] ?? NaN))).toBeLessThan(1e-6);
      expect(judgement.gate).toBe(sequence.gate[i]);
      expect(judgement.t).toBe(i + 1);
      verdicts.push(judgement.verdict);
    });
    const first = (verdict: string) => {
      const at = verdicts.indexOf(verdict);
      return at === -1 ? null : at;
    };
    expect(first('harmful')).toBe(sequence.harmfulAt);
    expect(first('healthy')).toBe(sequence.healthyAt);
  });
});

describe('properties', () => {
  const count = fc.integer({ min: 0, max: 200 });
  const counts = fc.tuple(count, fc.double({ min: 0, max: 1, noNaN: true })).map(([requests, share]) => ({
    requests,
    failures: Math.floor(share * requests),
  }));
  const intervals = fc.array(fc.record({ canary: counts, stable: counts }), { minLength: 0, maxLength: 20 });
  const history = fc.array(counts, { maxLength: 30 });
  const runs = { numRuns: 300, seed: 20261124 };

  function after(
    past: readonly { requests: number; failures: number }[],
    looks: Parameters<typeof judge>[2][],
  ) {
    let state = past.reduce((s, c) => takeHistory(s, settings, c), initialJudge(settings));
    for (const look of looks) state = judge(state, settings, look, some).state;
    return state;
  }

  test('one more canary failure never lowers the evidence after that interval', () => {
    fc.assert(
      fc.property(history, intervals, counts, counts, (past, looks, canary, stable) => {
        fc.pre(canary.failures < canary.requests);
        const state = after(past, looks);
        const more = { ...canary, failures: canary.failures + 1 };
        const base = judge(state, settings, { canary, stable }, some).judgement.logEvidence;
        const worse = judge(state, settings, { canary: more, stable }, some).judgement.logEvidence;
        expect(worse).toBeGreaterThanOrEqual(base - 1e-12);
      }),
      runs,
    );
  });

  test('one more stable failure never raises the evidence after that interval', () => {
    fc.assert(
      fc.property(history, intervals, counts, counts, (past, looks, canary, stable) => {
        fc.pre(stable.failures < stable.requests);
        const state = after(past, looks);
        const more = { ...stable, failures: stable.failures + 1 };
        const base = judge(state, settings, { canary, stable }, some).judgement.logEvidence;
        const better = judge(state, settings, { canary, stable: more }, some).judgement.logEvidence;
        expect(better).toBeLessThanOrEqual(base + 1e-12);
      }),
      runs,
    );
  });

  test('an interval in which one side had no request says nothing — every L_j is 0', () => {
    fc.assert(
      fc.property(history, intervals, counts, fc.boolean(), (past, looks, busy, canaryQuiet) => {
        const quiet = { requests: 0, failures: 0 };
        const state = after(past, looks);
        const look = canaryQuiet ? { canary: quiet, stable: busy } : { canary: busy, stable: quiet };
        const next = judge(state, settings, look, some).state;
        const t = next.evaluations;
        next.tracks.forEach((track, j) => {
          const before = state.tracks[j]?.sum ?? -Infinity;
          const expected = Math.log(Math.exp(before) + 1 / (t * (t + 1)));
          if (Number.isFinite(expected)) expect(track.sum).toBeCloseTo(expected, 9);
        });
      }),
      runs,
    );
  });

  test('no number is ever NaN, and the state survives JSON', () => {
    fc.assert(
      fc.property(history, intervals, (past, looks) => {
        const state = after(past, looks);
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
        const standing = judgeWithoutMetrics(state, settings);
        for (const n of [standing.logEvidence, standing.logHealth, standing.dispersion]) {
          expect(Number.isFinite(n)).toBe(true);
        }
      }),
      runs,
    );
  });

  test('at odds ratio ρ the evidence is worth at most 1 on average — the false-rollback rate rests on it', () => {
    // cap 1 holds the dispersion at 1, as the statement is made for independent failures.
    const exact = { ...settings, cap: 1 };
    const random = seeded(7);
    const stableRate = 0.05;
    const odds = (exact.rho * stableRate) / (1 - stableRate);
    const canaryRate = odds / (1 + odds);
    const draw = (n: number, p: number) => {
      let hits = 0;
      for (let i = 0; i < n; i++) if (random() < p) hits += 1;
      return hits;
    };
    const runs = 10_000;
    let sum = 0;
    let squares = 0;
    for (let run = 0; run < runs; run++) {
      let state = initialJudge(exact);
      let evidence = 0;
      for (let i = 0; i < 12; i++) {
        const look = interval(10, draw(10, canaryRate), 30, draw(30, stableRate));
        const result = judge(state, exact, look, some);
        state = result.state;
        evidence = Math.exp(result.judgement.logEvidence);
      }
      sum += evidence;
      squares += evidence * evidence;
    }
    const mean = sum / runs;
    const error = Math.sqrt((squares / runs - mean * mean) / runs);
    expect(error).toBeLessThan(0.1);
    expect(mean).toBeLessThanOrEqual(1 + 3 * error);
  });
});

describe('what stands beside the numbers', () => {
  test('no canary request since the step began is a cause of its own — it is neither failure nor success', () => {
    const state = withHistory([[100, 1]]);
    const { judgement } = judge(state, settings, interval(0, 0, 100, 1), { canaryRequestsInStep: 0 });
    expect(judgement).toMatchObject({ verdict: 'undecided', cause: 'no-canary-traffic', gate: false });
    expect(judge(state, settings, interval(0, 0, 100, 1), some).judgement.cause).toBe('too-few');
  });

  test('a source that does not answer never counts as harm, however strong the evidence was', () => {
    const { state, judgement } = judge(withHistory([[100, 0]]), settings, interval(50, 50, 50, 0), some);
    expect(judgement.verdict).toBe('harmful');
    const standing = judgeWithoutMetrics(state, settings);
    expect(standing).toMatchObject({ t: 1, verdict: 'undecided', cause: 'no-metrics' });
    expect(standing.logEvidence).toBe(judgement.logEvidence);
  });

  test('the basis names the evaluation where the fault most likely began', () => {
    let state = withHistory(Array.from({ length: 60 }, () => [100, 1] as const));
    let last;
    for (let i = 1; i <= 60; i++) {
      const bad = i >= 40;
      const result = judge(state, settings, interval(50, bad ? 5 : 0, 50, i % 2), some);
      state = result.state;
      last = result.judgement;
    }
    expect(last?.verdict).toBe('harmful');
    expect(Math.abs((last?.basis.from ?? 0) - 40)).toBeLessThanOrEqual(1);
    expect(last?.basis.canary.failures).toBe(21 * 5);
  });

  test('impossible counts are refused with both numbers', () => {
    const state = initialJudge(settings);
    for (const bad of [
      interval(1, 2, 1, 0),
      interval(1, -1, 1, 0),
      interval(0.5, 0, 1, 0),
      interval(1, 0, NaN, 0),
    ]) {
      expect(() => judge(state, settings, bad, some)).toThrow(RangeError);
    }
    expect(() => judge(state, settings, interval(1, 2, 1, 0), some)).toThrow(
      'canary: 2 failures of 1 requests',
    );
  });

  test('one evaluation takes at most 20 µs', () => {
    let state = withHistory(Array.from({ length: 60 }, (_, i) => [100, i % 3] as const));
    let best = Infinity;
    for (let batch = 0; batch < 20; batch++) {
      const began = performance.now();
      for (let i = 0; i < 1_000; i++)
        state = judge(state, settings, interval(5, i % 2, 95, i % 3), some).state;
      best = Math.min(best, (performance.now() - began) / 1_000);
    }
    expect(best * 1_000).toBeLessThan(20);
  });
});
