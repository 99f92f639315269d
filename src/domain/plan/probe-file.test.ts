import { describe, expect, test } from 'vitest';
import { PRODUCTION } from '../../../test/support/production.ts';
import { findingText } from '../finding.ts';
import { parsePlan } from './parse.ts';
import { isProbed } from './probe-file.ts';

function parsed(section: string) {
  return parsePlan({
    text: `version: 1\nenvironments:\n  production:\n${section.replaceAll(/^/gm, '    ')}\n`,
    file: 'sluice.yml',
    environment: PRODUCTION,
  });
}

function probes(section: string) {
  const result = parsed(section);
  if ('findings' in result) throw new Error(result.findings.map(findingText).join('\n'));
  return result.plan.steps.map(({ probe }) => probe);
}

const DEFAULTS = { everyMs: 1_000, only: 'quiet', event: '{}', functions: null };

describe('probes of a plan', () => {
  test('are off unless asked for — a probe runs the function, whatever that does', () => {
    const result = parsed('steps: [{weight: 5%, hold: 1m}]');
    expect(result).toMatchObject({ plan: { steps: [{ weight: 0.05 }] } });
    expect(probes('steps: [{weight: 5%, hold: 1m}]')).toEqual([undefined]);
    expect('plan' in result && result.plan.analysis).not.toHaveProperty('probe');
  });

  test('stand for every step, those of a preset and the default ones too', () => {
    expect(probes('probe: {}')).toEqual([DEFAULTS, DEFAULTS, DEFAULTS]);
    expect(probes('preset: fast\nprobe: {every: 500ms, only: always}')).toEqual([
      { ...DEFAULTS, everyMs: 500, only: 'always' },
      { ...DEFAULTS, everyMs: 500, only: 'always' },
    ]);
  });

  test('a step may have none, or change what it names', () => {
    const steps = `probe: {every: 2s, event: '{"a":1}'}
steps:
  - {weight: 5%, hold: 1m}
  - {weight: 10%, hold: 1m, probe: {every: 200ms, functions: [pay, {name: shop/report, event: now}]}}
  - {weight: 50%, hold: 1m, probe: off}`;
    const event = '{"a":1}';
    expect(probes(steps)).toEqual([
      { ...DEFAULTS, everyMs: 2_000, event },
      {
        ...DEFAULTS,
        everyMs: 200,
        event,
        functions: [
          { name: 'pay', event: null },
          { name: 'shop/report', event: 'now' },
        ],
      },
      undefined,
    ]);
    expect(probes('probe: off\nsteps: [{weight: 5%, hold: 1m, probe: {}}]')).toEqual([DEFAULTS]);
  });

  test('bring a metric of their own, with the numbers for failures', () => {
    const result = parsed('probe: {}\nanalysis: {errors: {ratio: 3}}');
    expect(result).toMatchObject({ plan: { analysis: { probe: { rho: 3, alpha: 0.01 } } } });
  });

  test('what is wrong is told with what is allowed', () => {
    const wrong = (section: string) => {
      const result = parsed(section);
      return 'findings' in result ? result.findings.map(({ message }) => message) : [];
    };
    expect(wrong('probe: {every: 10ms}')[0]).toContain('from 100ms to 10m');
    expect(wrong('probe: {event: {a: 1}}')[0]).toContain('allowed: an event as text, in quotes');
    expect(wrong('probe: {evry: 1s}')[0]).toContain('did you mean every?');
    expect(wrong('probe: sometimes')[0]).toContain('a map of every, only, event and functions, or off');
  });
});

test('a name means a function of any service, or of the one before the slash', () => {
  expect(isProbed('pay', 'shop', 'pay')).toBe(true);
  expect(isProbed('shop/pay', 'shop', 'pay')).toBe(true);
  expect(isProbed('cart/pay', 'shop', 'pay')).toBe(false);
});
