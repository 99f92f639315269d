import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RollbackCause } from '../release/events.ts';
import { figuresOf, median } from './figures.ts';
import { courseOf, type FigureEvent, type ReleaseHistory } from './history.ts';
import { figureLines } from './text.ts';

const HOUR = 3_600_000;
const STRETCH = { from: 0, until: 30 * 24 * HOUR };

function history(id: string, events: readonly FigureEvent[], more: Partial<ReleaseHistory> = {}) {
  return { id, storedAt: 0, committedAt: null, takenBackAt: null, ...more, events };
}
const traffic = (at: number, weight: number): FigureEvent => ({ type: 'traffic', at, weight });
const promoted = (at: number): FigureEvent => ({ type: 'promoted', at });
const back = (at: number, cause: RollbackCause): FigureEvent => ({ type: 'rollback-started', at, cause });

describe('a release', () => {
  test('that was rolled back from a gray step failed from its first weight to the last alias that was back', () => {
    const events = [
      traffic(10, 0.05),
      traffic(20, 0.25),
      back(30, 'harmful'),
      traffic(31, 0),
      traffic(35, 0),
    ];
    expect(courseOf(history('a', events))).toEqual({
      movedAt: 10,
      promotedAt: null,
      failure: { fromAt: 10, backAt: 35 },
    });
  });

  test.each<RollbackCause>(['superseded', 'freeze', 'approval-timeout'])(
    'that went back by %s did not fail — nobody said that the change is bad',
    (cause) => {
      expect(courseOf(history('a', [traffic(1, 0.5), back(2, cause), traffic(3, 0)])).failure).toBeNull();
    },
  );

  test('that failed before any traffic is no change failure — no user met it', () => {
    expect(courseOf(history('a', [back(2, 'stage-failed')])).failure).toBeNull();
  });

  test('that a person took back after its promotion failed from the promotion on', () => {
    const events = [traffic(1, 0.5), promoted(5)];
    expect(courseOf(history('a', events, { takenBackAt: 9 })).failure).toEqual({ fromAt: 5, backAt: 9 });
    expect(courseOf(history('a', [traffic(1, 0.5)], { takenBackAt: 9 })).failure).toEqual({
      fromAt: 1,
      backAt: 9,
    });
  });
});

test('four figures of three releases, counted by hand', () => {
  const histories = [
    history('good', [traffic(2 * HOUR, 0.1), promoted(3 * HOUR)], { committedAt: HOUR, storedAt: HOUR + 1 }),
    history('bad', [
      traffic(10 * HOUR, 0.1),
      back(10 * HOUR + 60_000, 'harmful'),
      traffic(10 * HOUR + 120_000, 0),
    ]),
    history('late', [traffic(20 * HOUR, 0.1), promoted(24 * HOUR)], { storedAt: 20 * HOUR }),
  ];
  const figures = figuresOf(histories, STRETCH);
  expect(figures).toEqual({
    deployments: { count: 2, perDay: 2 / 30 },
    leadTime: { count: 2, fromCommit: 1, medianMs: 3 * HOUR },
    changeFailures: { moved: 3, failed: 1, share: 1 / 3 },
    restore: { count: 1, open: 0, medianMs: 120_000 },
  });
  expect(figureLines(figures, 30).map(({ name, value, basis }) => `${name}: ${value} (${basis})`)).toEqual([
    'Deployments: 2 a month (2 promoted in 30 days)',
    'Lead time: 3 h (median from commit to promotion, of 2; 1 counted from the push)',
    'Change failures: 33.3 % (1 of 3 that got traffic)',
    'Time to restore: 2 min (median of 1)',
  ]);
});

test('a fix that goes out ends a failure that is still there, and one that nothing ended is said to be open', () => {
  const bad = history('bad', [traffic(100, 0.5), back(200, 'harmful')]);
  const fix = history('fix', [traffic(300, 0.5), promoted(500)]);
  expect(figuresOf([bad], STRETCH).restore).toEqual({ count: 0, open: 1, medianMs: null });
  expect(figuresOf([fix, bad], STRETCH).restore).toEqual({ count: 1, open: 0, medianMs: 400 });
});

test('nothing is told of nothing', () => {
  expect(figuresOf([], STRETCH)).toMatchObject({
    leadTime: { medianMs: null },
    changeFailures: { share: null },
  });
  expect(figureLines(figuresOf([], STRETCH), 30).map(({ value }) => value)).toEqual(
    Array(4).fill('none yet'),
  );
});

describe('for whatever happened', () => {
  const at = fc.integer({ min: 0, max: 1_000 });
  const event = fc.oneof(
    fc.record({ type: fc.constant('traffic' as const), at, weight: fc.constantFrom(0, 0.05, 0.5) }),
    fc.record({ type: fc.constant('promoted' as const), at }),
    fc.record({
      type: fc.constant('rollback-started' as const),
      at,
      cause: fc.constantFrom<RollbackCause>('harmful', 'superseded', 'person'),
    }),
  );
  const some = fc
    .array(
      fc.record({
        events: fc.array(event, { maxLength: 6 }).map((list) => list.toSorted((a, b) => a.at - b.at)),
        storedAt: at,
        committedAt: fc.option(at),
        takenBackAt: fc.option(at),
      }),
      { maxLength: 12 },
    )
    .map((list) => list.map((one, index): ReleaseHistory => ({ id: String(index), ...one })));

  test('shares are shares, spans are not negative, and failures have had traffic', () => {
    fc.assert(
      fc.property(some, (histories) => {
        const { leadTime, changeFailures, restore } = figuresOf(histories, { from: 0, until: 1_001 });
        expect(changeFailures.failed).toBeLessThanOrEqual(changeFailures.moved);
        expect(restore.count + restore.open).toBe(changeFailures.failed);
        for (const span of [leadTime.medianMs, restore.medianMs]) expect(span ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('the order in which releases are read and the hour at which the clock began change nothing', () => {
    fc.assert(
      fc.property(some, fc.integer({ min: 1, max: 1e12 }), (histories, by) => {
        const stretch = { from: 0, until: 1_001 };
        const later = histories.map((one) => ({
          ...one,
          storedAt: one.storedAt + by,
          committedAt: one.committedAt === null ? null : one.committedAt + by,
          takenBackAt: one.takenBackAt === null ? null : one.takenBackAt + by,
          events: one.events.map((e) => ({ ...e, at: e.at + by })),
        }));
        const figures = figuresOf(histories, stretch);
        expect(figuresOf(histories.toReversed(), stretch)).toEqual(figures);
        expect(figuresOf(later, { from: by, until: 1_001 + by })).toEqual(figures);
      }),
    );
  });

  test('two halves of a stretch count what the whole counts, each release once', () => {
    fc.assert(
      fc.property(some, fc.integer({ min: 1, max: 1_000 }), (histories, middle) => {
        const whole = figuresOf(histories, { from: 0, until: 1_001 });
        const halves = [
          { from: 0, until: middle },
          { from: middle, until: 1_001 },
        ].map((part) => figuresOf(histories, part));
        const sum = (read: (figures: typeof whole) => number) =>
          halves.reduce((total, half) => total + read(half), 0);
        expect(sum((f) => f.deployments.count)).toBe(whole.deployments.count);
        expect(sum((f) => f.changeFailures.failed)).toBe(whole.changeFailures.failed);
        expect(sum((f) => f.changeFailures.moved)).toBe(whole.changeFailures.moved);
      }),
    );
  });

  test('the median lies between the least and the most', () => {
    fc.assert(
      fc.property(fc.array(at, { minLength: 1 }), (values) => {
        const middle = median(values) ?? -1;
        expect(middle).toBeGreaterThanOrEqual(Math.min(...values));
        expect(middle).toBeLessThanOrEqual(Math.max(...values));
        expect(values.filter((v) => v < middle).length).toBeLessThanOrEqual(values.length / 2);
        expect(values.filter((v) => v > middle).length).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });
});
