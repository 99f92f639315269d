import { describe, expect, test } from 'vitest';
import { PRODUCTION } from '../../../test/support/production.ts';
import { findingText } from '../finding.ts';
import { parsePlan } from './parse.ts';
import { placesOf } from './waves.ts';
import { planLines } from './words.ts';

const KNOWN = ['cn-local', 'cn-shanghai', 'cn-beijing'];

function parse(section: string, known: readonly string[] | undefined = KNOWN) {
  const text = `version: 1\nenvironments:\n  production:\n${section.replaceAll(/^/gm, '    ')}`;
  return parsePlan({
    text,
    file: 'sluice.yml',
    environment: PRODUCTION,
    ...(known && { regions: known }),
  });
}

function plan(section: string) {
  const parsed = parse(section);
  if ('findings' in parsed) throw new Error(parsed.findings.map(findingText).join('\n'));
  return parsed.plan;
}

function errors(section: string, known?: readonly string[]): string[] {
  const parsed = parse(section, known);
  return 'findings' in parsed ? parsed.findings.map(findingText) : [];
}

const TWO_WAVES = `regions:
  - {wave: [cn-local], bake: 30m}
  - {wave: [cn-shanghai, cn-beijing]}
steps:
  - {weight: 5%, hold: 10m}
  - {weight: 50%, hold: 10m, approval: {}}`;

describe('regions in waves', () => {
  test('the steps are there once for each wave, and numbered through — an approval names its step', () => {
    const { steps, waves } = plan(TWO_WAVES);
    expect(waves).toEqual([
      { regions: ['cn-local'], bakeMs: 1_800_000 },
      { regions: ['cn-shanghai', 'cn-beijing'], bakeMs: 0 },
    ]);
    expect(steps.map(({ wave, weight }) => [wave, weight])).toEqual([
      [0, 0.05],
      [0, 0.5],
      [1, 0.05],
      [1, 0.5],
    ]);
    expect(steps.map(({ approval }) => approval !== null)).toEqual([false, true, false, true]);
  });

  test('the chance of a false rollback stays that of the whole release — each wave has its part', () => {
    expect(plan(TWO_WAVES).analysis.errors.alpha).toBeCloseTo(0.005);
    expect(plan('regions: [{wave: [cn-local]}]').analysis.errors.alpha).toBeCloseTo(0.01);
  });

  test('are told in words, with what is between them', () => {
    expect(planLines(plan(TWO_WAVES))).toEqual([
      'wave 1 (cn-local)',
      'step 1: 5 % for 10m',
      'step 2: 50 % for 10m, then a release-manager approves, within 1d (else: rolled back)',
      'wave 2 (cn-shanghai and cn-beijing), 30m after 100 % in wave 1',
      'step 3: 5 % for 10m',
      'step 4: 50 % for 10m, then a release-manager approves, within 1d (else: rolled back)',
      'without evidence a hold goes on for up to 30m, then a person is asked',
      'harm in any wave takes back the regions of all that have begun',
      'promotion: 100 % behind PROD in every region, watched for 10m more',
      'judge: looks every 5s; a canary that is not worse is rolled back in at most 1 % of releases',
      'judge: failures count as harm beyond odds of 1.25 and 0.1 % more of the requests',
      'judge: latency is not judged',
    ]);
    expect(
      planLines(plan('preset: all-at-once\nregions: [{wave: [cn-shanghai]}, {wave: [cn-local]}]')),
    ).toEqual(expect.arrayContaining(['wave 1 (cn-shanghai)', 'wave 2 (cn-local)']));
  });

  test('are places in the order of the waves, and within one of the services', () => {
    const places = placesOf(plan(TWO_WAVES), ['prices', 'web'], 'cn-local');
    expect(places.map(({ wave, service }) => `${wave} ${service}`)).toEqual([
      '0 prices',
      '0 web',
      '1 cn-shanghai/prices',
      '1 cn-beijing/prices',
      '1 cn-shanghai/web',
      '1 cn-beijing/web',
    ]);
    expect(placesOf(plan('preset: fast'), ['web'], 'cn-local')).toEqual([]);
  });

  test('a plan that names none is as it was', () => {
    const { waves, steps } = plan('preset: fast');
    expect(waves).toBeUndefined();
    expect(steps.every((step) => !('wave' in step))).toBe(true);
  });
});

describe('what is wrong with regions is told with its place and what is allowed', () => {
  test.each([
    [
      'regions: [{wave: [cn-local]}, {wave: [cn-shangai]}]',
      'sluice.yml:4:43: environments.production.regions[1].wave[0]: found "cn-shangai", which this Sluice knows no endpoint of; did you mean cn-shanghai?; allowed: cn-local, cn-shanghai, cn-beijing (SLUICE_REGION and SLUICE_REGIONS)',
    ],
    [
      'regions: [{wave: [cn-local]}, {wave: [cn-beijing, cn-local]}]',
      'sluice.yml:4:55: environments.production.regions[1].wave[1]: the region cn-local is in wave 1 already; allowed: once',
    ],
    [
      'regions: [{wave: [cn-local]}, {wave: [cn-beijing], bake: 5m}]',
      'sluice.yml:4:62: environments.production.regions[1].bake: found a wait after the last wave; allowed: bake of the environment, beside regions',
    ],
    [
      'regions: []',
      'sluice.yml:4:14: environments.production.regions: found an empty list; allowed: one wave or more',
    ],
    [
      'regions: [{wave: []}]',
      'sluice.yml:4:22: environments.production.regions[0].wave: found an empty list; allowed: one region or more',
    ],
    [
      'regions: [{waves: [cn-local]}]',
      'sluice.yml:4:16: environments.production.regions[0].waves: the key waves is unknown; did you mean wave? Allowed: wave, bake',
    ],
  ])('%s', (section, text) => {
    expect(errors(section)).toContain(text);
  });

  test('which regions there are is not asked where nobody knows', () => {
    const parsed = parsePlan({
      text: 'version: 1\nenvironments: {production: {regions: [{wave: [eu-nowhere]}]}}',
      file: 'sluice.yml',
      environment: PRODUCTION,
    });
    expect(parsed).toHaveProperty('plan');
  });
});
