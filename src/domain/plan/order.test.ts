import { describe, expect, test } from 'vitest';
import { circleIn, orderOf } from './order.ts';

describe('order of dependence', () => {
  test('is the manifest’s where nothing depends', () => {
    expect(orderOf(['web', 'prices', 'admin'], {})).toEqual(['web', 'prices', 'admin']);
  });

  test('puts what is needed first, over any distance, and leaves the rest where it was', () => {
    const needs = { web: ['prices', 'cart'], cart: ['stock'] };
    expect(orderOf(['admin', 'web', 'stock', 'prices', 'cart'], needs)).toEqual([
      'admin',
      'prices',
      'stock',
      'cart',
      'web',
    ]);
  });

  test('leaves out names that the release does not have — an unchanged service is not moved', () => {
    expect(orderOf(['web'], { web: ['prices'] })).toEqual(['web']);
    expect(orderOf(['constructor', 'web'], { web: ['constructor'] })).toEqual(['constructor', 'web']);
  });

  test('has no circles', () => {
    expect(circleIn({ a: ['b'], b: ['c'], c: ['d'] })).toBeNull();
    expect(circleIn({ x: ['a'], a: ['b'], b: ['c'], c: ['a'] })).toEqual(['a', 'b', 'c', 'a']);
    expect(circleIn({ a: ['a'] })).toEqual(['a', 'a']);
  });
});
