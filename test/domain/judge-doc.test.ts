/** docs/judge.md against the code: no setting is missing there, and every default is the real one. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PRODUCTION } from '../support/production.ts';
import { LOOK_CAUSES } from '../../src/domain/analysis/look.ts';
import { planJsonSchema } from '../../src/domain/plan/json-schema.ts';
import { parsePlan } from '../../src/domain/plan/parse.ts';
import { parseAnalysis } from '../../src/domain/plan/parse-analysis.ts';
import type { PlanAnalysis } from '../../src/domain/plan/plan.ts';

const DOC = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'judge.md'), 'utf8');

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
}

/** First cells of the rows of the table under a heading, with the second ones. */
function table(heading: string): Map<string, string> {
  const section = DOC.split(`## ${heading}`)[1]?.split('\n## ')[0] ?? '';
  const rows = [...section.matchAll(/^\| `([^`]+)` +\| ([^|]+)\|/gm)];
  return new Map(rows.map(([, key = '', value = '']) => [key, value.trim().replaceAll('`', '')]));
}

/** Every setting of an analysis, with its path below it; those of a metric are told elsewhere. */
function settings(schema: Schema | undefined, path: string): string[] {
  if (!schema || path === 'metrics') return [path];
  const shapes = [schema, ...(schema.anyOf ?? [])].flatMap(({ properties }) => properties ?? []);
  const below = shapes.flatMap((properties) =>
    Object.entries(properties).flatMap(([key, one]) => settings(one, path === '' ? key : `${path}.${key}`)),
  );
  const isChoice = shapes.length > 0 && schema.anyOf !== undefined;
  return below.length === 0 || isChoice ? [path, ...below] : below;
}

function resolved(text: string): PlanAnalysis {
  const parsed = parseAnalysis({ text, file: 'x', environment: 'production' });
  if ('findings' in parsed) throw new Error(`${text}: ${JSON.stringify(parsed.findings)}`);
  return parsed.analysis;
}

function sectionOf(name: string): Schema | undefined {
  const environments = (planJsonSchema() as Schema).properties?.['environments']?.additionalProperties;
  return typeof environments === 'object' ? environments.properties?.[name] : undefined;
}

test('the table of settings names every setting of the schema, and nothing else', () => {
  expect([...table('Settings').keys()].sort()).toEqual(settings(sectionOf('analysis'), '').sort());
});

test('so does the table of probes, with the real defaults', () => {
  const probes = table('Probes: a word for functions that nobody calls');
  const known = sectionOf('probe')?.anyOf?.flatMap(({ properties }) => Object.keys(properties ?? {}));
  expect([...probes.keys()].sort()).toEqual(known?.sort());
  const written = [...probes].filter(([, value]) => value !== 'all');
  const probe = `{${written.map(([key, value]) => `${key}: '${value}'`).join(', ')}}`;
  expect(probesOf(probe)).toEqual(probesOf('{}'));
});

function probesOf(probe: string) {
  const text = `version: 1\nenvironments: {production: {probe: ${probe}}}`;
  const parsed = parsePlan({ text, file: 'x', environment: PRODUCTION });
  if ('findings' in parsed) throw new Error(JSON.stringify(parsed.findings));
  return parsed.plan.steps;
}

test('every plan that it shows can be used', () => {
  for (const [, text = ''] of DOC.matchAll(/```yaml\n([^]*?)```/g)) {
    expect(parsePlan({ text: `version: 1\n${text}`, file: 'x', environment: PRODUCTION })).toHaveProperty(
      'plan',
    );
  }
});

test('writing every default down changes nothing — the table says the real ones', () => {
  for (const [setting, value] of table('Settings')) {
    const [group = '', member] = setting.split('.');
    const line = member === undefined ? `${group}: ${value}` : `${group}: {${member}: ${value}}`;
    const without = group === 'latency' && member !== undefined ? 'latency: {}' : '{}';
    if (value === 'none') continue;
    expect(resolved(line), setting).toEqual(resolved(without));
  }
});

test('every cause is told, with what follows', () => {
  expect([...table('Undecided, and what follows').keys()].sort()).toEqual([...LOOK_CAUSES].sort());
});
