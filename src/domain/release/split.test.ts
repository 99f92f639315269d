import { describe, expect, test } from 'vitest';
import { alone, describeSplit, graySplit, percent, sameSplit } from './split.ts';

describe('graySplit', () => {
  test('keeps the stable version as the main one during a step — a rollback then only drops the additional one', () => {
    expect(graySplit('3', '4', 0.05)).toEqual({ main: '3', additional: { version: '4', weight: 0.05 } });
  });

  test('puts one version alone at the ends, and where there is no stable version', () => {
    expect(graySplit('3', '4', 1)).toEqual(alone('4'));
    expect(graySplit('3', '4', 0)).toEqual(alone('3'));
    expect(graySplit(null, '4', 0.05)).toEqual(alone('4'));
  });
});

describe('sameSplit', () => {
  test('takes a weight of 0 for no additional version — both send everything to the main one', () => {
    expect(sameSplit({ main: '3', additional: { version: '4', weight: 0 } }, alone('3'))).toBe(true);
  });

  test('sees another version, another weight and a lost weight', () => {
    const step = graySplit('3', '4', 0.25);
    expect(sameSplit(step, graySplit('3', '4', 0.25 + 1e-12))).toBe(true);
    expect(sameSplit(step, graySplit('3', '4', 0.8))).toBe(false);
    expect(sameSplit(step, graySplit('3', '5', 0.25))).toBe(false);
    expect(sameSplit(step, alone('3'))).toBe(false);
  });
});

test('splits and shares are said without trailing zeros', () => {
  expect(describeSplit(graySplit('3', '4', 0.05))).toBe('version 3, 5 % to version 4');
  expect(describeSplit(alone('3'))).toBe('version 3 alone');
  expect(percent(0.0025)).toBe('0.25 %');
});
