import { describe, expect, test } from 'vitest';
import { combine, sharesOf, type MetricPart } from './combine.ts';
import type { Judgement } from './judge.ts';

const ALPHA = 0.01;

function part(metric: string, share: number, judgement: Partial<Judgement>): MetricPart {
  const nothing = { requests: 0, failures: 0 };
  return {
    metric,
    share,
    mayBeSilent: false,
    judgement: {
      t: 1,
      dispersion: 1,
      logEvidence: 0,
      logHealth: 0,
      gate: false,
      verdict: 'undecided',
      cause: 'too-few',
      basis: { from: 1, canary: nothing, stable: nothing },
      ...judgement,
    },
  };
}

describe('several metrics in one budget', () => {
  test('one metric alone is judged as it is', () => {
    const harmful = combine([part('errors', 1, { logEvidence: Math.log(100), gate: true })], ALPHA);
    expect(harmful).toMatchObject({ verdict: 'harmful', cause: null, leading: 'errors' });
    expect(harmful.logEvidence).toBeCloseTo(Math.log(100), 12);
  });

  test('the evidence is the weighted mean — α is not divided, the share is', () => {
    const parts = (evidence: number) => [
      part('errors', 0.5, { logEvidence: Math.log(evidence), gate: true }),
      part('latency-p50', 0.5, { logEvidence: -Infinity }),
    ];
    expect(combine(parts(199), ALPHA).verdict).toBe('undecided');
    expect(combine(parts(201), ALPHA).verdict).toBe('harmful');
    const both = [
      part('a', 0.25, { logEvidence: Math.log(60) }),
      part('b', 0.75, { logEvidence: Math.log(20) }),
    ];
    expect(combine(both, ALPHA).logEvidence).toBeCloseTo(Math.log(0.25 * 60 + 0.75 * 20), 12);
  });

  test('the gate asked is that of the metric whose own evidence is the largest', () => {
    const loud = part('a', 0.5, { logEvidence: 9, gate: false });
    const quiet = part('b', 0.5, { logEvidence: 8, gate: true });
    expect(combine([loud, quiet], ALPHA)).toMatchObject({ verdict: 'undecided', leading: 'a' });
    expect(combine([loud, part('b', 0.5, { logEvidence: 10, gate: true })], ALPHA)).toMatchObject({
      verdict: 'harmful',
      leading: 'b',
    });
  });

  test('a silent source never counts as harm', () => {
    const silent = part('custom', 1, { logEvidence: 20, gate: true, cause: 'no-metrics' });
    expect(combine([silent], ALPHA)).toMatchObject({ verdict: 'undecided', cause: 'no-metrics' });
  });

  test('healthy needs all', () => {
    const healthy: Partial<Judgement> = { verdict: 'healthy', cause: null, logHealth: 4 };
    expect(combine([part('a', 0.5, healthy), part('b', 0.5, healthy)], ALPHA).verdict).toBe('healthy');
    expect(combine([part('a', 0.5, healthy), part('b', 0.5, {})], ALPHA)).toMatchObject({
      verdict: 'undecided',
      cause: 'too-few',
    });
    const quiet: Partial<Judgement> = { cause: 'no-canary-traffic' };
    expect(combine([part('a', 0.5, quiet), part('b', 0.5, quiet)], ALPHA).cause).toBe('no-canary-traffic');
  });

  test('a metric that may be silent is not needed for healthy while it is — probes where users are many', () => {
    const healthy: Partial<Judgement> = { verdict: 'healthy', cause: null, logHealth: 4 };
    const verdictBeside = (probe: Partial<Judgement>) =>
      combine([part('errors', 0.5, healthy), { ...part('probe', 0.5, probe), mayBeSilent: true }], ALPHA)
        .verdict;
    expect(verdictBeside({ cause: 'no-canary-traffic' })).toBe('healthy');
    expect(verdictBeside({ cause: 'too-few' })).toBe('undecided');
    const silent: Partial<Judgement> = { cause: 'no-canary-traffic' };
    const probe = { ...part('probe', 0.5, silent), mayBeSilent: true };
    expect(combine([part('errors', 0.5, silent), probe], ALPHA).verdict).toBe('undecided');
  });

  test('the sentence names the metric that speaks loudest, and why strong evidence may not count', () => {
    const of = (gate: boolean, cause: Judgement['cause'] = 'too-few') =>
      combine(
        [
          part('errors', 0.5, { logEvidence: Math.log(301), gate, cause }),
          part('latency-p50', 0.5, { logEvidence: 0 }),
        ],
        ALPHA,
      ).sentence;
    const start =
      '2 metrics together: evidence 151 : 1 that the canary is worse; rollback at 100 : 1; errors speaks loudest, with 301 : 1 by itself';
    expect(of(true)).toBe(start);
    expect(of(false)).toBe(`${start}, but its difference is too small to count: no rollback`);
    expect(of(true, 'no-metrics')).toBe(`${start}, but its source is silent now: no rollback`);
    const healthy: Partial<Judgement> = { verdict: 'healthy', cause: null, logEvidence: -Math.log(4) };
    expect(combine([part('errors', 1, healthy)], ALPHA).sentence).toBe(
      'errors: evidence 1 : 4 that the canary is worse; rollback at 100 : 1; each metric by itself is healthy',
    );
  });

  test('shares: groups count alike unless weighed, latency’s three thresholds as one', () => {
    const shares = sharesOf([
      { metrics: ['errors'] },
      { metrics: ['latency-p50', 'latency-p90', 'latency-p99'] },
      { metrics: ['custom'], weight: 2 },
    ]);
    expect(shares.get('errors')).toBe(0.25);
    expect(shares.get('latency-p90')).toBeCloseTo(1 / 12, 12);
    expect(shares.get('custom')).toBe(0.5);
    const parts = [...shares].map(([metric, share]) => part(metric, share, {}));
    expect(() => combine(parts, ALPHA)).not.toThrow();
  });

  test('shares that are not one budget are refused — they would change α', () => {
    expect(() => combine([part('a', 0.6, {}), part('b', 0.6, {})], ALPHA)).toThrow(RangeError);
    expect(() => combine([], ALPHA)).toThrow(RangeError);
  });
});
