/**
 * The record of a release: the fold of its events. PostgreSQL keeps it so that lists are cheap; whoever holds the
 * events can make it again.
 */
import type { Look } from '../analysis/look.ts';
import type { ResolvedPlan } from '../plan/plan.ts';
import type { Actor, ReleaseEvent, RollbackCause, ServiceVersions } from './events.ts';
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
  readonly weight: number;
  readonly holdMs: number;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly summary: string | null;
}

export interface TrafficRecord {
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
  readonly supersededBy: string | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly bakingUntil: number | null;
  readonly rollbackCause: RollbackCause | null;
  readonly plan: ResolvedPlan | null;
  readonly services: readonly ServiceVersions[];
  readonly stages: readonly StageRecord[];
  readonly steps: readonly StepRecord[];
  readonly traffic: readonly TrafficRecord[];
  readonly approvals: readonly ApprovalRecord[];
  /** The newest look. */
  readonly verdict: Look | null;
}

/** A release that was stored and to which nothing has happened yet. */
export function initialProgress(at: number): ReleaseProgress {
  return {
    state: 'queued',
    reason: null,
    message: null,
    since: at,
    behind: null,
    supersededBy: null,
    startedAt: null,
    endedAt: null,
    bakingUntil: null,
    rollbackCause: null,
    plan: null,
    services: [],
    stages: [],
    steps: [],
    traffic: [],
    approvals: [],
    verdict: null,
  };
}

/** The record after one more event. Pure; `at` is the event's time. */
export function applyEvent(record: ReleaseProgress, event: ReleaseEvent, at: number): ReleaseProgress {
  switch (event.type) {
    case 'queued':
      return {
        ...record,
        state: 'queued',
        reason: event.reason,
        behind: event.behind,
        message: null,
        since: at,
      };
    case 'started':
      return { ...record, ...enter('running', at), behind: null, startedAt: at };
    case 'superseded':
      return {
        ...record,
        ...end('superseded', at, 'superseded', `superseded by ${event.by}`),
        behind: null,
        supersededBy: event.by,
      };
    case 'planned':
      return { ...record, plan: event.plan };
    case 'stage-started':
      return {
        ...record,
        stages: [...record.stages.filter((s) => s.stage !== event.stage), startStage(event.stage, at)],
      };
    case 'stage-finished':
      return { ...record, stages: endStage(record.stages, event.stage, 'done', at, event.summary, []) };
    case 'stage-failed':
      return {
        ...record,
        stages: endStage(record.stages, event.stage, 'failed', at, event.message, event.logTail),
      };
    case 'versions':
      return { ...record, services: event.services };
    case 'traffic':
      return { ...record, traffic: moveTraffic(record.traffic, event, at) };
    case 'step-started':
      return {
        ...record,
        steps: [
          // A step that starts again (after a retry) is the same step.
          ...record.steps.filter((s) => s.step !== event.step),
          {
            step: event.step,
            weight: event.weight,
            holdMs: event.holdMs,
            startedAt: at,
            endedAt: null,
            summary: null,
          },
        ],
      };
    case 'step-finished':
      return {
        ...record,
        steps: record.steps.map((s) =>
          s.step === event.step ? { ...s, endedAt: at, summary: event.summary } : s,
        ),
      };
    case 'approval-requested':
      return {
        ...record,
        ...(record.state === 'paused' ? {} : waitFor(event.role, at)),
        approvals: [...record.approvals, requestApproval(event, at)],
      };
    case 'approval-decided':
      return {
        ...record,
        approvals: record.approvals.map((a) =>
          isOpen(a, event.step) ? { ...a, decisions: [...a.decisions, decisionOf(event, at)] } : a,
        ),
      };
    case 'approval-closed':
      return {
        ...record,
        // A pause outlasts the approval, and a rollback that overtook it goes on.
        ...(record.state === 'waiting-approval' ? enter('running', at) : {}),
        approvals: record.approvals.map((a) =>
          isOpen(a, event.step) ? { ...a, outcome: event.outcome } : a,
        ),
      };
    case 'paused':
      return { ...record, ...enter('paused', at, event.reason, `paused by ${event.actor.name}`) };
    case 'resumed':
      return { ...record, ...goOn(record, at) };
    case 'blocked':
      return { ...record, reason: event.reason, message: event.message, since: at };
    case 'cleared':
      return record.reason === event.reason ? { ...record, ...unblock(record, at) } : record;
    case 'verdict':
      return { ...record, verdict: event.look };
    case 'promoted':
      return { ...record, ...end('promoted', at, null, event.sentence), bakingUntil: event.bakingUntil };
    case 'rollback-started':
      return {
        ...record,
        ...enter('running', at, 'rolling-back', event.sentence),
        rollbackCause: event.cause,
      };
    case 'rolled-back':
      return {
        ...record,
        ...end('rolled-back', at, event.cause, event.sentence),
        rollbackCause: event.cause,
      };
    case 'rejected':
      return { ...record, ...end('rejected', at, 'rejected', event.sentence) };
    case 'aborted':
      return { ...record, ...end('aborted', at, 'aborted', event.sentence) };
    case 'failed':
      return { ...record, ...end('failed', at, event.stage, event.sentence) };
    case 'unchanged':
      return { ...record, ...end('unchanged', at, null, event.sentence) };
    case 'dry-run-finished':
      return { ...record, ...end('planned', at, null, event.sentence) };
  }
}

function enter(state: ReleaseState, at: number, reason: string | null = null, message: string | null = null) {
  return { state, reason, message, since: at };
}

function end(state: ReleaseState, at: number, reason: string | null, message: string) {
  return { ...enter(state, at, reason, message), endedAt: at };
}

function startStage(stage: Stage, at: number): StageRecord {
  return { stage, state: 'running', startedAt: at, endedAt: null, summary: null, logTail: [] };
}

function endStage(
  stages: readonly StageRecord[],
  stage: Stage,
  state: 'done' | 'failed',
  at: number,
  summary: string,
  logTail: readonly string[],
): StageRecord[] {
  return stages.map((s) => (s.stage === stage ? { ...s, state, endedAt: at, summary, logTail } : s));
}

function moveTraffic(
  traffic: readonly TrafficRecord[],
  event: Extract<ReleaseEvent, { type: 'traffic' }>,
  at: number,
): TrafficRecord[] {
  const others = traffic.filter((t) => t.service !== event.service || t.alias !== event.alias);
  return [
    ...others,
    {
      service: event.service,
      alias: event.alias,
      stable: event.stable,
      canary: event.canary,
      weight: event.weight,
      at,
    },
  ];
}

function requestApproval(
  event: Extract<ReleaseEvent, { type: 'approval-requested' }>,
  at: number,
): ApprovalRecord {
  const { step, role, count, notAuthor, until } = event;
  return { step, role, count, notAuthor, until, requestedAt: at, outcome: null, decisions: [] };
}

function decisionOf(
  event: Extract<ReleaseEvent, { type: 'approval-decided' }>,
  at: number,
): ApprovalRecord['decisions'][number] {
  const { decision, actor, comment, evidence } = event;
  return { decision, actor, comment, at, evidence };
}

function isOpen(approval: ApprovalRecord, step: number): boolean {
  return approval.step === step && approval.outcome === null;
}

function waitFor(role: Role, at: number) {
  return enter('waiting-approval', at, 'approval', `waits for ${role}`);
}

/** Running, or still waiting for the approval that was open before. */
function goOn(record: ReleaseProgress, at: number) {
  const open = record.approvals.find((a) => a.outcome === null);
  return open ? waitFor(open.role, at) : enter('running', at);
}

/** The same state without the reason that is gone; what it waited for before is what it waits for again. */
function unblock(record: ReleaseProgress, at: number) {
  return record.state === 'waiting-approval' ? goOn(record, at) : enter(record.state, at);
}
