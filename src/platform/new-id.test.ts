import { decodeTime, isValid } from 'ulid';
import { expect, test } from 'vitest';
import { newId } from './new-id.ts';

test('ids are ULIDs of now, and no two are equal', () => {
  const before = Date.now();
  const ids = Array.from({ length: 10_000 }, newId);
  expect(ids.filter((id) => !isValid(id))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
  const times = ids.map((id) => decodeTime(id));
  expect(Math.min(...times)).toBeGreaterThanOrEqual(before);
  expect(Math.max(...times)).toBeLessThanOrEqual(Date.now());
});

test('each random character comes about as often as any other', () => {
  const counts = new Map<string, number>();
  for (const id of Array.from({ length: 10_000 }, newId))
    for (const character of id.slice(10)) counts.set(character, (counts.get(character) ?? 0) + 1);
  expect(counts.size).toBe(32);
  // 5,000 of each; five standard deviations.
  expect([...counts.values()].filter((count) => Math.abs(count - 5_000) > 350)).toEqual([]);
});
