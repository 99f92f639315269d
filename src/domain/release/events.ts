/**
 * What can happen to a release. Events are the history: each is stored once under (release, sequence number), and
 * the record that people read is the fold of them (`record.ts`). An event's data is plain JSON; times are Unix
 * milliseconds, durations carry `Ms`, weights are fractions 0…1.
 */
import type { Look } from '../analysis/look.ts';
import type { ServiceDifference } from '../difference/difference.ts';
import type { ResolvedPlan } from '../plan/plan.ts';
import type { InWave } from './in-wave.ts';
import type { Role, Stage } from './states.ts';

/** Who did something, as the audit shows it. `kind: system` is Sluice itself. */
export interface Actor {
  readonly kind: 'person' | 'system';
  readonly name: string;
  readonly role?: Role;
}

/** Sluice itself, as the author of what no person did. */
export const SLUICE: Actor = { kind: 'system', name: 'Sluice' };

/** Versions of one service of a release: what is live and what comes. Version ids are decimal strings. */
export interface ServiceVersions extends InWave {
  /** The service's name; in another region than the own one of this Sluice `region/service`. */
  readonly service: string;
  readonly functions: readonly string[];
  /** `null` while the alias does not exist yet (first release). */
  readonly stable: string | null;
  readonly canary: string;
}

export type ReleaseEvent =
  | {
      readonly type: 'queued';
      readonly reason: string | null;
      readonly behind: string | null;
      /** When the wait ends by itself, where that is known. */
      readonly until?: number | null;
      /** Why, for people. */
      readonly message?: string;
      /** Releases whose place this one takes. */
      readonly supersedes?: readonly string[];
    }
  | { readonly type: 'started' }
  /** A person hands a release that failed to its lane once more. */
  | { readonly type: 'retried'; readonly attempt: number; readonly actor: Actor; readonly comment: string }
  /** `sentence` where it had begun: what became of what it had done. */
  | { readonly type: 'superseded'; readonly by: string; readonly sentence?: string }
  | { readonly type: 'planned'; readonly plan: ResolvedPlan }
  | { readonly type: 'stage-started'; readonly stage: Stage; readonly attempt: number }
  /** `summary` is one line for people, e.g. `npm ci, 14 packages, 3.1 s (cached)`. */
  | {
      readonly type: 'stage-finished';
      readonly stage: Stage;
      readonly durationMs: number;
      readonly summary: string;
    }
  /** `logTail` holds the last lines (50 at most) of the stage's log. */
  | {
      readonly type: 'stage-failed';
      readonly stage: Stage;
      readonly message: string;
      readonly logTail: readonly string[];
    }
  /** `difference`: what the versions change of what was live. */
  | {
      readonly type: 'versions';
      readonly services: readonly ServiceVersions[];
      readonly difference?: readonly ServiceDifference[];
    }
  /** Traffic of an alias as set and confirmed: `weight` of `canary`, the rest to `stable`. `stable: null`: canary alone. */
  | (InWave & {
      readonly type: 'traffic';
      readonly service: string;
      readonly alias: string;
      readonly stable: string | null;
      readonly canary: string;
      readonly weight: number;
      readonly step: number | null;
    })
  | {
      readonly type: 'step-started';
      readonly step: number;
      readonly weight: number;
      readonly holdMs: number;
      /** Left out where the plan names no regions. */
      readonly wave?: number;
      readonly regions?: readonly string[];
    }
  /** All traffic of a wave has moved, and others follow: after `bakeMs`, while the judge watches on. */
  | {
      readonly type: 'wave-finished';
      readonly wave: number;
      readonly regions: readonly string[];
      readonly bakeMs: number;
    }
  /** A hook of the plan begins; `step: null` is one of the whole release. */
  | {
      readonly type: 'hook-started';
      readonly step: number | null;
      readonly when: 'before' | 'after';
      readonly name: string;
    }
  /** How it ended. `logTail` holds its last lines, 20 at most. */
  | {
      readonly type: 'hook-finished';
      readonly step: number | null;
      readonly when: 'before' | 'after';
      readonly name: string;
      readonly ok: boolean;
      readonly durationMs: number;
      readonly summary: string;
      readonly logTail: readonly string[];
      /** What follows a failure, by the plan. */
      readonly onFailure: 'roll-back' | 'ask' | 'continue';
    }
  | { readonly type: 'step-finished'; readonly step: number; readonly summary: string }
  | {
      readonly type: 'approval-requested';
      readonly step: number;
      readonly role: Role;
      readonly count: number;
      readonly notAuthor: boolean;
      readonly until: number | null;
      /** Left out: the plan asks. Otherwise what made Sluice ask. */
      readonly reason?: QuestionReason;
      /** The question, for people. */
      readonly message?: string;
    }
  | {
      readonly type: 'approval-decided';
      readonly step: number;
      readonly decision: 'approved' | 'rejected';
      readonly actor: Actor;
      readonly comment: string;
      /** The look that was newest when the decision was made. */
      readonly evidence: Look | null;
    }
  | {
      readonly type: 'approval-closed';
      readonly step: number;
      readonly outcome: 'granted' | 'refused' | 'timed-out' | 'overtaken';
    }
  | {
      readonly type: 'paused';
      readonly reason: string;
      readonly actor: Actor;
      /** Why, for people; by default who did it. */
      readonly message?: string;
      /** When it goes on by itself, where that is known. */
      readonly until?: number | null;
    }
  | { readonly type: 'resumed'; readonly actor: Actor }
  /** A person ended the hold of a step (`skip`), or all that was left of the steps (`promote`). */
  | {
      readonly type: 'advanced';
      readonly act: 'skip' | 'promote';
      readonly step: number;
      readonly actor: Actor;
      readonly comment: string;
    }
  /** A hold ended without evidence and goes on until `until` at most; `cleared` with the same reason ends it. */
  | {
      readonly type: 'hold-extended';
      readonly step: number;
      readonly cause: 'no-canary-traffic' | 'no-metrics';
      readonly until: number;
      readonly message: string;
    }
  /** Something keeps the release waiting; `cleared` ends it. */
  | { readonly type: 'blocked'; readonly reason: string; readonly message: string }
  | { readonly type: 'cleared'; readonly reason: string }
  | { readonly type: 'verdict'; readonly look: Look }
  | { readonly type: 'promoted'; readonly bakingUntil: number | null; readonly sentence: string }
  | {
      readonly type: 'rollback-started';
      readonly cause: RollbackCause;
      readonly sentence: string;
      readonly actor: Actor;
    }
  | { readonly type: 'rolled-back'; readonly cause: RollbackCause; readonly sentence: string }
  | { readonly type: 'rejected'; readonly actor: Actor; readonly sentence: string }
  | { readonly type: 'aborted'; readonly actor: Actor; readonly sentence: string }
  | { readonly type: 'failed'; readonly stage: Stage; readonly sentence: string }
  | { readonly type: 'unchanged'; readonly sentence: string }
  /** A dry run reached the point where traffic would move; nothing was touched. */
  | {
      readonly type: 'dry-run-finished';
      readonly sentence: string;
      readonly difference?: readonly ServiceDifference[];
    };

/** Why Sluice asks a person by itself. */
export type QuestionReason = 'no-canary-traffic' | 'no-metrics' | 'both-bad' | 'hook-failed';

/** What made a release go back. */
export type RollbackCause =
  | 'harmful'
  | 'rejected'
  | 'aborted'
  | 'approval-timeout'
  | 'stage-failed'
  | 'person'
  | 'superseded'
  | 'freeze'
  | 'bake';

/** An event as it is stored and shown. */
export interface StoredEvent {
  /** Rises over all releases; the SSE stream resumes after it. */
  readonly id: number;
  readonly releaseId: string;
  readonly seq: number;
  readonly at: number;
  readonly event: ReleaseEvent;
}
