import { expect, test } from 'vitest';
import { PRODUCTION } from '../../../test/support/production.ts';
import { findingText } from '../finding.ts';
import { parsePlan } from './parse.ts';

function parse(notifications: string) {
  const text = `version: 1\nenvironments:\n  production:\n    notifications: ${notifications}\n`;
  return parsePlan({ text, file: 'sluice.yml', environment: PRODUCTION });
}

test('a commit chooses which events are told, also none', () => {
  expect(parse('{events: [promoted, failed]}')).toMatchObject({
    plan: { notifications: { events: ['promoted', 'failed'] } },
  });
  expect(parse('{events: []}')).toMatchObject({ plan: { notifications: { events: [] } } });
});

test('but never where to, and no event that there is not — the place is told', () => {
  for (const [text, said] of [
    ['{events: [], url: "https://x.example/"}', 'url'],
    ['{events: [promotd]}', 'promoted'],
  ] as const) {
    const parsed = parse(text);
    const told = 'findings' in parsed ? parsed.findings.map(findingText).join('\n') : '';
    expect(told).toContain('sluice.yml:4');
    expect(told).toContain(said);
  }
});
