/** What is known of a release after some events, as lists and pages show it. The events make it (`record.ts`). */
import type { Look } from '../analysis/look.ts';
import type { ServiceDifference } from '../difference/difference.ts';
import type { ResolvedPlan } from '../plan/plan.ts';
import type { Actor, QuestionReason, RollbackCause, ServiceVersions } from './events.ts';
import type { InWave } from './in-wave.ts';
import type { ReleaseState, Role, Stage } from './states.ts';

export interface StageRecord {
  readonly stage: Stage;
  readonly state: 'running' | 'done' | 'failed';
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly summary: string | null;
  readonly logTail: readonly string[];
}

export interface StepRecord {
  readonly step: number;
  /** Left out where the plan names no regions. */
  readonly wave?: number;
  readonly weight: number;
  readonly holdMs: number;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly summary: string | null;
}

export interface HookRecord {
  readonly step: number | null;
  readonly when: 'before' | 'after';
  readonly name: string;
  readonly state: 'running' | 'done' | 'failed';
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly summary: string | null;
  readonly logTail: readonly string[];
}

export interface TrafficRecord extends InWave {
  readonly service: string;
  readonly alias: string;
  readonly stable: string | null;
  readonly canary: string;
  readonly weight: number;
  readonly at: number;
}

export interface ApprovalRecord {
  readonly step: number;
  readonly role: Role;
  readonly count: number;
  readonly notAuthor: boolean;
  readonly requestedAt: number;
  readonly until: number | null;
  /** What made Sluice ask by itself; left out: the plan asks. */
  readonly reason?: QuestionReason;
  readonly message?: string;
  readonly outcome: 'granted' | 'refused' | 'timed-out' | 'overtaken' | null;
  readonly decisions: readonly {
    readonly decision: 'approved' | 'rejected';
    readonly actor: Actor;
    readonly comment: string;
    readonly at: number;
    readonly evidence: Look | null;
  }[];
}

/** What the events say of a release; identity (project, commit, …) is stored beside it. */
export interface ReleaseProgress {
  readonly state: ReleaseState;
  /** Why the release waits or ended as it did: `freeze`, `engine-unreachable`, `harmful`, …; `null` when nothing is to be said. */
  readonly reason: string | null;
  /** The same for people, one sentence. */
  readonly message: string | null;
  /** Since when state and reason are as they are, Unix milliseconds. */
  readonly since: number;
  /** Release that this one waits behind. */
  readonly behind: string | null;
  /** When a wait ends by itself (a freeze), Unix milliseconds. */
  readonly until: number | null;
  readonly supersededBy: string | null;
  /** Releases whose place this one took. */
  readonly supersedes: readonly string[];
  /** 1, and one more for each retry. */
  readonly attempt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly bakingUntil: number | null;
  readonly rollbackCause: RollbackCause | null;
  readonly plan: ResolvedPlan | null;
  /** What the release changes of what was live, or would change; empty until that is known. */
  readonly difference: readonly ServiceDifference[];
  readonly services: readonly ServiceVersions[];
  readonly stages: readonly StageRecord[];
  readonly steps: readonly StepRecord[];
  /** Hooks of the plan, in the order in which they began. */
  readonly hooks: readonly HookRecord[];
  readonly traffic: readonly TrafficRecord[];
  readonly approvals: readonly ApprovalRecord[];
  /** The newest look. */
  readonly verdict: Look | null;
}
