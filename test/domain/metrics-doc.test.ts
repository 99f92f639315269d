/** docs/metrics.md against the code: its examples are plans that work, and its table is the schema's. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PRODUCTION } from '../support/production.ts';
import { findingText } from '../../src/domain/finding.ts';
import { metric } from '../../src/domain/plan/metrics-file.ts';
import { parsePlan } from '../../src/domain/plan/parse.ts';
import type { PlanMetric } from '../../src/domain/plan/plan.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { refusedSources } from '../../src/activities/watch/sources/open.ts';

const DOC = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'metrics.md'), 'utf8');

function metricsOf(text: string): readonly PlanMetric[] {
  const parsed = parsePlan({ text: `version: 1\n${text}`, file: 'metrics.md', environment: PRODUCTION });
  if ('findings' in parsed) throw new Error(parsed.findings.map(findingText).join('\n'));
  return parsed.plan.analysis.metrics ?? [];
}

const EXAMPLES = [...DOC.matchAll(/```yaml\n([^]*?)```/g)].flatMap(([, text = '']) => metricsOf(text));

test('the examples are counters and bounds from both kinds of source', () => {
  expect(EXAMPLES.map(({ name, source, rule }) => `${name}: ${source.kind} ${rule.kind}`)).toEqual([
    'lost-orders: prometheus counters',
    'queue-depth: prometheus bound',
    'stale-answers: http counters',
    'memory: http bound',
  ]);
});

test('the setting that it shows for the operator allows what it says', () => {
  const [, sources = ''] = /SLUICE_METRIC_SOURCES="([^"]+)"/.exec(DOC) ?? [];
  const { metricSources } = loadConfig({ SLUICE_METRIC_SOURCES: sources });
  expect(refusedSources(EXAMPLES, metricSources)).toEqual([]);
  expect(refusedSources(EXAMPLES, metricSources.slice(0, 1))).toEqual([
    expect.stringContaining('metric stale-answers: https://shop.example.com is not among the addresses'),
    expect.stringContaining('metric memory: '),
  ]);
});

test('the table names every setting of the schema with its real default', () => {
  const rows = new Map(
    [...DOC.matchAll(/^\| `([a-z]+)` +\| ([^|]+?) +\|/gm)].map(([, key = '', value = '']) => [
      key,
      value.replaceAll('`', ''),
    ]),
  );
  expect([...rows.keys()].sort()).toEqual(Object.keys(metric.shape).sort());
  const written = (keys: readonly string[]) => keys.map((key) => `${key}: ${rows.get(key)}`).join(', ');
  const of = (rest: string) =>
    metricsOf(
      `environments: {production: {analysis: {metrics: [{name: a, http: "http://a.example/{{version}}", ${rest}}]}}}`,
    );
  expect(of(written(['ratio', 'floor', 'weight']))).toEqual(of(''));
  expect(of(`above: 1, ${written(['looks'])}`)).toEqual(of('above: 1'));
});
