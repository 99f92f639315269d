/** Hooks of a plan: something of the repository's own that runs before traffic, around a step, or after the promotion. */
import { durationText } from './duration.ts';
import type { ResolvedPlan } from './plan.ts';

export type HookAction =
  /** A command in the build sandbox, at the root of the repository. */
  | { readonly kind: 'run'; readonly run: string }
  /** A call of a function of the release, by its new version. `service: null`: the only one that has the function. */
  | {
      readonly kind: 'invoke';
      readonly service: string | null;
      readonly function: string;
      /** Sent as it is, but for what stands in double braces (`hookWords`). */
      readonly event: string;
    };

export interface PlanHook {
  /** Once in its list; stands in logs and events. */
  readonly name: string;
  readonly action: HookAction;
  readonly timeoutMs: number;
  /** What a failure means for the release. */
  readonly onFailure: 'roll-back' | 'ask' | 'continue';
}

export interface PlanHooks {
  readonly before: readonly PlanHook[];
  readonly after: readonly PlanHook[];
}

/** Where a hook stands: of a gray step (0-based), or of the environment, before any traffic or after the promotion. */
export interface HookPlace {
  readonly step: number | null;
  readonly when: 'before' | 'after';
}

export interface HookMoment extends HookPlace {
  readonly releaseId: string;
  /** From 2 on: a person tried the failed release again. */
  readonly attempt: number;
  readonly index: number;
  /** Share of the canary while the hook runs, 0…1. */
  readonly weight: number;
}

/** The hooks of a place; `undefined` stands in plans of before there were any. */
export function hooksAt(
  plan: { readonly hooks?: PlanHooks; readonly steps: readonly { readonly hooks?: PlanHooks }[] },
  { step, when }: HookPlace,
): readonly PlanHook[] {
  const hooks = step === null ? plan.hooks : plan.steps[step]?.hooks;
  return hooks?.[when] ?? [];
}

/**
 * The same for each run of one hook, and for no other: a worker that dies makes a hook run again, so whoever is called
 * must be able to tell the second run from something new. A person's retry of the release is something new.
 */
export function hookKey({ releaseId, attempt, step, when, index }: Omit<HookMoment, 'weight'>): string {
  const tried = attempt > 1 ? `${releaseId}/try-${attempt}` : releaseId;
  return `${tried}/${step === null ? 'release' : `step-${step + 1}`}/${when}/${index + 1}`;
}

/** For people: `before step 2`, `after the promotion`. */
export function hookPlaceText({ step, when }: HookPlace): string {
  if (step !== null) return `${when} step ${step + 1}`;
  return when === 'before' ? 'before any traffic' : 'after the promotion';
}

/** What a hook is told, by the names that commands (as `SLUICE_…`) and events (in double braces) know. */
export function hookWords(
  moment: HookMoment,
  plan: Pick<ResolvedPlan, 'steps' | 'waves'>,
): Readonly<Record<string, string>> {
  const wave = moment.step === null ? undefined : plan.steps[moment.step]?.wave;
  const waves = (plan.waves ?? []).filter((_, index) => wave === undefined || index === wave);
  return {
    release: moment.releaseId,
    step: moment.step === null ? '' : String(moment.step + 1),
    weight: String(moment.weight),
    idempotencyKey: hookKey(moment),
    waveRegions: waves.flatMap(({ regions }) => regions).join(','),
  };
}

/** What is said of a hook that took too long. */
export function sayLate(timeoutMs: number): string {
  return `not done within ${durationText(timeoutMs)}`;
}
