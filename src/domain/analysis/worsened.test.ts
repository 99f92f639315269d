import { expect, test } from 'vitest';
import { bothWorsened } from './worsened.ts';

const counts = (requests: number, failures: number) => ({ requests, failures });

test('a shared outage is named as such, with stable’s rate now and before', () => {
  expect(bothWorsened({ canary: counts(10, 3), stable: counts(100, 20) }, counts(1_100, 30))).toBe(
    "both versions fail more than before (stable 20 % in the last minute, 1 % until then), so it is not the canary's fault",
  );
});

test.each([
  ['the canary alone fails', counts(10, 3), counts(100, 1), counts(1_100, 11)],
  ['stable alone fails', counts(10, 0), counts(100, 20), counts(1_100, 30)],
  ['stable failed as much before', counts(10, 2), counts(100, 20), counts(1_100, 220)],
  ['too few requests now', counts(2, 2), counts(100, 20), counts(1_100, 30)],
  ['nothing is known of before', counts(10, 3), counts(100, 20), counts(150, 21)],
])('nothing is said when %s', (_, canary, stable, stableTotal) => {
  expect(bothWorsened({ canary, stable }, stableTotal)).toBeNull();
});
