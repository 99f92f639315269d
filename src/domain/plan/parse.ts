/**
 * Reads a commit's `sluice.yml` against the project's record. All errors are reported at once, each with line and
 * column, what was found, and what is allowed; a plan with an error is no plan.
 */
import { pathText, sortFindings, type Finding } from '../finding.ts';
import { repositoryPath } from '../repository-path.ts';
import { loadYaml } from '../yaml/load.ts';
import { nodeAt, type YamlNode } from '../yaml/node.ts';
import { toPlain } from '../yaml/to-plain.ts';
import { findingsOf } from '../yaml/zod-findings.ts';
import type { EnvironmentRecord } from './environment.ts';
import { metricFindings } from './metrics-file.ts';
import { circleIn } from './order.ts';
import { planFile, TEXT_KEYS, type PlanFile } from './file-schema.ts';
import type { ResolvedPlan } from './plan.ts';
import { protectionFindings } from './protection.ts';
import type { RefPatterns } from './refs.ts';
import { resolvePlan } from './resolve.ts';

export interface PlanSource {
  /** The file's text; `null`: there is none. */
  readonly text: string | null;
  /** Its name, for positions. */
  readonly file: string;
  readonly environment: EnvironmentRecord;
}

export type ParsedPlan =
  | {
      readonly plan: ResolvedPlan;
      readonly warnings: readonly Finding[];
      /** What is wrong with the services that the file names, once those of the manifest are known. */
      readonly serviceFindings: (known: readonly string[]) => readonly Finding[];
      /** Narrower than the record's: the release goes on only if these take its ref too (`planTakesRef`). */
      readonly refs: RefPatterns | null;
    }
  | { readonly findings: readonly Finding[] };

type Path = readonly (string | number)[];

/** The plan of this environment with every default filled in, or what is wrong with the file. */
export function parsePlan({ text, file, environment }: PlanSource): ParsedPlan {
  if (text === null)
    return { plan: resolvePlan(null, environment), warnings: [], serviceFindings: () => [], refs: null };
  const loaded = loadYaml(text, file);
  if ('findings' in loaded) return { findings: loaded.findings };
  const { root } = loaded;
  const plain = toPlain(root, TEXT_KEYS);
  const parsed = planFile.safeParse(plain);
  const path: Path = ['environments', environment.name];
  const metrics: Path = [...path, 'analysis', 'metrics'];
  const errors = [
    ...(parsed.success ? [] : findingsOf(parsed.error, root)),
    ...protectionFindings(valueAt(plain, path), path, root, environment),
    ...pathFindings(plain, root),
    ...stageFindings(plain, root),
    ...holdFindings(valueAt(plain, [...path, 'steps']), [...path, 'steps'], root),
    ...circleFindings(plain, root),
    ...metricFindings(valueAt(plain, metrics), metrics, root),
  ];
  if (errors.length > 0 || !parsed.success) return { findings: sortFindings(errors) };
  const plan = resolvePlan(parsed.data, environment);
  return {
    plan,
    warnings: sortFindings(warningsOf(parsed.data, plan, root)),
    serviceFindings: (known) => unknownServices(parsed.data, known, root),
    refs: narrowing(parsed.data, environment),
  };
}

function pathFindings(plain: unknown, root: YamlNode): Finding[] {
  const manifest = valueAt(plain, ['manifest']);
  if (typeof manifest !== 'string' || repositoryPath('', manifest) !== null) return [];
  return [
    finding(
      root,
      ['manifest'],
      'path',
      `found ${JSON.stringify(manifest)}; allowed: a path inside the repository, without .. above its root`,
    ),
  ];
}

/** Stage names stand in logs and events, so each is there once. */
function stageFindings(plain: unknown, root: YamlNode): Finding[] {
  const stages = valueAt(plain, ['stages']);
  if (!Array.isArray(stages)) return [];
  const paths = stages.flatMap((entry: unknown, i): Path[] =>
    Array.isArray(entry) ? entry.map((_, j) => ['stages', i, j, 'name']) : [['stages', i, 'name']],
  );
  const seen = new Set<unknown>();
  return paths.flatMap((path) => {
    const name = valueAt(plain, path);
    if (typeof name !== 'string') return [];
    const again = seen.has(name);
    seen.add(name);
    return again
      ? [finding(root, path, 'duplicate', `the stage ${name} is there twice; give it another name`)]
      : [];
  });
}

function circleFindings(plain: unknown, root: YamlNode): Finding[] {
  const services = valueAt(plain, ['services']);
  if (typeof services !== 'object' || services === null) return [];
  const needs = Object.fromEntries(
    Object.keys(services).map((name) => {
      const on = valueAt(services, [name, 'dependsOn']);
      return [name, Array.isArray(on) ? on.filter((one) => typeof one === 'string') : []];
    }),
  );
  const circle = circleIn(needs);
  if (circle === null) return [];
  const [first = ''] = circle;
  return [
    finding(
      root,
      ['services', first, 'dependsOn'],
      'circle',
      `found a circle, ${circle.join(' → ')}; allowed: services that do not need each other`,
    ),
  ];
}

/** Both the names of services and what they depend on. */
function unknownServices(file: PlanFile, known: readonly string[], root: YamlNode): Finding[] {
  const places = Object.entries(file.services ?? {}).flatMap(([name, { dependsOn = [] }]) => [
    { name, path: ['services', name] },
    ...dependsOn.map((on, i) => ({ name: on, path: ['services', name, 'dependsOn', i] })),
  ]);
  return places
    .filter(({ name }) => !known.includes(name))
    .map(({ name, path }) =>
      finding(
        root,
        path,
        'unknown-service',
        `the manifest has no service ${JSON.stringify(name)}; allowed: ${known.join(', ')}`,
      ),
    );
}

function holdFindings(steps: unknown, path: Path, root: YamlNode): Finding[] {
  if (!Array.isArray(steps)) return [];
  return steps.flatMap((_, i) => {
    const step = valueAt(steps, [i]);
    if (typeof step !== 'object' || step === null || 'hold' in step || 'approval' in step) return [];
    return [
      finding(
        root,
        [...path, i, 'hold'],
        'missing',
        'is missing; a step needs a hold such as 10m, an approval, or both',
      ),
    ];
  });
}

function warningsOf(file: PlanFile, plan: ResolvedPlan, root: YamlNode): Finding[] {
  const warnings: Finding[] = [];
  const path: Path = ['environments', plan.environment];
  const warn = (where: Path, code: string, message: string) =>
    warnings.push({ ...finding(root, where, code, message), level: 'warning' });
  if (!file.environments?.[plan.environment]) {
    const others = Object.keys(file.environments ?? {}).join(', ');
    warn(
      path,
      'environment-defaults',
      `the environment ${plan.environment} is not named here, so the default plan applies${others ? `; named are ${others}` : ''}`,
    );
  }
  plan.steps.forEach((step, i) => {
    if (step.approval || step.holdMs >= plan.analysis.intervalMs) return;
    warn(
      [...path, 'steps', i, 'hold'],
      'short-hold',
      'the hold is shorter than the interval between two looks of the judge, so the step may end unseen',
    );
  });
  return warnings;
}

function narrowing(file: PlanFile, environment: EnvironmentRecord): RefPatterns | null {
  const section = file.environments?.[environment.name];
  if (!section?.branches && !section?.tags) return null;
  return { branches: section.branches ?? environment.branches, tags: section.tags ?? environment.tags };
}

function finding(root: YamlNode, path: Path, code: string, message: string): Finding {
  return { code, level: 'error', path: pathText(path), message, at: nodeAt(root, path).at };
}

function valueAt(plain: unknown, path: Path): unknown {
  let value = plain;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}
