import { describe, expect, test } from 'vitest';
import { initialJudge, judge, judgeWithoutMetrics, takeHistory, type Judgement } from './judge.ts';
import type { Counts } from './look.ts';
import { lookFrom } from './look-from.ts';
import { DEFAULT_JUDGE_SETTINGS } from './settings.ts';

const settings = DEFAULT_JUDGE_SETTINGS;
const basisFromStart = { from: 1, canary: counts(0, 0), stable: counts(0, 0) };

function counts(requests: number, failures: number): Counts {
  return { requests, failures };
}

function look(
  judgement: Partial<Judgement>,
  canaryTotal: Counts,
  stableTotal: Counts,
  stable = counts(95, 1),
  since?: number,
) {
  return lookFrom({
    number: 12,
    at: 1_000,
    step: 0,
    weight: 0.05,
    metric: 'errors',
    settings,
    ...(since !== undefined && { since }),
    judgement: {
      t: 12,
      dispersion: 1,
      logEvidence: 0,
      logHealth: 0,
      gate: false,
      verdict: 'undecided',
      cause: 'too-few',
      basis: basisFromStart,
      ...judgement,
    },
    canary: counts(5, 1),
    stable,
    canaryTotal,
    stableTotal,
  });
}

describe('sentence of a look', () => {
  test('harmful reads as the specification’s example', () => {
    const made = look(
      { verdict: 'harmful', cause: null, gate: true, logEvidence: Math.log(214) },
      counts(153, 9),
      counts(2_907, 31),
    );
    expect(made.sentence).toBe(
      'canary took 5 % of the requests and 9 of 40 failures (5.9 % against 1.1 %): evidence 214 : 1 that it is worse than 1.25 times stable; rollback at 100 : 1',
    );
    expect(made.logThreshold).toBeCloseTo(Math.log(100), 12);
    expect(made.logHealthThreshold).toBeCloseTo(Math.log(20), 12);
  });

  test('a late fault is told by what happened since it began — the totals would hide it', () => {
    const basis = { from: 7, canary: counts(400, 24), stable: counts(400, 4) };
    const made = look(
      { verdict: 'harmful', cause: null, gate: true, logEvidence: Math.log(2_345_678), basis },
      counts(9_000, 110),
      counts(20_000, 200),
    );
    expect(made.sentence).toBe(
      'over the last 6 looks canary took 50 % of the requests and 24 of 28 failures (6 % against 1 %): evidence over 1,000,000 : 1 that it is worse than 1.25 times stable; rollback at 100 : 1',
    );
  });

  test('a late fault is told by the time of its beginning too, where that is known; what is not harmful has none', () => {
    const basis = { from: 7, canary: counts(400, 24), stable: counts(400, 4) };
    const since = Date.UTC(2026, 10, 26, 14, 5, 30);
    const at = (verdict: 'harmful' | 'healthy') =>
      look(
        { verdict, cause: null, gate: true, logEvidence: 5, logHealth: 4, basis },
        counts(9_000, 110),
        counts(20_000, 200),
        counts(95, 1),
        since,
      );
    expect(at('harmful')).toMatchObject({
      since,
      sentence: expect.stringMatching(/^over the last 6 looks \(since 14:05:30 UTC\) canary took 50 %/),
    });
    expect(at('healthy')).not.toHaveProperty('since');
  });

  test('healthy says what it is healthy against', () => {
    const made = look(
      { verdict: 'healthy', cause: null, logHealth: Math.log(31) },
      counts(1_000, 1),
      counts(3_000, 3),
    );
    expect(made.sentence).toBe(
      'canary took 25 % of the requests and 1 of 4 failures (0.1 % against 0.1 %): evidence 31 : 1 that it is not worse than 1.25 times stable plus 0.5 points; healthy at 20 : 1',
    );
  });

  test('too few says how large a harm would have shown', () => {
    const made = look({ logEvidence: -Math.log(3) }, counts(60, 0), counts(1_140, 12));
    expect(made.sentence).toMatch(
      /^canary took 5 % of the requests and 0 of 12 failures \(0 % against 1\.1 %\): evidence 1 : 3 that it is worse than 1\.25 times stable, rollback at 100 : 1; too few to decide; a failure rate of about [\d.]+ % or more would have shown$/,
    );
  });

  test('few calls that all failed are not told what a failure of all would have shown', () => {
    expect(look({ logEvidence: Math.log(31) }, counts(3, 3), counts(70, 0)).sentence).toMatch(
      /rollback at 100 : 1; too few to decide$/,
    );
    expect(look({ logEvidence: Math.log(2) }, counts(3, 2), counts(70, 0)).sentence).toMatch(
      /too few to decide; only a failure of every request would have shown$/,
    );
  });

  test('strong evidence of a difference below the floor says why nothing happens', () => {
    const made = look({ logEvidence: Math.log(500) }, counts(100_000, 60), counts(100_000, 20));
    expect(made.sentence).toContain(
      'no rollback, because its recent rate is less than 0.1 points above 1.25 times',
    );
  });

  test('no failure at all is said in words', () => {
    expect(look({}, counts(2, 0), counts(38, 0)).sentence).toBe(
      "canary took 5 % of the requests, and none of 40 was a failure: evidence 1 : 1 that it is worse than 1.25 times stable, rollback at 100 : 1; too few requests to tell, even if each of the canary's were a failure",
    );
    expect(look({}, counts(0, 0), counts(0, 0)).sentence).toContain('no request was seen on either side');
  });

  test('no canary traffic and no metrics are told apart', () => {
    expect(look({ cause: 'no-canary-traffic' }, counts(0, 0), counts(900, 9)).sentence).toBe(
      'no request has reached the canary since the step began (stable had 95 requests in this interval): nothing to compare yet',
    );
    expect(look({ cause: 'no-metrics' }, counts(9, 0), counts(900, 9)).sentence).toBe(
      'the metrics source did not answer: nothing is known of this interval, and nothing is concluded from it',
    );
  });

  test('the harm said to be visible is really seen — the judge is asked', () => {
    const history = Array.from({ length: 60 }, () => counts(100, 1));
    const start = history.reduce((s, c) => takeHistory(s, settings, c), initialJudge(settings));
    const quiet = judge(
      start,
      settings,
      { canary: counts(50, 0), stable: counts(950, 10) },
      { canaryRequestsInStep: 50 },
    );
    const made = look(quiet.judgement, counts(50, 0), counts(950, 10));
    const rate = Number(/about ([\d.]+) %/.exec(made.sentence)?.[1]) / 100;
    const failures = Math.round(rate * 50);
    const verdictAt = (e: number) =>
      judge(start, settings, { canary: counts(50, e), stable: counts(950, 10) }, { canaryRequestsInStep: 50 })
        .judgement.verdict;
    expect(verdictAt(failures)).toBe('harmful');
    expect(verdictAt(failures - 1)).toBe('undecided');
  });

  test('without metrics the numbers so far stand', () => {
    const state = judge(
      initialJudge(settings),
      settings,
      { canary: counts(5, 1), stable: counts(95, 1) },
      { canaryRequestsInStep: 5 },
    ).state;
    const made = look(judgeWithoutMetrics(state, settings), counts(5, 1), counts(95, 1));
    expect(made).toMatchObject({ verdict: 'undecided', cause: 'no-metrics', dispersion: 1 });
  });
});
