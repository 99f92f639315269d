/**
 * What workflows may ask of the outside world. Each activity is idempotent: a repeated call finds what an earlier one
 * did. Inputs and results are small plain JSON (they stay in a workflow's history): ids, versions and hashes, never
 * code, logs or secrets. Failures carry a type of `domain/release/failures.ts`.
 */
import type { Look } from '../domain/analysis/look.ts';
import type { ServiceDifference } from '../domain/difference/difference.ts';
import type { ReleaseEvent } from '../domain/release/events.ts';
import type { UnderWay } from '../domain/freeze/freeze.ts';
import type { Split } from '../domain/release/split.ts';
import type { HookMoment } from '../domain/plan/hook.ts';
import type { PlanAnalysis, PlanProbe, ResolvedPlan } from '../domain/plan/plan.ts';
import type { StepAnalysis } from '../domain/plan/step-analysis.ts';
import type { ReleasePlace } from '../domain/plan/waves.ts';
import type { SupersedePolicy } from '../domain/plan/supersede.ts';
import type { LockResult } from '../store/service-locks.ts';

export interface NumberedEvent {
  readonly seq: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly event: ReleaseEvent;
}

export interface Source {
  readonly dryRun: boolean;
  /** Who wrote the commit, as git says: `Name <mail>`. */
  readonly author: string;
  readonly plan: ResolvedPlan;
  /** In the order in which they get traffic. */
  readonly services: readonly { readonly service: string; readonly functions: readonly string[] }[];
  /** Where they go, where the plan names regions, in the same order wave by wave; left out: each to its own name. */
  readonly places?: readonly ReleasePlace[];
  readonly summary: string;
}

export interface PackagedFunction {
  readonly name: string;
  /** SHA-256 of the zip; of a container, which has none: of its image's manifest. */
  readonly artifact: string;
}

export interface PackagedService {
  readonly service: string;
  /** SHA-256 over configuration and artifacts: equal digests are equal versions. */
  readonly digest: string;
  readonly functions: readonly PackagedFunction[];
}

export interface ComparedService {
  readonly service: string;
  /** Where the alias stands; `null` before the first release. */
  readonly before: Split | null;
  /** Version that is live; `null` before the first release. */
  readonly stable: string | null;
  /** The live version was made of the same digest. */
  readonly unchanged: boolean;
  /** What the release changes; left out by workers of before. */
  readonly difference?: ServiceDifference;
}

export interface AliasMove {
  /** `null`: a person's rollback. */
  readonly releaseId: string | null;
  readonly project: string;
  readonly environment: string;
  readonly service: string;
  readonly alias: string;
  readonly stable: string | null;
  readonly canary: string;
  /** Share of the canary: 0 = stable alone, 1 = canary alone. */
  readonly weight: number;
  /** States that the release itself may have left; `null` = the alias does not exist. Anything else was set outside. */
  readonly expected: readonly (Split | null)[];
  /** Overrides from this time on (Unix milliseconds) are a person's word on this release. */
  readonly sinceMs: number;
}

export interface WatchedService {
  readonly service: string;
  readonly functions: readonly string[];
  readonly stable: string;
  readonly canary: string;
}

export interface Watch {
  readonly releaseId: string;
  readonly alias: string;
  readonly services: readonly WatchedService[];
  readonly analysis: PlanAnalysis;
  /** By gray step; left out: none has probes. */
  readonly probes?: readonly (PlanProbe | null)[];
  /** What each step judges otherwise; left out by workflows of before. */
  readonly steps?: readonly (StepAnalysis | null)[];
  /** Where the plan names regions: the wave that is watched. Each is judged by itself. */
  readonly wave?: WatchedWave;
}

export interface WatchedWave {
  /** 0-based. */
  readonly index: number;
  /** Its first gray step, 0-based. */
  readonly firstStep: number;
  /** Services of earlier waves: theirs is all traffic, but somebody else may move it. */
  readonly promoted: readonly Pick<Restore, 'service' | 'stable'>[];
}

export interface BakeWatch {
  readonly releaseId: string;
  readonly alias: string;
  /** `canary` is the promoted version, `stable` the one before. */
  readonly services: readonly WatchedService[];
  readonly analysis: PlanAnalysis;
  /** End of the bake time, Unix milliseconds. */
  readonly until: number;
  /** A person was asked already: only harm that is beyond doubt ends the watch now. */
  readonly isAsked: boolean;
  /** Where the plan names regions: the wave that these services are of, 0-based; each has a bake of its own. */
  readonly wave?: number;
}

export type BakeOutcome =
  /** The time is over, or somebody else has the alias. */
  | { readonly outcome: 'over' }
  | {
      readonly outcome: 'ask' | 'roll-back';
      readonly look: Look;
      /** Newest override at the time: what people decide later stands. */
      readonly afterOverride: number;
    };

export interface Restore {
  /** Who holds the service's lock meanwhile. */
  readonly holder: string;
  readonly service: string;
  /** Functions that were touched. */
  readonly functions: readonly string[];
  /** Version to take back; `null`: there was none, LATEST stays. */
  readonly stable: string | null;
  /** Version whose content LATEST has if nobody else changed it since; `null`: unknown, take back in any case. */
  readonly canary: string | null;
}

/** What a lane must know before it decides. It holds at the moment of asking. */
export interface LaneFacts {
  /** What a newer push does to older releases. */
  readonly supersede: SupersedePolicy;
  /** Each release that was asked for: the freeze that stops it, or `null`. */
  readonly frozen: Readonly<Record<string, LaneFreeze | null>>;
  /** When the answer changes by itself, Unix milliseconds; `null`: never. */
  readonly changesAt: number | null;
  /** The release that was told to make way has ended so. */
  readonly replaced: boolean;
}

export interface LaneFreeze {
  /** Why, for people. */
  readonly reason: string;
  /** Unix milliseconds; `null`: until somebody ends it. */
  readonly until: number | null;
  readonly underWay: UnderWay;
}

export interface HookCall extends HookMoment {
  /** Versions that the release has published, of services that it changes. */
  readonly versions: readonly { readonly service: string; readonly version: string }[];
}

export interface HookOutcome {
  readonly ok: boolean;
  /** One line: how long it took, or why it failed. */
  readonly summary: string;
  /** Last lines of what it wrote, 20 at most. */
  readonly logTail: readonly string[];
}

export interface RolledBackService {
  readonly functions: readonly string[];
  readonly alias: string;
  /** Version that had the traffic before; `null`: unknown. */
  readonly left: string | null;
}

export interface Activities {
  // lane
  laneFacts(input: {
    project: string;
    environment: string;
    releases: readonly string[];
    /** Release that was told to make way. */
    replaced: string | null;
  }): Promise<LaneFacts>;
  // record
  record(input: { releaseId: string; events: readonly NumberedEvent[] }): Promise<void>;
  /** Events of several releases, all or none. */
  recordTogether(input: {
    events: readonly (NumberedEvent & { readonly releaseId: string })[];
  }): Promise<void>;
  releaseHasEnded(input: { releaseId: string }): Promise<boolean>;
  newestLook(input: { releaseId: string }): Promise<Look | null>;
  /**
   * The record of taking a promoted release back; the same one when asked again. `null`: not all of the aliases are at
   * what is to be left any more, so that there is nothing to take back.
   */
  createBakeRollback(input: {
    releaseId: string;
    alias: string;
    targets: readonly { readonly service: string; readonly left: string }[];
  }): Promise<{ id: string | null }>;
  /** The record of a person's rollback; the same one under the same key. */
  createRollback(input: {
    project: string;
    environment: string;
    key: string;
    actor: string;
    services: readonly string[];
  }): Promise<{ id: string }>;
  report(input: { releaseId: string }): Promise<{ summary: string }>;
  // source, build, package
  prepareSource(input: { releaseId: string }): Promise<Source>;
  prepareTree(input: { releaseId: string }): Promise<{ summary: string }>;
  runCommand(input: { releaseId: string; group: number; index: number }): Promise<{ summary: string }>;
  buildFunction(input: {
    releaseId: string;
    service: string;
    function: string;
  }): Promise<{ summary: string }>;
  packageRelease(input: {
    releaseId: string;
  }): Promise<{ services: readonly PackagedService[]; summary: string }>;
  /** What an earlier try of the release packaged; `null`: nothing that can be used. */
  keptPackages(input: {
    releaseId: string;
  }): Promise<{ services: readonly PackagedService[]; summary: string } | null>;
  // deploy, publish, verify
  compareWithLive(input: {
    releaseId: string;
    services: readonly PackagedService[];
  }): Promise<readonly ComparedService[]>;
  takeLock(input: { holder: string; service: string; waitMs: number }): Promise<LockResult>;
  giveLocksBack(input: { holder: string }): Promise<void>;
  deployService(input: { releaseId: string; service: PackagedService }): Promise<{ summary: string }>;
  publishService(input: {
    releaseId: string;
    service: PackagedService;
  }): Promise<{ version: string; summary: string }>;
  smoke(input: { releaseId: string; service: string; function: string; version: string }): Promise<{
    summary: string;
  }>;
  runHook(input: HookCall): Promise<HookOutcome>;
  // traffic, watch, rollback
  moveAlias(input: AliasMove): Promise<void>;
  watch(input: Watch): Promise<{ look: Look }>;
  watchBake(input: BakeWatch): Promise<BakeOutcome>;
  restoreLatest(input: Restore): Promise<{ summary: string }>;
  rollBackTo(input: {
    project: string;
    environment: string;
    service: string;
    version: string;
    actor: string;
    comment: string;
    /** Overrides with a higher id came after the request; unless they say the same, they stand. */
    afterOverride: number;
    /** Release that was ended for it; its commit goes into quarantine. */
    stopped?: string | null;
    /**
     * For harm in the bake time: the version that the alias must be at, alone. The record of that rollback says what goes
     * into quarantine. Left out: a person's, who leaves whatever stands there.
     */
    left?: string;
  }): Promise<RolledBackService>;
}
