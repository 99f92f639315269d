import { describe, expect, test } from 'vitest';
import type { Look } from './look.ts';
import { beginJudging, judgeRelease, type Sides } from './release-judge.ts';
import { DEFAULT_JUDGE_SETTINGS } from './settings.ts';
import { watchedMetrics } from './watched-metrics.ts';

const errors = DEFAULT_JUDGE_SETTINGS;
const PLAN = watchedMetrics({ intervalMs: 5_000, errors, latency: null, probe: errors });
const NOTHING: Sides = { canary: { requests: 0, failures: 0 }, stable: { requests: 0, failures: 0 } };

function sides(canary: number, failures: number, stable: number): Sides {
  return { canary: { requests: canary, failures }, stable: { requests: stable, failures: 0 } };
}

interface Interval {
  readonly users: Sides;
  readonly probes: Sides;
  readonly step?: number;
}

function looks(intervals: readonly Interval[], plan = PLAN): (readonly [Look, ...Look[]])[] {
  let judging = beginJudging(plan, {}, 0);
  return intervals.map(({ users, probes, step = 0 }, i) => {
    const counts = new Map([
      ['errors', users],
      ['probe', probes],
    ]);
    const moment = { number: i + 1, at: (i + 1) * 5_000, step, weight: 0.05 };
    const judged = judgeRelease(judging, { counts, numbers: {}, words: new Map() }, moment, plan);
    judging = judged.judging;
    return judged.looks;
  });
}

const last = <T>(list: readonly T[]): T => {
  const one = list.at(-1);
  if (one === undefined) throw new Error('nothing');
  return one;
};

describe('probes', () => {
  test('speak for a function that nobody calls: too few, not no traffic, and the sentence says who spoke', () => {
    const [release, users, probe] = last(
      looks(Array.from({ length: 10 }, () => ({ users: NOTHING, probes: sides(5, 0, 5) }))),
    );
    expect(release).toMatchObject({ metric: 'release', verdict: 'undecided', cause: 'too-few' });
    expect(release.sentence).toMatch(
      /^only probes have called the canary since the step began, no user has: probe: canary took 50 % of the probe requests, and none of 100 was a failed probe: /,
    );
    expect(users).toMatchObject({ metric: 'errors', cause: 'no-canary-traffic' });
    expect(users?.canaryTotal).toEqual({ requests: 0, failures: 0 });
    expect(probe).toMatchObject({ metric: 'probe', canaryTotal: { requests: 50, failures: 0 } });
  });

  test('that find harm roll back, and users’ counts stay what users did', () => {
    const all = looks(Array.from({ length: 8 }, () => ({ users: NOTHING, probes: sides(5, 5, 5) })));
    const harmful = all.find(([release]) => release.verdict === 'harmful');
    expect(harmful?.[0].number).toBeLessThan(8);
    expect(harmful?.[0].sentence).toContain('probe: ');
    expect(harmful?.[0].sentence).toMatch(/of the probe requests and \d+ of \d+ failed probes/);
    expect(harmful?.[0].canaryTotal).toEqual({ requests: 0, failures: 0 });
  });

  test('are never added to users’ counts: an even split of both metrics is not harm, whatever the two add up to', () => {
    // Added up, the canary would have half of all failures with a tenth of the requests.
    const all = looks(
      Array.from({ length: 20 }, () => ({
        users: { canary: { requests: 5, failures: 0 }, stable: { requests: 95, failures: 0 } },
        probes: { canary: { requests: 5, failures: 2 }, stable: { requests: 5, failures: 2 } },
      })),
    );
    expect(all.some(([release]) => release.verdict === 'harmful')).toBe(false);
    expect(last(all)[0].sentence).toContain('100 probe requests to the canary, 40 failed');
  });

  test('that are not sent, because users are many, keep nothing from being healthy', () => {
    const [release] = last(
      looks(Array.from({ length: 60 }, () => ({ users: sides(300, 0, 300), probes: NOTHING }))),
    );
    expect(release.verdict).toBe('healthy');
    expect(release.sentence).not.toContain('probe request');
  });

  test('count for the step in which they were sent — a step that nobody called has no traffic again', () => {
    const all = looks([
      { users: NOTHING, probes: sides(5, 0, 5) },
      { users: NOTHING, probes: NOTHING },
      { users: NOTHING, probes: NOTHING, step: 1 },
      { users: NOTHING, probes: sides(1, 0, 1), step: 1 },
    ]);
    expect(all.map(([release]) => release.cause)).toEqual([
      'too-few',
      'too-few',
      'no-canary-traffic',
      'too-few',
    ]);
  });
});
