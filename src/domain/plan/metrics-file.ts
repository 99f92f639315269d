/**
 * Metrics of a plan's own: how they are written, what must fit together, and what they resolve to. A metric asks
 * Prometheus or an HTTP address once for each version, so every text that is sent must name the version.
 */
import { z } from 'zod';
import type { JudgeSettings } from '../analysis/settings.ts';
import type { Finding } from '../finding.ts';
import { findingAt, type Path } from '../yaml/finding-at.ts';
import type { YamlNode } from '../yaml/node.ts';
import { strictMap } from '../yaml/zod-findings.ts';
import { number, share, text, whole } from './fields.ts';
import type { PlanMetric, PlanMetricRule, PlanMetricSource } from './plan.ts';

/** Names that looks of Sluice's own carry; see `domain/analysis/release-look.ts`. */
const RESERVED = /^(errors|release|catastrophe|probe|bake(-wave-.*)?|latency(-.*)?)$/;
const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;
const NAME_RULE =
  'a name of lower-case letters, digits and -, 40 characters at most, and not errors, latency, probe, bake, release or catastrophe';
/** Looks in a row beyond a bound before it counts. */
const DEFAULT_LOOKS = 3;

const address = (what: string) =>
  text(what, 2_000).refine((url) => /^https?:\/\/[^/@\s]+(\/\S*)?$/i.test(url), {
    error: `${what}, 2000 characters at most; without user and password, which belong into SLUICE_METRIC_SOURCES`,
  });
const query = (what: string) => text(`a PromQL query that gives ${what}`, 10_000);

export const metric = strictMap('a metric', {
  name: text(NAME_RULE, 40)
    .refine((name) => NAME.test(name) && !RESERVED.test(name), { error: NAME_RULE })
    .describe('What the metric is called in looks and sentences.'),
  prometheus: address('the http or https address of a Prometheus')
    .optional()
    .describe('Prometheus to ask; the operator must have allowed it (SLUICE_METRIC_SOURCES).'),
  http: address('an http or https address that answers JSON')
    .optional()
    .describe(
      'Asked for each version instead of Prometheus; answers {"bad": n, "all": n}, or {"value": n} beside a bound.',
    ),
  bad: query('a counter of what is bad').optional().describe('PromQL: counter of bad events of {{version}}.'),
  all: query('a counter of everything').optional().describe('PromQL: counter of all events of {{version}}.'),
  value: query('one number').optional().describe('PromQL: one number of {{version}}, for a bound.'),
  ratio: number(1, 100)
    .optional()
    .describe('Odds ratio of bad events up to which the canary is not worse; 1.25 if left out.'),
  floor: share('from 0 to less than 100%', (f) => f >= 0 && f < 1)
    .optional()
    .describe('Least difference of rates that counts; 0.1% if left out.'),
  weight: number(0.01, 100)
    .optional()
    .describe('Share of the error budget, beside 1 each for failures and latency; 1 if left out.'),
  above: z
    .number({ error: 'a number' })
    .optional()
    .describe('Bound: the canary is harmful above it, where stable is not.'),
  below: z
    .number({ error: 'a number' })
    .optional()
    .describe('Bound: the canary is harmful below it, where stable is not.'),
  looks: whole(1, 1_000)
    .optional()
    .describe('Looks in a row beyond the bound before it counts; 3 if left out.'),
});
export type MetricFile = z.output<typeof metric>;

/** What the schema cannot say: which settings belong together, and that names are there once. */
export function metricFindings(metrics: unknown, path: Path, root: YamlNode): Finding[] {
  if (!Array.isArray(metrics)) return [];
  const names = new Set<string>();
  return metrics.flatMap((entry: unknown, i): Finding[] => {
    const parsed = metric.safeParse(entry);
    if (!parsed.success) return [];
    const troubles = troublesOf(parsed.data);
    if (names.has(parsed.data.name))
      troubles.push([
        'name',
        'duplicate',
        `the metric ${parsed.data.name} is there twice; give it another name`,
      ]);
    names.add(parsed.data.name);
    return troubles.map(([key, code, message]) => findingAt(root, [...path, i, key], code, message));
  });
}

type Trouble = [key: keyof MetricFile, code: string, message: string];

function troublesOf(file: MetricFile): Trouble[] {
  const has = (key: keyof MetricFile): boolean => file[key] !== undefined;
  const troubles: Trouble[] = [];
  const exclude = (key: keyof MetricFile, other: string): number =>
    troubles.push([key, 'conflict', `${key} and ${other} exclude each other; leave one out`]);
  const miss = (key: keyof MetricFile, why: string): number =>
    troubles.push([key, 'missing', `is missing; ${why}`]);

  if (has('prometheus') && has('http')) exclude('http', 'prometheus');
  if (!has('prometheus') && !has('http')) miss('prometheus', 'a metric needs prometheus or http');
  if (has('above') && has('below')) exclude('below', 'above');
  const isBound = has('above') || has('below');
  const queries = ['bad', 'all', 'value'] as const;
  const wanted: readonly string[] = has('http') ? [] : isBound ? ['value'] : ['bad', 'all'];
  for (const key of queries) {
    if (wanted.includes(key) && !has(key))
      miss(
        key,
        isBound ? 'a bound needs the query value' : 'counters need bad and all; a value needs above or below',
      );
    if (!wanted.includes(key) && has(key))
      exclude(key, has('http') ? 'http' : isBound ? 'a bound' : 'a missing bound');
  }
  for (const key of isBound ? (['ratio', 'floor', 'weight'] as const) : (['looks'] as const))
    if (has(key)) exclude(key, isBound ? 'a bound' : 'counters');
  for (const key of ['http', ...queries] as const)
    if (file[key]?.includes('{{version}}') === false)
      troubles.push([key, 'version', 'must hold {{version}}, or both versions would get the same numbers']);
  return troubles;
}

/** A metric that has passed `metricFindings`. */
export function resolveMetric(file: MetricFile, errors: JudgeSettings): PlanMetric {
  return { name: file.name, source: sourceOf(file), rule: ruleOf(file, errors) };
}

function sourceOf({ prometheus, http, bad, all, value }: MetricFile): PlanMetricSource {
  if (prometheus === undefined) return { kind: 'http', url: http ?? '' };
  const queries = Object.entries({ bad, all, value }).filter(([, text]) => text !== undefined);
  return {
    kind: 'prometheus',
    url: prometheus,
    queries: Object.fromEntries(queries) as Record<string, string>,
  };
}

function ruleOf(file: MetricFile, errors: JudgeSettings): PlanMetricRule {
  const { above, below, looks = DEFAULT_LOOKS, ratio, floor, weight = 1 } = file;
  if (above !== undefined) return { kind: 'bound', side: 'above', bound: above, looks };
  if (below !== undefined) return { kind: 'bound', side: 'below', bound: below, looks };
  const settings = { ...errors, rho: ratio ?? errors.rho, floor: floor ?? errors.floor };
  return { kind: 'counters', settings, weight };
}
