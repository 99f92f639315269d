/**
 * A release plan with every default filled in: what the project's record and the commit's `sluice.yml` say
 * together. Nothing below this type checks for `undefined`.
 */
import type { JudgeSettings } from '../analysis/settings.ts';
import type { UnderWay } from '../freeze/freeze.ts';
import type { Role } from '../release/states.ts';
import type { PlanHooks } from './hook.ts';
import type { Needs } from './order.ts';
import type { PlanService } from './services-file.ts';
import type { StepAnalysis } from './step-analysis.ts';
import type { SupersedePolicy } from './supersede.ts';
import type { PlanWave } from './waves.ts';

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
  /** What is judged otherwise at this step; left out: nothing. */
  readonly analysis?: StepAnalysis;
  /** Before its move, and after its hold; left out: none. */
  readonly hooks?: PlanHooks;
  /** Left out: nothing is probed in this step. */
  readonly probe?: PlanProbe;
  /** Wave in whose regions it runs (0-based); left out where the plan names no regions. */
  readonly wave?: number;
}

/** Synthetic requests to both versions of functions, marked and counted apart. */
export interface PlanProbe {
  /** Between two probes of each version of a function, milliseconds, ≥ 100. */
  readonly everyMs: number;
  /** `quiet`: only functions to whose canary users send less. */
  readonly only: 'quiet' | 'always';
  /** What functions are called with. */
  readonly event: string;
  /** `name` or `service/name`, with an event of its own or `null`; `null`: all functions of the release. */
  readonly functions: readonly { readonly name: string; readonly event: string | null }[] | null;
}

/** A stage that the repository declares, run in the build sandbox. */
export interface PlanCommand {
  readonly name: string;
  readonly run: string;
  /** `nodejs20`, which stands for the programs of the machine that Sluice runs on; plans of before have others. */
  readonly image: string;
}

export interface ResolvedPlan {
  readonly version: 1;
  readonly environment: string;
  readonly alias: string;
  /** Groups run one after another; the commands of one group run side by side. */
  readonly stages: readonly (readonly PlanCommand[])[];
  /** Where the plan names regions: those of the first wave, then the same of the next. */
  readonly steps: readonly PlanStep[];
  /** Where the plan names regions: for one wave. */
  readonly analysis: PlanAnalysis;
  /** Regions in the order in which they get the new version; left out: this installation's own one. */
  readonly waves?: readonly PlanWave[];
  /** How long the judge keeps watching after promotion, milliseconds; 0 = not at all. */
  readonly bakeMs: number;
  /** `early`: a healthy verdict ends a hold before its time. Left out by plans of before: `timed`. */
  readonly advance?: 'timed' | 'early';
  /** How long a hold without evidence goes on before a person is asked, milliseconds; left out: `extensionOf`. */
  readonly extensionMs?: number;
  /** What a freeze does to this release when it runs, at least; left out: as the freeze says. */
  readonly freeze?: UnderWay;
  /** What a rollback does when the stable version was deleted; left out: `stay`. */
  readonly stableGone?: 'stay' | 'newest-older';
  /** Who answers what Sluice asks by itself. Left out by plans of before. */
  readonly question?: Pick<PlanApproval, 'role' | 'count' | 'notAuthor'>;
  /** Manifest file named by the plan, or `null`: looked for by its usual names. */
  readonly manifest: string | null;
  /** Before any traffic, and after the promotion; left out: none. */
  readonly hooks?: PlanHooks;
  /** What is released of the manifest; left out: all. */
  readonly services?: readonly PlanService[];
  /** Service → services that must get traffic before it. Left out by plans of before, and where nothing depends. */
  readonly needs?: Needs;
  /** What a newer push means for this release, where the record does not say; left out: `latest`. */
  readonly supersede?: SupersedePolicy;
  /** Types of events that are sent to channels which name none themselves; left out: the usual ones. */
  readonly notifications?: { readonly events: readonly string[] };
}

export interface PlanAnalysis {
  /** Time between two looks, milliseconds. */
  readonly intervalMs: number;
  /** The judge's numbers for failures (spec: analysis §1). */
  readonly errors: JudgeSettings;
  /** The same for requests slower than stable's quantiles (analysis §3); `null`: latency is not judged. */
  readonly latency: JudgeSettings | null;
  /** Rates at which a person is asked, whatever the comparison says; `null`: none. Left out by plans of before. */
  readonly absolute?: PlanAbsolute | null;
  /** The judge's numbers for probes; `null` or left out: no step has any. */
  readonly probe?: JudgeSettings | null;
  /** The plan's own metrics; they share the budget with failures and latency. Left out by plans of before. */
  readonly metrics?: readonly PlanMetric[];
}

export interface PlanAbsolute {
  /** Failure rate of either version, in (0, 1]. */
  readonly errors: number;
}

/** One number or pair of counters per version, from outside of the engine. */
export interface PlanMetric {
  /** Once in the plan; stands beside `errors` and `latency-p90` in looks. */
  readonly name: string;
  readonly source: PlanMetricSource;
  readonly rule: PlanMetricRule;
}

/** Texts may hold `{{version}}`, `{{service}}`, `{{region}}` and `{{alias}}`; each version is asked for on its own. */
export type PlanMetricSource =
  /** `url`: base of Prometheus' HTTP API. `queries`: what gives the numbers, by their names. */
  | { readonly kind: 'prometheus'; readonly url: string; readonly queries: Readonly<Record<string, string>> }
  /** Answers `{"bad": n, "all": n}` or `{"value": n}`. */
  | { readonly kind: 'http'; readonly url: string };

export type PlanMetricRule =
  /** Counters `bad` and `all` that only rise: judged like failures. */
  | { readonly kind: 'counters'; readonly settings: JudgeSettings; readonly weight: number }
  /** A number `value`: harmful when the canary alone is beyond the bound for so many looks in a row. */
  | {
      readonly kind: 'bound';
      readonly side: 'above' | 'below';
      readonly bound: number;
      readonly looks: number;
    };
