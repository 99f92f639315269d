import { expect, test } from 'vitest';
import type { Look } from '../../domain/analysis/look.ts';
import { nextTold, type Told } from './telling.ts';

function look(number: number, verdict: Look['verdict'] = 'undecided', step: number | null = 0): Look {
  return { number, verdict, step, cause: verdict === 'undecided' ? 'too-few' : null } as Look;
}

function toldOf(looks: readonly Look[]): number[] {
  const numbers: number[] = [];
  let told: Told | null = null;
  for (const one of looks) {
    const next = nextTold(told, one);
    if (next !== told) numbers.push(one.number);
    told = next;
  }
  return numbers;
}

test('the first look and every change of the verdict are told', () => {
  expect(toldOf([look(1), look(2), look(3, 'healthy'), look(4, 'undecided')])).toEqual([1, 3, 4]);
});

test('the first look of each step is told — evidence of an earlier step is none about this one', () => {
  const looks = [look(1), look(2), look(3, 'undecided', 1), look(4, 'undecided', 1)];
  expect(toldOf(looks)).toEqual([1, 3]);
});

test('a shared outage is told when it begins, however short its time — and as rarely as a long wait', () => {
  const before = nextTold(nextTold(null, look(1)), look(200));
  const begun = nextTold(before, look(201), true);
  expect(begun).toMatchObject({ number: 201, shared: 201 });
  expect(nextTold(begun, look(202), false)).toBe(begun);
  expect(nextTold(begun, look(203), true)).toBe(begun);
  expect(nextTold(begun, look(222), true)).toMatchObject({ number: 222, shared: 222 });
});

test('a long wait costs few events — a day of looks every 5 s stays below 100', () => {
  const day = Array.from({ length: 17_280 }, (_, index) => look(index + 1));
  const told = toldOf(day);
  expect(told.slice(0, 4)).toEqual([1, 4, 7, 10]);
  expect(told.length).toBeLessThan(100);
});
