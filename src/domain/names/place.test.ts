import { expect, test } from 'vitest';
import { placeOf, regionIn, serviceIn } from './place.ts';

test('a place in the home region is the service’s own name — what was released without regions is the same place', () => {
  expect(placeOf('shop', 'cn-local', 'cn-local')).toBe('shop');
  expect(regionIn('shop')).toBeNull();
  expect(serviceIn('shop')).toBe('shop');
});

test('a place elsewhere names its region', () => {
  const place = placeOf('shop', 'cn-shanghai', 'cn-local');
  expect(place).toBe('cn-shanghai/shop');
  expect(regionIn(place)).toBe('cn-shanghai');
  expect(serviceIn(place)).toBe('shop');
});
