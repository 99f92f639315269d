import { describe, expect, test } from 'vitest';
import { drawVersion, type Split } from './split.ts';

/** A small generator with a fixed seed (mulberry32): statistics that never flake. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function weighted(weight: number): Split {
  return { versionId: '1', additional: { versionId: '2', weight } };
}

describe('drawVersion', () => {
  test.each([0.01, 0.05, 0.3, 0.5, 0.99])(
    'a weight of %d is met in the long run — within 4 standard errors',
    (weight) => {
      const draws = 200_000;
      const random = seeded(7);
      let canary = 0;
      for (let index = 0; index < draws; index += 1)
        if (drawVersion(weighted(weight), random) === '2') canary += 1;
      const error = Math.sqrt((weight * (1 - weight)) / draws);
      expect(Math.abs(canary / draws - weight)).toBeLessThan(4 * error);
    },
  );

  test('draws are independent — a call says nothing about the next', () => {
    const random = seeded(11);
    const draws = Array.from({ length: 100_000 }, () => drawVersion(weighted(0.3), random) === '2');
    const after = draws.filter((_, index) => draws[index - 1]);
    expect(after.filter(Boolean).length / after.length).toBeCloseTo(0.3, 1);
  });

  test('both ends are exact — 0 never, 1 always, whatever is drawn', () => {
    for (const drawn of [0, 0.5, 1 - 2 ** -53]) {
      expect(drawVersion(weighted(0), () => drawn)).toBe('1');
      expect(drawVersion(weighted(1), () => drawn)).toBe('2');
    }
  });

  test('without a further version nothing is drawn', () => {
    const never = (): number => {
      throw new Error('drawn');
    };
    expect(drawVersion({ versionId: '1', additional: null }, never)).toBe('1');
  });
});
