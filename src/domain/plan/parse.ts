/**
 * Reads a commit's `sluice.yml` against the project's record. All errors are reported at once, each with line and
 * column, what was found, and what is allowed; a plan with an error is no plan.
 */
import { sortFindings, type Finding } from '../finding.ts';
import { loadYaml } from '../yaml/load.ts';
import type { YamlNode } from '../yaml/node.ts';
import { toPlain } from '../yaml/to-plain.ts';
import { findingAt, type Path } from '../yaml/finding-at.ts';
import { findingsOf } from '../yaml/zod-findings.ts';
import type { EnvironmentRecord } from './environment.ts';
import { planFile, TEXT_KEYS, type PlanFile } from './file-schema.ts';
import type { KnownService } from './hooks-file.ts';
import type { ResolvedPlan } from './plan.ts';
import { manifestFindings, planFindings, valueAt } from './plan-findings.ts';
import { protectionFindings } from './protection.ts';
import type { RefPatterns } from './refs.ts';
import { regionFindings } from './regions-file.ts';
import { resolvePlan } from './resolve.ts';

export interface PlanSource {
  /** The file's text; `null`: there is none. */
  readonly text: string | null;
  /** Its name, for positions. */
  readonly file: string;
  readonly environment: EnvironmentRecord;
  /** Regions that releases can go to; left out: whatever the file names. */
  readonly regions?: readonly string[];
}

export type ParsedPlan =
  | {
      readonly plan: ResolvedPlan;
      readonly warnings: readonly Finding[];
      /** What is wrong with the services and functions that the file names, once those of the manifest are known. */
      readonly serviceFindings: (known: readonly KnownService[]) => readonly Finding[];
      /** Narrower than the record's: the release goes on only if these take its ref too (`planTakesRef`). */
      readonly refs: RefPatterns | null;
    }
  | { readonly findings: readonly Finding[] };

/** The plan of this environment with every default filled in, or what is wrong with the file. */
export function parsePlan({ text, file, environment, regions }: PlanSource): ParsedPlan {
  if (text === null)
    return { plan: resolvePlan(null, environment), warnings: [], serviceFindings: () => [], refs: null };
  const loaded = loadYaml(text, file);
  if ('findings' in loaded) return { findings: loaded.findings };
  const { root } = loaded;
  const plain = toPlain(root, TEXT_KEYS);
  const parsed = planFile.safeParse(plain);
  const path: Path = ['environments', environment.name];
  const errors = [
    ...(parsed.success ? [] : findingsOf(parsed.error, root)),
    ...protectionFindings(valueAt(plain, path), path, root, environment),
    ...planFindings(plain, path, root),
    ...regionFindings(valueAt(plain, [...path, 'regions']), [...path, 'regions'], root, regions),
  ];
  if (errors.length > 0 || !parsed.success) return { findings: sortFindings(errors) };
  const plan = resolvePlan(parsed.data, environment);
  return {
    plan,
    warnings: sortFindings(warningsOf(parsed.data, plan, root)),
    serviceFindings: (known) => manifestFindings(parsed.data, path, known, root),
    refs: narrowing(parsed.data, environment),
  };
}

function warningsOf(file: PlanFile, plan: ResolvedPlan, root: YamlNode): Finding[] {
  const warnings: Finding[] = [];
  const path: Path = ['environments', plan.environment];
  const warn = (where: Path, code: string, message: string) =>
    warnings.push({ ...findingAt(root, where, code, message), level: 'warning' });
  if (!file.environments?.[plan.environment]) {
    const others = Object.keys(file.environments ?? {}).join(', ');
    warn(
      path,
      'environment-defaults',
      `the environment ${plan.environment} is not named here, so the default plan applies${others ? `; named are ${others}` : ''}`,
    );
  }
  plan.steps.forEach((step, i) => {
    // The steps of further waves are the same ones.
    if ((step.wave ?? 0) > 0) return;
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
