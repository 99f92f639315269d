import { describe, expect, test } from 'vitest';
import { PRODUCTION } from '../../../test/support/production.ts';
import { findingText } from '../finding.ts';
import { hookKey, hooksAt, hookWords } from './hook.ts';
import { stepsOfWaves } from './waves.ts';
import { parsePlan, type ParsedPlan } from './parse.ts';
import { planLines } from './words.ts';

function parse(section: string): ParsedPlan {
  const text = `version: 1\nenvironments:\n  production:\n${section.replaceAll(/^/gm, '    ')}\n`;
  return parsePlan({ text, file: 'sluice.yml', environment: PRODUCTION });
}

function planOf(section: string) {
  const parsed = parse(section);
  if (!('plan' in parsed)) throw new Error(parsed.findings.map(findingText).join('\n'));
  return parsed;
}

function errorsOf(section: string): string[] {
  const parsed = parse(section);
  return 'findings' in parsed ? parsed.findings.map(findingText) : [];
}

const WHOLE = `hooks:
  before: [{name: migrate, run: node migrate.js, timeout: 2m}]
  after: [{name: warm, invoke: {function: greet, event: '{"n": 1}'}, onFailure: continue}]
steps:
  - weight: 5%
    hold: 1m
    hooks: {before: [{name: tell, run: ./tell}], after: [{name: check, run: ./check, onFailure: ask}]}
  - {weight: 50%, hold: 1m}`;

describe('hooks', () => {
  test('stand in the plan with every default filled in, and in its words in their order', () => {
    const { plan } = planOf(WHOLE);
    expect(hooksAt(plan, { step: null, when: 'before' })).toEqual([
      {
        name: 'migrate',
        action: { kind: 'run', run: 'node migrate.js' },
        timeoutMs: 120_000,
        onFailure: 'roll-back',
      },
    ]);
    expect(hooksAt(plan, { step: null, when: 'after' })).toEqual([
      {
        name: 'warm',
        action: { kind: 'invoke', service: null, function: 'greet', event: '{"n": 1}' },
        timeoutMs: 300_000,
        onFailure: 'continue',
      },
    ]);
    expect(hooksAt(plan, { step: 1, when: 'after' })).toEqual([]);
    expect(planLines(plan).filter((line) => /^(hook|step|promotion)/.test(line))).toEqual([
      'hook before any traffic: migrate (node migrate.js), within 2m (fails: rolled back)',
      'hook before step 1: tell (./tell), within 5m (fails: rolled back)',
      'step 1: 5 % for 1m',
      'hook after step 1: check (./check), within 5m (fails: a person decides)',
      'step 2: 50 % for 1m',
      'promotion: 100 % behind PROD, watched for 10m more',
      'hook after the promotion: warm (calls greet by its new version), within 5m (fails: goes on)',
    ]);
  });

  test('a plan without any has none — plans of before had no such member', () => {
    expect(planOf('preset: fast').plan).not.toHaveProperty('hooks');
    expect(hooksAt({ steps: [] }, { step: 3, when: 'before' })).toEqual([]);
  });

  test('do one thing each, by a name that is there once', () => {
    expect(
      errorsOf(`hooks:
  before:
    - {name: a}
    - {name: b, run: x, invoke: {function: f}}
    - {name: a, run: x}`),
    ).toEqual([
      'sluice.yml:6:11: environments.production.hooks.before[0]: found neither; allowed: either run (a command) or invoke (a function)',
      'sluice.yml:7:11: environments.production.hooks.before[1]: found both; allowed: either run (a command) or invoke (a function)',
      'sluice.yml:8:18: environments.production.hooks.before[2].name: the hook a is there twice; give it another name',
    ]);
    expect(errorsOf('hooks: {before: [{name: a, run: x, timeout: 2h, onFailure: stop}]}')).toEqual([
      'sluice.yml:4:49: environments.production.hooks.before[0].timeout: found "2h"; allowed: a duration such as 500ms, 90s, 10m or 1h30m, from 1s to 1h',
      'sluice.yml:4:64: environments.production.hooks.before[0].onFailure: found "stop"; allowed: one of roll-back, ask, continue',
    ]);
  });

  test('call functions that the manifest has, and say which where several services do', () => {
    const { serviceFindings } = planOf(`hooks:
  before: [{name: a, invoke: {function: gone}}, {name: b, invoke: {function: greet}}]
steps:
  - {weight: 5%, hold: 1m, hooks: {after: [{name: c, invoke: {service: web, function: greet}}]}}`);
    const known = ['api', 'web'].map((name) => ({ name, functions: [{ name: 'greet' }] }));
    expect(serviceFindings(known).map(findingText)).toEqual([
      'sluice.yml:5:34: environments.production.hooks.before[0].invoke: found gone: nothing that the environment releases has such a function; allowed: api/greet, web/greet',
      'sluice.yml:5:71: environments.production.hooks.before[1].invoke: found greet: several services have it; name one of api, web as service',
    ]);
  });

  test('are told a key that is the same for each run of one hook and for no other', () => {
    const moment = { releaseId: '01R', attempt: 1, step: 1, when: 'after', index: 0, weight: 0.25 } as const;
    expect(hookKey(moment)).toBe('01R/step-2/after/1');
    expect(hookKey({ ...moment, step: null })).toBe('01R/release/after/1');
    expect(hookKey({ ...moment, attempt: 2 })).toBe('01R/try-2/step-2/after/1');
    expect(hookWords(moment, { steps: [] })).toEqual({
      release: '01R',
      step: '2',
      weight: '0.25',
      idempotencyKey: '01R/step-2/after/1',
      waveRegions: '',
    });
  });

  test('are told the regions of their step’s wave, or all of the release', () => {
    const moment = { releaseId: '01R', attempt: 1, step: 1, when: 'after', index: 0, weight: 0.25 } as const;
    const step = { weight: 0.25, holdMs: 0, approval: null };
    const waves = [
      { regions: ['home'], bakeMs: 0 },
      { regions: ['north', 'south'], bakeMs: 0 },
    ];
    const inWaves = { waves, steps: stepsOfWaves([step], waves) };
    expect(hookWords(moment, inWaves)['waveRegions']).toBe('north,south');
    expect(hookWords({ ...moment, step: null }, inWaves)['waveRegions']).toBe('home,north,south');
  });
});
