import { expect, test } from 'vitest';
import { covers, notPassed, type Pass } from './place.ts';

const SHOP = { project: 'shop', environment: 'production' };
const FREEZES = [{ id: 'A' }, { id: 'B' }];
const pass = (more: Partial<Pass> = {}): Pass => ({ ...SHOP, freezeId: 'A', releaseId: null, ...more });

test.each([
  [null, null, true],
  ['shop', null, true],
  [null, 'production', true],
  ['shop', 'production', true],
  ['shop', 'staging', false],
  ['other', null, false],
])('what stands at %s.%s concerns shop.production: %s', (project, environment, expected) => {
  expect(covers({ project, environment }, SHOP)).toBe(expected);
});

test('a pass opens its own freeze, to its own release or to all of its environment', () => {
  const left = (passes: readonly Pass[], releaseId: string | null) =>
    notPassed(FREEZES, passes, { ...SHOP, releaseId }).map(({ id }) => id);
  expect(left([], 'R')).toEqual(['A', 'B']);
  expect(left([pass()], 'R')).toEqual(['B']);
  expect(left([pass({ releaseId: 'R' })], 'R')).toEqual(['B']);
  expect(left([pass({ releaseId: 'other' })], 'R')).toEqual(['A', 'B']);
  expect(left([pass({ environment: 'staging' }), pass({ project: 'other' })], 'R')).toEqual(['A', 'B']);
  // Not every release may pass what one of them may.
  expect(left([pass({ releaseId: 'R' })], null)).toEqual(['A', 'B']);
});
