/**
 * A release plan with every default filled in: what the project's record and the commit's `sluice.yml` say
 * together. Nothing below this type checks for `undefined`.
 */
import type { JudgeSettings } from '../analysis/settings.ts';
import type { Role } from '../release/states.ts';

export interface PlanApproval {
  readonly role: Role;
  /** How many different people must approve, ≥ 1. */
  readonly count: number;
  /** The commit's author may not approve. */
  readonly notAuthor: boolean;
  /** Milliseconds until the outcome below; `null` = waits without end. */
  readonly timeoutMs: number | null;
  readonly onTimeout: 'roll-back' | 'continue';
}

export interface PlanStep {
  /** Share of the canary, in (0, 1). */
  readonly weight: number;
  /** Least time at this weight, milliseconds. */
  readonly holdMs: number;
  /** Asked for after the hold, before the next step. */
  readonly approval: PlanApproval | null;
}

/** A stage that the repository declares, run in the build sandbox. */
export interface PlanCommand {
  readonly name: string;
  readonly run: string;
  /** Runtime id that the command runs under, e.g. `nodejs20`. */
  readonly image: string;
}

export interface ResolvedPlan {
  readonly version: 1;
  readonly environment: string;
  readonly alias: string;
  /** Groups run one after another; the commands of one group run side by side. */
  readonly stages: readonly (readonly PlanCommand[])[];
  readonly steps: readonly PlanStep[];
  readonly analysis: PlanAnalysis;
  /** How long the judge keeps watching after promotion, milliseconds; 0 = not at all. */
  readonly bakeMs: number;
  /** Manifest file named by the plan, or `null`: looked for by its usual names. */
  readonly manifest: string | null;
}

export interface PlanAnalysis {
  /** Time between two looks, milliseconds. */
  readonly intervalMs: number;
  /** The judge's numbers for failures (spec: analysis §1). */
  readonly errors: JudgeSettings;
  /** The same for requests slower than stable's quantiles (analysis §3); `null`: latency is not judged. */
  readonly latency: JudgeSettings | null;
}
