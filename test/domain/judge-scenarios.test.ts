/**
 * The judge on hundreds of seeded releases from the simulated traffic source: acceptance scenarios whose claim is about
 * a share of releases. Plan 5 % → 25 % → 50 %, ten minutes each, a look each 10 s.
 */
import { describe, expect, test } from 'vitest';
import { judgeLatency } from '../../bench/judge/latency.ts';
import { seeded } from '../../bench/judge/random.ts';
import { firstVerdict } from '../../bench/judge/rules.ts';
import {
  LOOK_SECONDS,
  LOOKS_PER_STEP,
  simulate,
  type Release,
  type Scenario,
} from '../../bench/judge/traffic.ts';
import type { Look } from '../../src/domain/analysis/look.ts';
import { outcomeOf, type Outcome } from '../../src/domain/analysis/outcome.ts';
import { replay } from '../../src/domain/analysis/replay.ts';
import { DEFAULT_JUDGE_SETTINGS } from '../../src/domain/analysis/settings.ts';

function scenario(stable: number, canary: number, more: Partial<Scenario> = {}): Scenario {
  return {
    name: '',
    requestsPerSecond: 10,
    stable: () => stable,
    canary: () => canary,
    faultAt: 0,
    ...more,
  };
}

function releases(of: Scenario, runs: number, seed: number): Release[] {
  const random = seeded(seed);
  return Array.from({ length: runs }, () => simulate(of, random));
}

function rolledBack(of: Scenario, runs: number, seed: number): (number | null)[] {
  return releases(of, runs, seed).map((release) => firstVerdict(release, 'harmful'));
}

function replayed(release: Release): Outcome {
  return outcomeOf(looksOf(release), 0);
}

/** What the judge says of every interval. */
function looksOf({ history, looks }: Release): Look[] {
  const nothing = { requests: 0, failures: 0 };
  const analysis = { intervalMs: 10_000, errors: DEFAULT_JUDGE_SETTINGS, latency: null };
  const stored = looks.map(({ canary, stable }, i): Look => ({
    number: i + 1,
    at: (i + 1) * 10_000,
    step: Math.floor(i / LOOKS_PER_STEP),
    weight: 0,
    metric: 'errors',
    canary,
    stable,
    canaryTotal: nothing,
    stableTotal: nothing,
    dispersion: 1,
    logEvidence: 0,
    logHealth: 0,
    logThreshold: 0,
    logHealthThreshold: 0,
    gate: false,
    verdict: 'undecided',
    cause: 'too-few',
    sentence: '',
  }));
  const then = { analysis, looks: stored, history: { errors: history }, watchedFrom: 0 };
  return [...replay(analysis, then)].flat();
}

describe('shares of seeded releases', () => {
  test('6 % where stable fails 1 %: rolled back before the 50 % step in at least 99 of 100', () => {
    const looks = rolledBack(scenario(0.01, 0.06), 100, 5);
    expect(looks.filter((n) => n !== null && n <= 2 * LOOKS_PER_STEP).length).toBeGreaterThanOrEqual(99);
  });

  test('a version that always fails: found by the look after the third failed request, so within 20 s of it', () => {
    for (const rate of [0, 0.001, 0.01])
      for (const release of releases(scenario(rate, 1), 200, 4)) {
        let failures = 0;
        const third = release.looks.findIndex(({ canary }) => (failures += canary.failures) >= 3) + 1;
        // The request lies in the interval that ends with look `third`: one more look is less than 20 s after it.
        expect(firstVerdict(release, 'harmful')).toBeLessThanOrEqual(third + (rate < 0.01 ? 0 : 1));
      }
  });

  test('equal versions that fail 5 %: at most 1 % of 200 rolled back, within the binomial bound', () => {
    const looks = rolledBack(scenario(0.05, 0.05), 200, 6);
    // Six or more of 200 at a true share of 1 % has a chance of 1.6 %.
    expect(looks.filter((n) => n !== null).length).toBeLessThanOrEqual(5);
  });

  test('no rate of failures is bad by itself: equal versions may fail 20 % or half of all requests', () => {
    for (const rate of [0.2, 0.5]) {
      const looks = rolledBack(scenario(rate, rate), 100, 61);
      expect(looks.filter((n) => n !== null).length).toBeLessThanOrEqual(3);
    }
  });

  test('latencies 1.6 times those of stable: harmful by latency in the first two steps', () => {
    const random = seeded(9);
    for (const sigma of [0.3, 0.6]) {
      const line = { sigma, factor: 1.6, requestsPerSecond: 100, reference: '' };
      for (let run = 0; run < 50; run += 1) {
        const looks = judgeLatency(line, random);
        expect(looks).not.toBeNull();
        expect(looks).toBeLessThanOrEqual(2 * LOOKS_PER_STEP);
      }
    }
  });

  test('an outage of both for three minutes in the 25 % step is nobody’s fault', () => {
    const both = (seconds: number) => (seconds >= 800 && seconds < 980 ? 0.2 : 0.01);
    const looks = rolledBack(scenario(0, 0, { stable: both, canary: both }), 200, 7);
    expect(looks.filter((n) => n !== null).length).toBeLessThanOrEqual(5);
  });

  test('an outage of both is named in the words of a look, in nearly every release and without the plan’s asking', () => {
    const both = (seconds: number) => (seconds >= 800 && seconds < 980 ? 0.2 : 0.01);
    const named = (of: Scenario, seed: number) =>
      releases(of, 100, seed).filter((release) =>
        looksOf(release).some(({ sentence }) => sentence.includes('both versions fail more than before')),
      ).length;
    expect(named(scenario(0, 0, { stable: both, canary: both }), 7)).toBeGreaterThanOrEqual(95);
    // Nothing of the kind is said where nothing happened, nor where the canary alone is bad.
    expect(named(scenario(0.01, 0.01), 7)).toBe(0);
    expect(named(scenario(0.05, 0.05), 7)).toBe(0);
    expect(named(scenario(0.01, 0.06), 7)).toBe(0);
  });

  test('a leak from minute 15 on is found, and the verdict says since when', () => {
    for (const { minute, requestsPerSecond, within, early } of [
      { minute: 15, requestsPerSecond: 100, within: 10, early: 10 },
      // In the 50 % step, at little traffic, where chance makes a fault seem older.
      { minute: 21, requestsPerSecond: 10, within: 50, early: 120 },
    ]) {
      const begins = minute * 60;
      const canary = (seconds: number) => (seconds < begins ? 0.01 : 0.06);
      const beginnings = releases(scenario(0.01, 0, { canary, requestsPerSecond }), 50, 8).map((release) => {
        const harmful = looksOf(release).find(({ verdict }) => verdict === 'harmful');
        const { number = 0, since = -1, sentence = '' } = harmful ?? {};
        const first = begins / LOOK_SECONDS;
        expect(number).toBeGreaterThan(first);
        expect(number).toBeLessThanOrEqual(first + within);
        const [, looks, time] = /^over the last (\d+) looks? \(since ([\d:]+) UTC\) /.exec(sentence) ?? [];
        const said = looks === undefined ? 0 : (number - Number(looks)) * LOOK_SECONDS * 1_000;
        expect(since).toBe(said);
        if (looks !== undefined) expect(time).toBe(new Date(said).toISOString().slice(11, 19));
        return since / 1_000 - begins;
      });
      beginnings.sort((a, b) => a - b);
      // The middle half of them.
      expect(beginnings[12]).toBeGreaterThanOrEqual(-early);
      expect(beginnings[37]).toBeLessThanOrEqual(30);
    }
  });

  test('a fix for a stable version that fails 30 % is healthy early; one as bad is not harmful', () => {
    for (const release of releases(scenario(0.3, 0.01), 50, 30)) {
      const { harmful, healthy } = replayed(release);
      expect(harmful).toBeNull();
      expect(healthy?.step).toBe(0);
    }
    expect(rolledBack(scenario(0.3, 0.3), 200, 31).filter((n) => n !== null).length).toBeLessThanOrEqual(5);
  });
});
