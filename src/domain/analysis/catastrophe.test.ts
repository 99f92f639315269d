import { describe, expect, test } from 'vitest';
import type { RingAnswer, RingBucket } from '../metrics/ring.ts';
import { catastropheIn } from './catastrophe.ts';

function bucket(at: number, requests: number, failures: number): RingBucket {
  return { at, requests, failures, coldStarts: 0 };
}

function ring(canary: RingBucket[], consecutiveFailures: number, stable: RingBucket[]): RingAnswer {
  const side = (version: string, buckets: RingBucket[], run: number) => ({
    version,
    totals: { requests: 0, failures: 0, coldStarts: 0 },
    consecutiveFailures: run,
    buckets,
  });
  return {
    now: 60_000,
    service: 's',
    function: 'f',
    qualifier: 'PROD',
    versions: [side('2', canary, consecutiveFailures), side('1', stable, 0)],
  };
}

describe('catastrophe guard', () => {
  test('ten failures in a row beside ten good requests of stable', () => {
    const found = catastropheIn(
      ring([bucket(5_000, 4, 4), bucket(10_000, 8, 8)], 12, [bucket(5_000, 60, 0), bucket(10_000, 90, 0)]),
      '2',
      '1',
    );
    expect(found).toMatchObject({ canaryFailures: 12, stableRequests: 150 });
    expect(found?.sentence).toBe(
      "the canary's last 12 requests all failed, while stable answered 150 requests without a failure: no need to wait for the next look",
    );
  });

  test('nine are not enough, nor a quiet stable', () => {
    const good = [bucket(5_000, 60, 0)];
    expect(catastropheIn(ring([bucket(5_000, 9, 9)], 9, good), '2', '1')).toBeNull();
    expect(catastropheIn(ring([bucket(5_000, 10, 10)], 10, [bucket(5_000, 9, 0)]), '2', '1')).toBeNull();
  });

  test('a failure of stable meanwhile may be an outage of both; one from before is not meanwhile', () => {
    const canary = [bucket(20_000, 10, 10)];
    expect(catastropheIn(ring(canary, 10, [bucket(20_000, 100, 1)]), '2', '1')).toBeNull();
    expect(
      catastropheIn(ring(canary, 10, [bucket(15_000, 50, 9), bucket(20_000, 100, 0)]), '2', '1'),
    ).not.toBeNull();
  });

  test('an unknown version is no catastrophe, nor is a run whose time is forgotten', () => {
    expect(catastropheIn(ring([], 0, []), '9', '1')).toBeNull();
    expect(catastropheIn(ring([bucket(5_000, 3, 3)], 40, [bucket(5_000, 60, 0)]), '2', '1')).toBeNull();
  });
});
