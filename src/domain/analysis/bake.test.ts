import { describe, expect, test } from 'vitest';
import { initialBake, judgeBake, type BakeJudgement, type BakeState } from './bake.ts';
import { DEFAULT_JUDGE_SETTINGS } from './settings.ts';

const settings = DEFAULT_JUDGE_SETTINGS;

function watch(state: BakeState, looks: number, requests: number, failures: number): BakeJudgement {
  let current = state;
  let last: BakeJudgement | undefined;
  for (let i = 0; i < looks; i++) {
    const result = judgeBake(current, settings, { requests, failures });
    current = JSON.parse(JSON.stringify(result.state)) as BakeState;
    expect(current).toEqual(result.state);
    last = result.judgement;
  }
  if (!last) throw new Error('no look');
  return last;
}

describe('bake time', () => {
  const before = initialBake(settings, { requests: 10_000, failures: 100 }, 1);

  test('as many failures as before are no evidence, nor a little more', () => {
    expect(before.bound).toBeCloseTo(1.25 * 0.01 + 0.01, 12);
    expect(watch(before, 120, 100, 1).outcome).toBe('continue');
    expect(watch(before, 120, 100, 2).outcome).toBe('continue');
  });

  test('clear harm asks first and rolls back when it stays — an outage looks the same', () => {
    const outcomes = [];
    const evidence: number[] = [];
    let state = before;
    for (let i = 0; i < 30; i++) {
      const result = judgeBake(state, settings, { requests: 20, failures: 2 });
      state = result.state;
      outcomes.push(result.judgement.outcome);
      evidence.push(result.judgement.logEvidence);
    }
    // 1 / α asks a person, 1 / α² rolls back.
    const first = (log: number) => evidence.findIndex((one) => one >= log);
    expect(outcomes.indexOf('ask')).toBe(first(Math.log(100)));
    expect(outcomes.indexOf('roll-back')).toBe(first(Math.log(10_000)));
    expect(outcomes[0]).toBe('continue');
    expect(outcomes.at(-1)).toBe('roll-back');
    const firstAsk = outcomes.indexOf('ask');
    expect(firstAsk).toBeGreaterThan(0);
    expect(outcomes.indexOf('roll-back')).toBeGreaterThan(firstAsk);
  });

  test('a fresh fault late in the bake time is found within a few looks', () => {
    let state = before;
    for (let i = 0; i < 200; i++) state = judgeBake(state, settings, { requests: 100, failures: 1 }).state;
    const found = watch(state, 3, 100, 40);
    expect(found.outcome).toBe('roll-back');
  });

  test('burstiness known from before makes it slower to believe', () => {
    const calm = watch(before, 5, 20, 2).logEvidence;
    const bursty = watch({ ...before, dispersion: 5 }, 5, 20, 2).logEvidence;
    expect(bursty).toBeLessThan(calm);
  });

  test('where nothing is known, or almost all fail anyway, there is no evidence', () => {
    const unknown = initialBake(settings, { requests: 0, failures: 0 }, 1);
    expect(watch(unknown, 5, 100, 100)).toMatchObject({ outcome: 'continue' });
    expect(watch(unknown, 1, 100, 100).sentence).toContain('no request in its last hour');
    const broken = initialBake(settings, { requests: 100, failures: 95 }, 1);
    expect(watch(broken, 5, 100, 100).outcome).toBe('continue');
  });

  test('the sentence has the numbers', () => {
    expect(watch(before, 1, 20, 2).sentence).toMatch(
      /^since the promotion 2 of 20 requests failed \(10 %, where 2\.3 % is expected at most\): evidence [\d.: ]+ that it is worse; a person is asked at 100 : 1, rollback at 10,000 : 1$/,
    );
    expect(watch(before, 1, 0, 0).sentence).toContain('no request since the promotion');
  });
});
