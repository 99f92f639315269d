/**
 * The record of a release: the fold of its events. PostgreSQL keeps it so that lists are cheap; whoever holds the
 * events can make it again.
 */
import type { ReleaseEvent } from './events.ts';
import { whereIs } from './in-wave.ts';
import type { ApprovalRecord, HookRecord, ReleaseProgress, StageRecord, TrafficRecord } from './progress.ts';
import type { ReleaseState, Stage } from './states.ts';

export type { ReleaseProgress } from './progress.ts';

/** A release that was stored and to which nothing has happened yet. */
export function initialProgress(at: number): ReleaseProgress {
  return {
    state: 'queued',
    reason: null,
    message: null,
    since: at,
    behind: null,
    until: null,
    supersededBy: null,
    supersedes: [],
    attempt: 1,
    startedAt: null,
    endedAt: null,
    bakingUntil: null,
    rollbackCause: null,
    plan: null,
    difference: [],
    services: [],
    stages: [],
    steps: [],
    hooks: [],
    traffic: [],
    approvals: [],
    verdict: null,
  };
}

/** A record as it was stored, with what records of before did not have. */
export function completeProgress(stored: ReleaseProgress): ReleaseProgress {
  return { ...initialProgress(0), ...stored };
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
        message: event.message ?? null,
        until: event.until ?? null,
        supersedes: [...record.supersedes, ...(event.supersedes ?? [])],
        since: at,
      };
    case 'started':
      return { ...record, ...enter('running', at), behind: null, until: null, startedAt: at };
    case 'retried':
      return {
        ...record,
        ...enter('queued', at, 'retried', `tried again by ${event.actor.name}`),
        attempt: event.attempt,
        startedAt: null,
        endedAt: null,
        rollbackCause: null,
      };
    case 'superseded':
      return {
        ...record,
        ...end('superseded', at, 'superseded', event.sentence ?? `superseded by ${event.by}`),
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
      return { ...record, services: event.services, difference: event.difference ?? record.difference };
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
            ...(event.wave !== undefined && { wave: event.wave }),
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
    case 'hook-started':
      return { ...record, hooks: [...record.hooks.filter((h) => !isHook(h, event)), startHook(event, at)] };
    case 'hook-finished':
      return {
        ...record,
        hooks: record.hooks.map((h) =>
          isHook(h, event)
            ? {
                ...h,
                state: event.ok ? 'done' : 'failed',
                endedAt: at,
                summary: event.summary,
                logTail: event.logTail,
              }
            : h,
        ),
      };
    case 'approval-requested':
      return {
        ...record,
        ...(record.state === 'paused' ? {} : { ...waitFor(event, at), until: null }),
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
      return {
        ...record,
        ...enter('paused', at, event.reason, event.message ?? `paused by ${event.actor.name}`),
        until: event.until ?? null,
      };
    case 'resumed':
      return { ...record, ...goOn(record, at), until: null };
    case 'advanced':
    case 'wave-finished':
      return record;
    case 'hold-extended':
      return {
        ...record,
        ...waitsFor(record, event.cause, event.message, at),
        ...(record.state === 'paused' ? {} : { until: event.until }),
      };
    case 'blocked':
      return { ...record, ...waitsFor(record, event.reason, event.message, at) };
    case 'cleared':
      return record.reason === event.reason ? { ...record, ...unblock(record, at), until: null } : record;
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
      return {
        ...record,
        ...end('planned', at, null, event.sentence),
        difference: event.difference ?? record.difference,
      };
  }
}

function enter(state: ReleaseState, at: number, reason: string | null = null, message: string | null = null) {
  return { state, reason, message, since: at };
}

function end(state: ReleaseState, at: number, reason: string | null, message: string) {
  return { ...enter(state, at, reason, message), behind: null, until: null, endedAt: at };
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
  const { service, alias, stable, canary, weight } = event;
  const others = traffic.filter((t) => t.service !== service || t.alias !== alias);
  return [...others, { service, alias, stable, canary, weight, ...whereIs(event), at }];
}

function isHook(record: HookRecord, event: Pick<HookRecord, 'step' | 'when' | 'name'>): boolean {
  return record.step === event.step && record.when === event.when && record.name === event.name;
}

function startHook(
  { step, when, name }: Extract<ReleaseEvent, { type: 'hook-started' }>,
  at: number,
): HookRecord {
  return { step, when, name, state: 'running', startedAt: at, endedAt: null, summary: null, logTail: [] };
}

function requestApproval(
  event: Extract<ReleaseEvent, { type: 'approval-requested' }>,
  at: number,
): ApprovalRecord {
  const { step, role, count, notAuthor, until, reason, message } = event;
  const why = { ...(reason !== undefined && { reason }), ...(message !== undefined && { message }) };
  return { step, role, count, notAuthor, until, ...why, requestedAt: at, outcome: null, decisions: [] };
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

function waitFor({ role, reason, message }: Pick<ApprovalRecord, 'role' | 'reason' | 'message'>, at: number) {
  return enter('waiting-approval', at, reason ?? 'approval', message ?? `waits for ${role}`);
}

/** The same state with a reason; what a person paused stays paused by that person. */
function waitsFor(record: ReleaseProgress, reason: string, message: string, at: number) {
  return record.state === 'paused' ? {} : enter(record.state, at, reason, message);
}

/** Running, or still waiting for the approval that was open before. */
function goOn(record: ReleaseProgress, at: number) {
  const open = record.approvals.find((a) => a.outcome === null);
  return open ? waitFor(open, at) : enter('running', at);
}

/** The same state without the reason that is gone; what it waited for before is what it waits for again. */
function unblock(record: ReleaseProgress, at: number) {
  return record.state === 'waiting-approval' ? goOn(record, at) : enter(record.state, at);
}
