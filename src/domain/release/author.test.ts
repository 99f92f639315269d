import { expect, test } from 'vitest';
import { isAuthor } from './author.ts';

test('an author is known by name, mail and the part before the @ — tokens are named by any of them', () => {
  for (const name of ['Ann Lee', 'ann@shop.example', 'ann', ' ANN '])
    expect(isAuthor(name, 'Ann Lee <ann@shop.example>')).toBe(true);
  expect(isAuthor('ann', 'ann')).toBe(true);
});

test('nobody else is the author, nor is an empty name', () => {
  expect(isAuthor('bob', 'Ann Lee <ann@shop.example>')).toBe(false);
  expect(isAuthor('', ' <>')).toBe(false);
});
