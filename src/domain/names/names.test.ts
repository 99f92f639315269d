import { describe, expect, test } from 'vitest';
import {
  isAliasName,
  isDomainName,
  isEnvironmentVariableName,
  isFunctionName,
  isLayerName,
  isQualifier,
  isRoleArn,
  isServiceName,
  isVersionId,
} from './fc.ts';
import { nearest } from './nearest.ts';
import { isSupportedRuntime, RUNTIMES } from './runtimes.ts';
import { SLUG } from './sluice.ts';

describe('names of Function Compute', () => {
  test.each(['a', '_', 'Shop-1_b', `a${'b'.repeat(127)}`])('%s names a service and a function', (name) => {
    expect(isServiceName(name)).toBe(true);
    expect(isFunctionName(name)).toBe(true);
  });

  test.each(['', '1a', '-a', 'a b', 'a.b', 'ä', `a${'b'.repeat(128)}`, 'a\n'])('%j names nothing', (name) => {
    expect(isServiceName(name)).toBe(false);
    expect(isFunctionName(name)).toBe(false);
    expect(isAliasName(name)).toBe(false);
  });

  test('LATEST is a qualifier but no alias — it always means the version that can change', () => {
    expect(isAliasName('LATEST')).toBe(false);
    expect(isQualifier('LATEST')).toBe(true);
    expect(isAliasName('latest')).toBe(true);
  });

  test('version ids are decimal numbers from 1', () => {
    expect(['1', '10', '987'].every(isVersionId)).toBe(true);
    expect(['0', '01', '', '1.0', '-1', 'v1'].some(isVersionId)).toBe(false);
  });

  test('layers have shorter names; domains are lower-case host names; variables begin with a letter', () => {
    expect(isLayerName('a'.repeat(64))).toBe(true);
    expect(isLayerName('a'.repeat(65))).toBe(false);
    expect(isDomainName('shop.example.com')).toBe(true);
    expect(['Shop.example', '-a.b', 'a..b', `${'a'.repeat(64)}.b`].some(isDomainName)).toBe(false);
    expect(isEnvironmentVariableName('A_1')).toBe(true);
    expect(isEnvironmentVariableName('_A')).toBe(false);
  });

  test('a role is named by its ARN', () => {
    expect(isRoleArn('acs:ram::123456:role/fc-logs')).toBe(true);
    expect(isRoleArn('fc-logs')).toBe(false);
  });

  test('every supported runtime is an FC runtime', () => {
    expect(RUNTIMES.filter(isSupportedRuntime)).toContain('nodejs20');
    expect(isSupportedRuntime('custom-container')).toBe(true);
    expect(['go1', 'dotnetcore3.1', 'cobol'].filter(isSupportedRuntime)).toEqual([]);
  });
});

test('projects and environments fit in URLs and workflow ids', () => {
  expect(SLUG.test('shop-2')).toBe(true);
  expect(['', 'Shop', '-a', 'a-', 'a.b', 'a/b', 'a'.repeat(64)].some((name) => SLUG.test(name))).toBe(false);
  expect(SLUG.test('production')).toBe(true);
});

describe('nearest', () => {
  test.each([
    ['weigth', 'weight'],
    ['aproval', 'approval'],
    ['memorysize', 'memorySize'],
    ['hold_', 'hold'],
  ])('%s was meant as %s', (typed, meant) => {
    expect(nearest(typed, ['hold', 'weight', 'approval', 'memorySize'])).toBe(meant);
  });

  test('what is near to nothing gets no suggestion — a wrong one misleads', () => {
    expect(nearest('colour', ['hold', 'weight', 'approval'])).toBeNull();
    expect(nearest('x'.repeat(10_000), ['hold'])).toBeNull();
  });
});
