import { describe, expect, test } from 'vitest';
import { DEFAULT_JUDGE_SETTINGS } from '../../domain/analysis/settings.ts';
import type { PlanAnalysis } from '../../domain/plan/plan.ts';
import { beginWatch, takeLook, type Reading, type WatchState } from './watch-state.ts';

const ANALYSIS: PlanAnalysis = { intervalMs: 5_000, errors: DEFAULT_JUDGE_SETTINGS, latency: null };

/** Totals of stable (version 1) and canary (version 2) as the engine would say them. */
function reading(at: number, stable: [number, number], canary: [number, number]): Reading {
  const version = (id: string, [requests, failures]: [number, number]) => ({
    version: id,
    totals: { requests, failures, coldStarts: 0 },
    consecutiveFailures: 0,
    buckets: [{ at: at - 5_000, requests, failures, coldStarts: 0 }],
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

function moment(number: number, step = 0) {
  return { number, at: number * 5_000, step, weight: 0.25 };
}

describe('takeLook', () => {
  const begun = beginWatch([reading(0, [1_000, 5], [0, 0])], ANALYSIS);

  test('counts what happened since the look before, and sums it up', () => {
    const first = takeLook(begun, [reading(5_000, [1_150, 6], [50, 1])], moment(1), ANALYSIS);
    expect(first.look).toMatchObject({
      canary: { requests: 50, failures: 1 },
      stable: { requests: 150, failures: 1 },
    });
    const second = takeLook(first.state, [reading(10_000, [1_300, 6], [100, 1])], moment(2), ANALYSIS);
    expect(second.look).toMatchObject({
      canary: { requests: 50, failures: 0 },
      canaryTotal: { requests: 100, failures: 1 },
      stableTotal: { requests: 300, failures: 1 },
    });
  });

  test('finds a canary that fails a fifth of its requests harmful within a few looks', () => {
    let state = begun;
    for (let number = 1; number <= 12; number += 1) {
      const now = [reading(number * 5_000, [1_000 + number * 150, 5 + number], [number * 50, number * 10])];
      const taken = takeLook(state, now, moment(number), ANALYSIS);
      state = taken.state;
      if (taken.look.verdict === 'harmful') return expect(number).toBeLessThan(5);
    }
    throw new Error('never found');
  });

  test('goes on after a crash bit for bit — the state survives its row', () => {
    const taken = takeLook(begun, [reading(5_000, [1_150, 6], [50, 9])], moment(1), ANALYSIS);
    const revived = JSON.parse(JSON.stringify(taken.state)) as WatchState;
    const next = [reading(10_000, [1_300, 7], [100, 20])];
    expect(takeLook(revived, next, moment(2), ANALYSIS)).toEqual(
      takeLook(taken.state, next, moment(2), ANALYSIS),
    );
  });

  test('invents nothing while the source is silent, and counts the gap as one block afterwards', () => {
    const silent = takeLook(begun, null, moment(1), ANALYSIS);
    expect(silent.look).toMatchObject({ verdict: 'undecided', cause: 'no-metrics', canary: { requests: 0 } });
    const back = takeLook(silent.state, [reading(10_000, [1_300, 7], [100, 2])], moment(2), ANALYSIS);
    expect(back.look).toMatchObject({ canary: { requests: 100, failures: 2 }, stable: { requests: 300 } });
  });

  test('says that the canary got nothing since its step began — not since the release did', () => {
    const first = takeLook(begun, [reading(5_000, [1_150, 5], [50, 0])], moment(1), ANALYSIS);
    const same = takeLook(first.state, [reading(10_000, [1_300, 5], [50, 0])], moment(2), ANALYSIS);
    expect(same.look.cause).not.toBe('no-canary-traffic');
    const next = takeLook(same.state, [reading(15_000, [1_450, 5], [50, 0])], moment(3, 1), ANALYSIS);
    expect(next.look.cause).toBe('no-canary-traffic');
  });
});
