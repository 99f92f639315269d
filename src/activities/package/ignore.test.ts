import { expect, test } from 'vitest';
import { ignoring } from './ignore.ts';

test('patterns without a slash fit at any depth, with one only from the root', () => {
  const out = ignoring(['*.log', '/build', 'docs/*.md']);
  expect(out('a.log', false)).toBe(true);
  expect(out('x/y/a.log', false)).toBe(true);
  expect(out('build', true)).toBe(true);
  expect(out('x/build', true)).toBe(false);
  expect(out('docs/a.md', false)).toBe(true);
  expect(out('docs/x/a.md', false)).toBe(false);
});

test('a trailing slash means folders only, ** any depth, and the last fitting pattern decides', () => {
  const out = ignoring(['tmp/', 'a/**', '**/cache', '*.txt', '!keep.txt', '# note', '']);
  expect(out('tmp', true)).toBe(true);
  expect(out('tmp', false)).toBe(false);
  expect(out('a/b/c', false)).toBe(true);
  expect(out('x/y/cache', true)).toBe(true);
  expect(out('x.txt', false)).toBe(true);
  expect(out('keep.txt', false)).toBe(false);
});

test('dots and brackets are plain characters — a pattern is no regular expression', () => {
  const out = ignoring(['a.js', 'x(1)']);
  expect(out('abjs', false)).toBe(false);
  expect(out('x(1)', false)).toBe(true);
});
