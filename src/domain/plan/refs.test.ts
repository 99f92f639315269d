import { describe, expect, test } from 'vitest';
import { DEFAULT_PROTECTION } from './environment.ts';
import { releasesRef } from './refs.ts';

function takes(branches: string[], ref: string, tags: string[] = []): boolean {
  return releasesRef(
    { name: 'production', branches, tags, alias: 'PROD', protection: DEFAULT_PROTECTION },
    ref,
  );
}

describe('which refs an environment takes', () => {
  test.each([
    ['main', 'refs/heads/main', true],
    ['main', 'main', true],
    ['main', 'refs/heads/main2', false],
    ['main', 'refs/heads/Main', false],
    ['release/*', 'refs/heads/release/1', true],
    ['release/*', 'refs/heads/release/1/2', false],
    ['release/**', 'refs/heads/release/1/2', true],
    ['*', 'refs/heads/a/b', false],
    ['**', 'refs/heads/a/b', true],
    ['feature-*-x', 'refs/heads/feature-a-x', true],
    ['feature-*-x', 'refs/heads/feature-a-y', false],
    ['1.0', 'refs/heads/1x0', false],
    ['a*', 'refs/heads/a', true],
    ['', 'refs/heads/', true],
    ['', 'refs/heads/a', false],
  ])('%s · %s → %s', (pattern, ref, expected) => {
    expect(takes([pattern], ref)).toBe(expected);
  });

  test('tags have patterns of their own; other refs are never released', () => {
    expect(takes(['**'], 'refs/tags/v1')).toBe(false);
    expect(takes([], 'refs/tags/v1.2', ['v*'])).toBe(true);
    expect(takes(['**'], 'refs/pull/1/head', ['**'])).toBe(false);
  });

  test('a hostile pattern costs little', () => {
    const before = process.cpuUsage();
    expect(takes([`${'*a'.repeat(100)}b`], `refs/heads/${'a'.repeat(1_000)}`)).toBe(false);
    expect(process.cpuUsage(before).user).toBeLessThan(1_000_000);
  });
});
