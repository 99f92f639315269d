import { expect, test } from 'vitest';
import { findingText } from '../finding.ts';
import { parseAnalysis } from './parse-analysis.ts';

function parsed(text: string) {
  return parseAnalysis({ text, file: 'a.yml', environment: 'production' });
}

function wrong(text: string): string[] {
  const result = parsed(text);
  return 'findings' in result ? result.findings.map(findingText) : [];
}

test('a section alone, or that of the environment in a whole file, with every default filled in', () => {
  const alone = parsed('falseRollback: 0.1%\nerrors: {ratio: 2}\n');
  const whole = parsed(
    'version: 1\nenvironments:\n  production:\n    analysis: {falseRollback: 0.1%, errors: {ratio: 2}}\n',
  );
  expect(alone).toMatchObject({ analysis: { intervalMs: 5_000, errors: { alpha: 0.001, rho: 2 } } });
  expect(whole).toEqual(alone);
  expect(parsed('environments: {production: {bake: 1m}}')).toEqual(parsed('{}'));
});

test('errors say the place and what is allowed, as those of sluice.yml do', () => {
  expect(wrong('errors:\n  ratoi: 2\nfalseRollback: 90%\n')).toEqual([
    'a.yml:2:3: errors.ratoi: the key ratoi is unknown; did you mean ratio? Allowed: ratio, floor, margin',
    'a.yml:3:16: falseRollback: found "90%"; allowed: a share such as 5% or 0.05, more than 0 and at most 50%',
  ]);
  expect(wrong('metrics: [{name: queue, http: "http://q.example/{{version}}", looks: 2}]')[0]).toContain(
    'looks and counters exclude each other',
  );
  expect(wrong('[1, 2]')[0]).toContain('allowed: an analysis: a map of interval');
});

test('an environment that the file does not name is an error — defaults would pretend to be its settings', () => {
  expect(wrong('environments: {staging: {}}')).toEqual([
    'a.yml:1:15: environments.production: is missing; the release is of the environment production, and named are staging',
  ]);
});
