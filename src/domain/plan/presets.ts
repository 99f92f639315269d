/** Step lists by name, and the steps of a repository that says nothing. */
import type { PlanStep } from './plan.ts';

export const PRESETS = ['careful', 'fast', 'all-at-once'] as const;
export type Preset = (typeof PRESETS)[number];

const MINUTE_MS = 60_000;

/** Steps of a preset. */
export function presetSteps(preset: Preset): PlanStep[] {
  switch (preset) {
    case 'careful':
      return [step(0.01, 10), step(0.05, 15), step(0.25, 20), step(0.5, 30)];
    case 'fast':
      return [step(0.1, 2), step(0.5, 2)];
    case 'all-at-once':
      return [];
  }
}

/** 5 % → 25 % → 50 %, ten minutes each; more, evenly from 5 % on, where the project's record asks for more. */
export function defaultSteps(leastSteps: number): PlanStep[] {
  if (leastSteps <= 3) return [step(0.05, 10), step(0.25, 10), step(0.5, 10)];
  return Array.from({ length: leastSteps }, (_, i) =>
    step(Math.round((0.05 + (0.85 * i) / (leastSteps - 1)) * 1e4) / 1e4, 10),
  );
}

function step(weight: number, minutes: number): PlanStep {
  return { weight, holdMs: minutes * MINUTE_MS, approval: null };
}
