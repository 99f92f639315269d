import { expect, test } from 'vitest';
import { masker } from './mask.ts';

test('masks every occurrence, the longer secret first — one may begin with the other', () => {
  const mask = masker(['s3cret-value', 's3cret']);
  expect(mask('a s3cret-value, a s3cret, s3crets3cret')).toBe('a [secret], a [secret], [secret][secret]');
});

test('leaves short and empty values alone — they would blot out ordinary words', () => {
  expect(masker(['', 'a', 'on'])('one line on a page')).toBe('one line on a page');
});
