/** docs/scenarios.md against the tests: every scenario is there once, and every file and title that it names. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const DOC = readFileSync(join(ROOT, 'docs', 'scenarios.md'), 'utf8');

interface Row {
  readonly number: number;
  /** As written: a link to a file, and a title. */
  readonly tests: readonly string[];
}

const ROWS: readonly Row[] = DOC.split('\n').flatMap((line) => {
  const [, number = '', , tests = ''] = line.split('|');
  return /^\s*\d+\s*$/.test(number) ? [{ number: Number(number), tests: tests.trim().split('<br>') }] : [];
});

test('the 34 scenarios are there, in their order', () => {
  expect(ROWS.map(({ number }) => number)).toEqual(Array.from({ length: 34 }, (_, i) => i + 1));
});

test.each(ROWS)('scenario $number: the tests that are named are there', ({ tests }) => {
  for (const text of tests) {
    const [, file = '', title = ''] = /^\[[^\]]+\]\(\.\.\/([^)]+)\): (.+)$/.exec(text) ?? [];
    expect(existsSync(join(ROOT, file)) && file !== '', `the file of “${text}”`).toBe(true);
    expect(titlesOf(file), file).toContain(title);
  }
});

/** Titles of tests, and of groups whose tests are a table. */
function titlesOf(file: string): string[] {
  const source = readFileSync(join(ROOT, file), 'utf8');
  return [...source.matchAll(/\b(?:test|describe)(?:\.\w+)*\(\s*(['`])((?:\\.|(?!\1).)*)\1/g)].map(
    ([, , title = '']) => title,
  );
}
