/**
 * Reads an `analysis` section by itself, with the schema and the defaults of `sluice.yml`: for a replay, where no
 * plan is made of it.
 */
import { sortFindings, type Finding } from '../finding.ts';
import { loadYaml } from '../yaml/load.ts';
import { findingAt } from '../yaml/finding-at.ts';
import { member, type YamlNode } from '../yaml/node.ts';
import { toPlain } from '../yaml/to-plain.ts';
import { findingsOf } from '../yaml/zod-findings.ts';
import { analysis, TEXT_KEYS } from './file-schema.ts';
import { metricFindings } from './metrics-file.ts';
import type { PlanAnalysis } from './plan.ts';
import { resolveAnalysis } from './resolve.ts';

export interface AnalysisSource {
  /** YAML (or JSON): the section alone, or a whole `sluice.yml`, of which only the environment's section is read. */
  readonly text: string;
  /** Its name, for positions. */
  readonly file: string;
  readonly environment: string;
}

/**
 * The analysis with every default filled in, and whether it names an interval; or everything that is wrong with it.
 */
export function parseAnalysis({
  text,
  file,
  environment,
}: AnalysisSource):
  | { readonly analysis: PlanAnalysis; readonly namesInterval: boolean }
  | { readonly findings: readonly Finding[] } {
  const loaded = loadYaml(text, file);
  if ('findings' in loaded) return loaded;
  const section = sectionOf(loaded.root, environment);
  if ('findings' in section) return section;
  const { root } = section;
  const plain = root === null ? {} : toPlain(root, TEXT_KEYS);
  const parsed = analysis.safeParse(plain);
  const at = root ?? loaded.root;
  const metrics = typeof plain === 'object' && plain !== null && 'metrics' in plain ? plain.metrics : null;
  const findings = [
    ...(parsed.success ? [] : findingsOf(parsed.error, at)),
    ...metricFindings(metrics, ['metrics'], at),
  ];
  if (findings.length > 0 || !parsed.success) return { findings: sortFindings(findings) };
  return { analysis: resolveAnalysis(parsed.data), namesInterval: parsed.data.interval !== undefined };
}

/** `root: null`: the environment says nothing, so the defaults hold. */
function sectionOf(
  root: YamlNode,
  environment: string,
): { readonly root: YamlNode | null } | { readonly findings: readonly Finding[] } {
  const environments = member(root, 'environments');
  if (!environments) return { root };
  const own = member(environments, environment);
  if (own) return { root: member(own, 'analysis') ?? null };
  const named = environments.kind === 'map' ? environments.entries.map(({ key }) => key).join(', ') : '';
  const path = ['environments', environment];
  const message = `is missing; the release is of the environment ${environment}${named === '' ? '' : `, and named are ${named}`}`;
  return { findings: [findingAt(root, path, 'missing', message)] };
}
