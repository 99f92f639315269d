import { expect, test } from 'vitest';
import { Addresses } from './addresses.ts';

test('in turn: a returned address is given again after all others', () => {
  const addresses = new Addresses(3);
  expect(addresses.take()).toBe('100.126.0.2');
  addresses.free('100.126.0.2');
  expect([addresses.take(), addresses.take(), addresses.take()]).toEqual([
    '100.126.0.3',
    '100.126.0.4',
    '100.126.0.2',
  ]);
  expect(() => addresses.take()).toThrow('all 3 addresses');
  addresses.free('100.126.0.4');
  expect(addresses.take()).toBe('100.126.0.4');
});
