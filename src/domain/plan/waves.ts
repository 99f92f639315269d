/**
 * Regions of a release, in waves: the gray steps run in the regions of a wave, and are done there before the next wave
 * begins. What a plan without regions means does not change. Pure.
 */
import { placeOf } from '../names/place.ts';
import type { JudgeSettings } from '../analysis/settings.ts';
import type { PlanAnalysis, PlanStep, ResolvedPlan } from './plan.ts';

export interface PlanWave {
  readonly regions: readonly string[];
  /** How long the next wave waits once all traffic of this one has moved, milliseconds. */
  readonly bakeMs: number;
}

/** A service of the release in one region. */
export interface ReleasePlace {
  /** What it is called everywhere else (`names/place.ts`). */
  readonly service: string;
  /** The service's name in the manifest. */
  readonly of: string;
  readonly region: string;
  /** 0-based. */
  readonly wave: number;
}

/** The steps once for each wave; each says which. */
export function stepsOfWaves(steps: readonly PlanStep[], waves: readonly PlanWave[]): PlanStep[] {
  return waves.flatMap((_, wave) => steps.map((step): PlanStep => ({ ...step, wave })));
}

/**
 * The analysis for one wave: each judges by itself, because versions of different regions must not be counted against
 * each other, so the chance of a false rollback is divided among them and stays that of the whole release.
 */
export function analysisOfWave(analysis: PlanAnalysis, waves: number): PlanAnalysis {
  if (waves <= 1) return analysis;
  const divided = (settings: JudgeSettings): JudgeSettings => ({
    ...settings,
    alpha: settings.alpha / waves,
  });
  const { errors, latency, probe, metrics } = analysis;
  return {
    ...analysis,
    errors: divided(errors),
    latency: latency && divided(latency),
    ...(probe && { probe: divided(probe) }),
    ...(metrics && {
      metrics: metrics.map((metric) =>
        metric.rule.kind === 'counters'
          ? { ...metric, rule: { ...metric.rule, settings: divided(metric.rule.settings) } }
          : metric,
      ),
    }),
  };
}

/**
 * Where the services go, wave by wave; within one in the order of the services, which may depend on each other.
 *
 * @param home the region of this installation's own engine
 */
export function placesOf(
  { waves = [] }: Pick<ResolvedPlan, 'waves'>,
  services: readonly string[],
  home: string,
): ReleasePlace[] {
  return waves.flatMap(({ regions }, wave) =>
    services.flatMap((of) =>
      regions.map((region): ReleasePlace => ({ service: placeOf(of, region, home), of, region, wave })),
    ),
  );
}

/** Of how many waves the release is; 1 without regions. */
export function waveCount({ waves = [] }: Pick<ResolvedPlan, 'waves'>): number {
  return Math.max(1, waves.length);
}

/** For people: `wave 2 (cn-shanghai and cn-beijing)`; `null` where the plan names no regions. */
export function waveText({ waves = [] }: Pick<ResolvedPlan, 'waves'>, wave: number): string | null {
  const regions = waves[wave]?.regions;
  return regions ? `wave ${wave + 1} (${regions.join(' and ')})` : null;
}
