import { expect, test } from 'vitest';
import { PRODUCTION } from '../../../test/support/production.ts';
import { parsePlan } from './parse.ts';
import { planLines } from './words.ts';

function linesOf(text: string | null): string[] {
  const parsed = parsePlan({ text, file: 'sluice.yml', environment: PRODUCTION });
  if ('findings' in parsed) throw new Error(JSON.stringify(parsed.findings));
  return planLines(parsed.plan);
}

test('probes are named with each step that has them, and that they are counted apart', () => {
  const lines = linesOf(`version: 1
environments:
  production:
    steps:
      - {weight: 5%, hold: 10m, probe: {every: 2s, functions: [report]}}
      - {weight: 25%, hold: 10m, probe: {only: always}}
      - {weight: 50%, hold: 10m}
`);
  expect(lines.slice(0, 3)).toEqual([
    'step 1: 5 % for 10m, probing report every 2s where users are few',
    'step 2: 25 % for 10m, probing all functions every 1s',
    'step 3: 50 % for 10m',
  ]);
  expect(lines).toContain(
    "judge: probes of both versions are compared like requests, and never added to users' counts",
  );
});

test('a plan in words names stages, each step with its hold and approval, the promotion, and what is judged', () => {
  const lines = linesOf(`version: 1
stages:
  - {name: test, run: npm test}
environments:
  production:
    steps:
      - {weight: 5%, hold: 10m}
      - {weight: 50%, approval: {count: 2, role: admin, notAuthor: true, timeout: 24h}}
    analysis: {latency: {ratio: 2}, absolute: {errors: 20%}}
`);
  expect(lines).toEqual([
    'before the build: test (npm test)',
    'step 1: 5 % for 10m',
    'step 2: 50 %, then 2 people approve (admin or higher), not the author, within 1d (else: rolled back)',
    'without evidence a hold goes on for up to 30m, then a person is asked',
    'promotion: 100 % behind PROD, watched for 10m more',
    'judge: looks every 5s; a canary that is not worse is rolled back in at most 1 % of releases',
    'judge: failures count as harm beyond odds of 1.25 and 0.1 % more of the requests',
    'judge: slowness counts as harm beyond odds of 2 and 2 % more of the requests',
    'judge: a person is asked when either version fails 20 %',
  ]);
});

test('a plan says what becomes of it when something else comes: a push, a freeze, a version that is gone', () => {
  const lines = (more: string) =>
    linesOf(`version: 1\nenvironments:\n  production:\n    preset: fast\n${more}`);
  expect(lines('    supersede: replace\n    freeze: hold\n    stableGone: newest-older\n')).toEqual(
    expect.arrayContaining([
      'a newer push takes the place of those that wait, and of the running release',
      'a freeze that begins meanwhile: the release is held, unless the freeze takes it back',
      'a rollback goes to the newest version before the live one, if that was deleted',
    ]),
  );
  expect(lines('    supersede: queue\n    freeze: roll-back\n')).toEqual(
    expect.arrayContaining([
      'a newer push waits its turn',
      'a freeze that begins meanwhile: the release goes back',
    ]),
  );
  expect(lines('').join()).not.toMatch(/newer push|freeze|deleted/);
});

test('a plan without steps says so — all at once is a decision', () => {
  expect(linesOf('version: 1\nenvironments: {production: {preset: all-at-once}}\n')[0]).toBe(
    'no gray steps: PROD goes to the new version at once',
  );
});
