import { expect, test } from 'vitest';
import { initialJudge, judge, judgeWithoutMetrics, takeHistory } from './judge.ts';
import type { Counts, Look } from './look.ts';
import { lookFrom } from './look-from.ts';
import { countsOf, replay } from './replay.ts';
import { DEFAULT_JUDGE_SETTINGS } from './settings.ts';

const settings = DEFAULT_JUDGE_SETTINGS;
const history: Counts[] = Array.from({ length: 60 }, (_, i) => ({
  requests: 95 + (i % 10),
  failures: i % 3,
}));

/** A release as the watch goes through it, with a gap in the metrics. */
function release(): Look[] {
  let state = history.reduce((s, c) => takeHistory(s, settings, c), initialJudge(settings));
  const looks: Look[] = [];
  let canaryTotal: Counts = { requests: 0, failures: 0 };
  let stableTotal: Counts = { requests: 0, failures: 0 };
  for (let i = 1; i <= 40; i++) {
    const answered = i !== 7;
    const canary = answered ? { requests: 10, failures: i % 2 } : { requests: 0, failures: 0 };
    const stable = answered ? { requests: 90, failures: i % 3 } : { requests: 0, failures: 0 };
    canaryTotal = {
      requests: canaryTotal.requests + canary.requests,
      failures: canaryTotal.failures + canary.failures,
    };
    stableTotal = {
      requests: stableTotal.requests + stable.requests,
      failures: stableTotal.failures + stable.failures,
    };
    let judgement = judgeWithoutMetrics(state, settings);
    if (answered)
      ({ state, judgement } = judge(state, settings, { canary, stable }, { canaryRequestsInStep: 10 }));
    looks.push(
      lookFrom({
        number: i,
        at: i * 5_000,
        step: 0,
        weight: 0.1,
        metric: 'errors',
        settings,
        judgement,
        canary,
        stable,
        canaryTotal,
        stableTotal,
      }),
    );
  }
  return looks;
}

test('with the settings of then every number is the same to the last bit', () => {
  const looks = release();
  const again = replay(settings, history, JSON.parse(JSON.stringify(looks)).map(countsOf));
  expect(again.looks).toEqual(looks);
  expect(again.harmful?.number).toBe(looks.find((l) => l.verdict === 'harmful')?.number);
  expect(again.harmful).not.toBeNull();
});

test('other settings give another answer from the same counts', () => {
  const strict = replay({ ...settings, rho: 20 }, history, release().map(countsOf));
  expect(strict.harmful).toBeNull();
  const quick = replay({ ...settings, alpha: 0.3 }, history, release().map(countsOf));
  const usual = replay(settings, history, release().map(countsOf));
  expect(quick.harmful?.number).toBeLessThan(usual.harmful?.number ?? 0);
});

test('a new step begins without canary traffic', () => {
  const quiet = { requests: 0, failures: 0 };
  const base = { at: 0, weight: 0.1, metric: 'errors', stable: { requests: 9, failures: 0 }, answered: true };
  const { looks } = replay(
    settings,
    [],
    [
      { ...base, number: 1, step: 0, canary: { requests: 3, failures: 0 } },
      { ...base, number: 2, step: 0, canary: quiet },
      { ...base, number: 3, step: 1, canary: quiet },
    ],
  );
  expect(looks.map((l) => l.cause)).toEqual(['too-few', 'too-few', 'no-canary-traffic']);
});
