/**
 * What a step judges otherwise than the rest: bounds of failures and latency, and the absolute limit. Each is fixed
 * before the step begins, so the evidence stays valid across steps (analysis §1); the budget (false rollbacks) and
 * what is measured belong to the whole release and stay.
 */
import type { z } from 'zod';
import { strictMap } from '../yaml/zod-findings.ts';
import { number, share } from './fields.ts';
import type { PlanAnalysis } from './plan.ts';

const ratio = (what: string) => number(1, 100).optional().describe(`Odds ratio of ${what} at this step.`);
const floor = () =>
  share('from 0 to less than 100%', (f) => f >= 0 && f < 1)
    .optional()
    .describe('Least difference that counts at this step.');

export const stepAnalysis = strictMap("a step's analysis", {
  errors: strictMap('errors', { ratio: ratio('failures'), floor: floor() }).optional(),
  latency: strictMap('latency', { ratio: ratio('slow requests'), floor: floor() })
    .optional()
    .describe('Where the plan judges latency.'),
  absolute: strictMap('absolute', {
    errors: share('more than 0', (e) => e > 0)
      .optional()
      .describe('Failure rate of either version at which a person is asked.'),
  }).optional(),
});
export type StepAnalysisFile = z.output<typeof stepAnalysis>;

/** Members that are left out are as in the plan's analysis. */
export interface StepAnalysis {
  readonly errors?: StepBounds;
  readonly latency?: StepBounds;
  readonly absolute?: { readonly errors: number };
}

export interface StepBounds {
  readonly rho?: number;
  readonly floor?: number;
}

/** `undefined` where the step says nothing. */
export function resolveStepAnalysis(file: StepAnalysisFile | undefined): StepAnalysis | undefined {
  if (!file) return undefined;
  const { errors, latency, absolute } = file;
  return {
    ...(errors && { errors: bounds(errors) }),
    ...(latency && { latency: bounds(latency) }),
    ...(absolute?.errors !== undefined && { absolute: { errors: absolute.errors } }),
  };
}

function bounds(file: NonNullable<StepAnalysisFile['errors']>): StepBounds {
  return {
    ...(file.ratio !== undefined && { rho: file.ratio }),
    ...(file.floor !== undefined && { floor: file.floor }),
  };
}

/** The analysis that counts in a step. Latency that the plan does not judge is not judged in a step either. */
export function analysisAt(analysis: PlanAnalysis, step: StepAnalysis | null | undefined): PlanAnalysis {
  if (!step) return analysis;
  return {
    ...analysis,
    errors: { ...analysis.errors, ...step.errors },
    latency: analysis.latency && { ...analysis.latency, ...step.latency },
    // Probes are judged by the numbers of failures.
    ...(analysis.probe && { probe: { ...analysis.probe, ...step.errors } }),
    absolute: step.absolute ?? analysis.absolute ?? null,
  };
}
