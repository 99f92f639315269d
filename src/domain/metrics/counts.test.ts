import { describe, expect, test } from 'vitest';
import { countsBetween, historyFrom, sumCounts } from './counts.ts';
import type { RingAnswer, RingBucket } from './ring.ts';

function ring(now: number, totals: readonly [number, number] | null, buckets: RingBucket[] = []): RingAnswer {
  const versions = totals
    ? [
        {
          version: '2',
          totals: { requests: totals[0], failures: totals[1], coldStarts: 0 },
          consecutiveFailures: 0,
          buckets,
        },
      ]
    : [];
  return { now, service: 'shop', function: 'cart', qualifier: 'PROD', versions };
}

function bucket(at: number, requests: number, failures: number, coldStarts = 0): RingBucket {
  return { at, requests, failures, coldStarts };
}

describe('countsBetween', () => {
  test('the difference of the totals is the interval, also over missed readings — one block, nothing invented', () => {
    expect(countsBetween(ring(0, [10, 1]), ring(60_000, [110, 4]), '2')).toEqual({
      requests: 100,
      failures: 3,
    });
  });

  test('without a first reading there is no interval', () => {
    expect(countsBetween(null, ring(5_000, [1_000_000, 10]), '2')).toEqual({ requests: 0, failures: 0 });
  });

  test('a version called for the first time counts whole; one never called counts nothing', () => {
    expect(countsBetween(ring(0, null), ring(5_000, [7, 2]), '2')).toEqual({ requests: 7, failures: 2 });
    expect(countsBetween(ring(0, [1, 0]), ring(5_000, null), '2')).toEqual({ requests: 0, failures: 0 });
  });

  test('counters that begin again: the new value is the difference', () => {
    const now = ring(15_000, [8, 1], [bucket(10_000, 8, 1)]);
    expect(countsBetween(ring(10_000, [500, 9]), now, '2')).toEqual({ requests: 8, failures: 1 });
  });

  test('an engine that lost only its last second does not count its whole past again', () => {
    const buckets = [bucket(0, 900, 9), bucket(10_000, 4, 1), bucket(15_000, 3, 0)];
    const now = ring(16_000, [997, 10], buckets);
    expect(countsBetween(ring(10_000, [1_000, 11]), now, '2')).toEqual({ requests: 7, failures: 1 });
  });

  test('failures never exceed requests — the judge refuses such counts', () => {
    expect(countsBetween(ring(0, [10, 0]), ring(5_000, [11, 3]), '2')).toEqual({ requests: 1, failures: 1 });
  });

  test('failed cold starts count as failures', () => {
    const history = historyFrom(ring(5_000, [3, 2], [bucket(0, 3, 2, 3)]), '2', 5_000, 5_000);
    expect(history).toEqual([{ requests: 3, failures: 2 }]);
  });
});

describe('historyFrom', () => {
  test('buckets are merged to the interval, newest last, quiet intervals kept as zeros', () => {
    const buckets = [bucket(0, 1, 0), bucket(5_000, 2, 1), bucket(30_000, 4, 0), bucket(35_000, 8, 2)];
    expect(historyFrom(ring(40_000, [15, 3], buckets), '2', 10_000, 40_000)).toEqual([
      { requests: 3, failures: 1 },
      { requests: 0, failures: 0 },
      { requests: 0, failures: 0 },
      { requests: 12, failures: 2 },
    ]);
  });

  test('sixty intervals at most', () => {
    const buckets = Array.from({ length: 200 }, (_, i) => bucket(i * 5_000, i, 0));
    const history = historyFrom(ring(1_000_000, [0, 0], buckets), '2', 5_000, 1_000_000);
    expect(history).toHaveLength(60);
    expect(history.at(-1)).toEqual({ requests: 199, failures: 0 });
    expect(history[0]).toEqual({ requests: 140, failures: 0 });
  });

  test('an interval shorter than a bucket takes the buckets as they are', () => {
    const buckets = [bucket(0, 10, 1), bucket(5_000, 20, 2)];
    expect(historyFrom(ring(10_000, [30, 3], buckets), '2', 1_000, 10_000)).toEqual([
      { requests: 10, failures: 1 },
      { requests: 20, failures: 2 },
    ]);
  });

  test('nothing after the end is history; an unknown version has none', () => {
    const buckets = [bucket(0, 10, 1), bucket(5_000, 20, 2)];
    const answer = ring(10_000, [30, 3], buckets);
    expect(historyFrom(answer, '2', 5_000, 5_000)).toEqual([{ requests: 10, failures: 1 }]);
    expect(historyFrom(answer, '9', 5_000, 10_000)).toEqual([]);
  });
});

test('several functions of a service are summed', () => {
  expect(sumCounts([])).toEqual({ requests: 0, failures: 0 });
  expect(
    sumCounts([
      { requests: 3, failures: 1 },
      { requests: 4, failures: 0 },
    ]),
  ).toEqual({ requests: 7, failures: 1 });
});
