import { expect, test } from 'vitest';
import { PRODUCTION } from '../../../test/support/production.ts';
import { findingText } from '../finding.ts';
import { parsePlan } from './parse.ts';
import { DEFAULT_JUDGE_SETTINGS } from '../analysis/settings.ts';
import { analysisAt } from './step-analysis.ts';
import { planLines } from './words.ts';

function parse(step: string, analysis = '{}') {
  const text = `version: 1\nenvironments:\n  production:\n    steps:\n      - {weight: 5%, hold: 1m, analysis: ${step}}\n    analysis: ${analysis}\n`;
  return parsePlan({ text, file: 'sluice.yml', environment: PRODUCTION });
}

test('a step is judged by its own bounds, and by the plan’s where it says nothing', () => {
  const parsed = parse(
    '{errors: {ratio: 3}, latency: {floor: 10%}, absolute: {errors: 20%}}',
    '{latency: {ratio: 4}, errors: {floor: 2%}}',
  );
  if (!('plan' in parsed)) throw new Error('this is a plan');
  const { analysis, steps } = parsed.plan;
  const own = analysisAt(analysis, steps[0]?.analysis);
  expect(own.errors).toEqual({ ...analysis.errors, rho: 3, floor: 0.02 });
  expect(own.latency).toMatchObject({ rho: 4, floor: 0.1 });
  expect(own.absolute).toEqual({ errors: 0.2 });
  expect(own.errors.alpha).toBe(analysis.errors.alpha);
  expect(analysisAt(analysis, null)).toBe(analysis);
  expect(planLines(parsed.plan)).toContain(
    'step 1: 5 % for 1m; judged by odds of 3 for failures, 10 % more slow requests, a person is asked at 20 % failures',
  );
});

test('a step does not judge latency that the plan leaves alone — its thresholds are taken before the first step', () => {
  for (const analysis of ['{}', '{latency: off}']) {
    const parsed = parse('{latency: {ratio: 3}}', analysis);
    expect('findings' in parsed ? parsed.findings.map(findingText) : []).toEqual([
      'sluice.yml:5:52: environments.production.steps[0].analysis.latency: found bounds of latency, which the plan does not judge; allowed: beside analysis.latency of the environment',
    ]);
  }
});

test('the budget belongs to the release — a step cannot have one of its own', () => {
  const parsed = parse('{falseRollback: 5%}');
  expect('findings' in parsed ? parsed.findings.map(findingText) : []).toEqual([
    'sluice.yml:5:43: environments.production.steps[0].analysis.falseRollback: the key falseRollback is unknown; allowed: errors, latency, absolute',
  ]);
});

test('probes follow the failures of a step — they are judged by the same numbers', () => {
  const errors = DEFAULT_JUDGE_SETTINGS;
  const analysis = { intervalMs: 5_000, errors, latency: null, probe: errors };
  expect(analysisAt(analysis, { errors: { rho: 3 } }).probe).toEqual({ ...errors, rho: 3 });
  expect(analysisAt({ ...analysis, probe: null }, { errors: { rho: 3 } }).probe).toBeNull();
});
