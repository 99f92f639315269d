/** Fills in every default: from the file's section and the project's record to the plan that a release follows. */
import { DEFAULT_JUDGE_SETTINGS, type JudgeSettings } from '../analysis/settings.ts';
import { leastStepsOf, withDemanded } from './demanded.ts';
import type { EnvironmentRecord } from './environment.ts';
import type { AnalysisFile, ApprovalFile, EnvironmentFile, PlanFile } from './file-schema.ts';
import { resolveHooks } from './hooks-file.ts';
import { resolveMetric } from './metrics-file.ts';
import type { Needs } from './order.ts';
import type { PlanAnalysis, PlanApproval, PlanCommand, PlanStep, ResolvedPlan } from './plan.ts';
import { defaultSteps, presetSteps } from './presets.ts';
import { resolveProbe } from './probe-file.ts';
import { resolveRegions } from './regions-file.ts';
import { resolveServices } from './services-file.ts';
import { resolveStepAnalysis } from './step-analysis.ts';
import { analysisOfWave, stepsOfWaves } from './waves.ts';

const DEFAULT_INTERVAL_MS = 5_000;
const DEFAULT_BAKE_MS = 10 * 60_000;
const DEFAULT_APPROVAL_TIMEOUT_MS = 24 * 3_600_000;

/** Latency counts "slower than stable's quantile" as bad: wider margins than failures (analysis §3). */
const DEFAULT_LATENCY: JudgeSettings = { ...DEFAULT_JUDGE_SETTINGS, rho: 2, floor: 0.02 };

/** `file: null` = the repository says nothing. The file must have passed `protectionFindings`. */
export function resolvePlan(file: PlanFile | null, environment: EnvironmentRecord): ResolvedPlan {
  const section = file?.environments?.[environment.name];
  const needs = needsOf(file);
  const steps = resolveSteps(section, environment);
  const waves = resolveRegions(section?.regions);
  const analysis = analysisOfWave(resolveAnalysis(section?.analysis), waves?.length ?? 1);
  const hasProbes = steps.some(({ probe }) => probe !== undefined);
  return {
    version: 1,
    environment: environment.name,
    alias: environment.alias,
    stages: (file?.stages ?? []).map((entry): PlanCommand[] => (Array.isArray(entry) ? entry : [entry])),
    steps: waves ? stepsOfWaves(steps, waves) : steps,
    analysis: hasProbes ? { ...analysis, probe: analysis.errors } : analysis,
    ...given('waves', waves),
    bakeMs: section?.bake ?? DEFAULT_BAKE_MS,
    manifest: file?.manifest ?? null,
    question: {
      role: environment.protection.approvalRole,
      count: environment.protection.approvalCount,
      notAuthor: environment.protection.notAuthor,
    },
    ...(section?.advance !== undefined && { advance: section.advance }),
    ...(section?.freeze !== undefined && { freeze: section.freeze }),
    ...(section?.stableGone !== undefined && { stableGone: section.stableGone }),
    ...(section?.extension !== undefined && { extensionMs: section.extension }),
    ...given('hooks', resolveHooks(section?.hooks)),
    ...given('services', resolveServices(section?.services)),
    ...(Object.keys(needs).length > 0 && { needs }),
    ...(section?.supersede !== undefined && { supersede: section.supersede }),
    ...(section?.notifications !== undefined && { notifications: section.notifications }),
  };
}

/** A member, or nothing where it has no value. */
function given<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]?: V });
}

/** Services without a need are left out. */
function needsOf(file: PlanFile | null): Needs {
  const named = Object.entries(file?.services ?? {});
  return Object.fromEntries(
    named.flatMap(([name, { dependsOn = [] }]) => (dependsOn.length > 0 ? [[name, dependsOn]] : [])),
  );
}

function resolveSteps(section: EnvironmentFile | undefined, environment: EnvironmentRecord): PlanStep[] {
  const { protection } = environment;
  const common = resolveProbe(section?.probe, undefined);
  const demanded = (steps: PlanStep[]) =>
    withDemanded(steps, protection, resolveApproval({}, environment)).map((step): PlanStep =>
      common ? { ...step, probe: common } : step,
    );
  if (section?.preset !== undefined) return demanded(presetSteps(section.preset));
  if (!section?.steps) return demanded(defaultSteps(leastStepsOf(protection)));
  return section.steps.map(({ weight, hold, approval, analysis, hooks, probe: own }): PlanStep => {
    const probe = resolveProbe(section.probe, own);
    return {
      weight,
      holdMs: hold ?? 0,
      approval: approval ? resolveApproval(approval, environment) : null,
      ...given('analysis', resolveStepAnalysis(analysis)),
      ...given('hooks', resolveHooks(hooks)),
      ...(probe && { probe }),
    };
  });
}

function resolveApproval(approval: ApprovalFile, { protection }: EnvironmentRecord): PlanApproval {
  const { timeout } = approval;
  return {
    role: approval.role ?? protection.approvalRole,
    count: approval.count ?? protection.approvalCount,
    notAuthor: approval.notAuthor ?? protection.notAuthor,
    timeoutMs: timeout === 'never' ? null : (timeout ?? DEFAULT_APPROVAL_TIMEOUT_MS),
    onTimeout: approval.onTimeout ?? 'roll-back',
  };
}

/** The numbers of an `analysis` section, `undefined` where there is none. */
export function resolveAnalysis(analysis: AnalysisFile | undefined): PlanAnalysis {
  const errors = analysis?.errors;
  const shared = {
    alpha: analysis?.falseRollback ?? DEFAULT_JUDGE_SETTINGS.alpha,
    beta: analysis?.falseHealthy ?? DEFAULT_JUDGE_SETTINGS.beta,
  };
  const failures: JudgeSettings = {
    ...DEFAULT_JUDGE_SETTINGS,
    ...shared,
    rho: errors?.ratio ?? DEFAULT_JUDGE_SETTINGS.rho,
    floor: errors?.floor ?? DEFAULT_JUDGE_SETTINGS.floor,
    health: errors?.margin ?? DEFAULT_JUDGE_SETTINGS.health,
  };
  const { latency = 'off', absolute, metrics = [] } = analysis ?? {};
  return {
    intervalMs: analysis?.interval ?? DEFAULT_INTERVAL_MS,
    errors: failures,
    latency:
      latency === 'off'
        ? null
        : {
            ...DEFAULT_LATENCY,
            ...shared,
            rho: latency.ratio ?? DEFAULT_LATENCY.rho,
            floor: latency.floor ?? DEFAULT_LATENCY.floor,
          },
    absolute: absolute?.errors === undefined ? null : { errors: absolute.errors },
    metrics: metrics.map((metric) => resolveMetric(metric, { ...DEFAULT_JUDGE_SETTINGS, ...shared })),
  };
}
