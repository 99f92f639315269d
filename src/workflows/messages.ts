/**
 * Names and payloads of everything that reaches a workflow from outside. The API imports this file alone; it holds
 * no workflow code, so that the API never loads the sandbox. A signal says "take note", an update asks "may I, and
 * what came of it?", a query only looks.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Actor } from '../domain/release/events.ts';
import type { InWave } from '../domain/release/in-wave.ts';
import type { Look } from '../domain/analysis/look.ts';

/** Task queues. Watching never takes a slot from moving traffic. */
export const TASK_QUEUES = {
  main: 'sluice',
  watch: 'sluice-watch',
  traffic: 'sluice-traffic',
  build: 'sluice-build',
} as const;

export const WORKFLOW_TYPES = { lane: 'lane', release: 'release' } as const;

/** One lane per project environment. */
export function laneWorkflowId(project: string, environment: string): string {
  return `lane:${project}.${environment}`;
}

export function releaseWorkflowId(releaseId: string): string {
  return `release:${releaseId}`;
}

/** A stored release that its lane shall run. Ids only: the release's activities read the rest from the store. */
export interface QueuedRelease {
  readonly releaseId: string;
  /** Unix milliseconds at which the release was stored. */
  readonly storedAt: number;
  /** From 2 on: it failed before and was asked for again. */
  readonly attempt?: number;
  /** Next free sequence number of its events; left out: 1. */
  readonly nextSeq?: number;
}

/** A release that waits in the lane; its events so far were recorded by the lane. */
export interface WaitingRelease extends QueuedRelease {
  /** Next free sequence number of the release's events. */
  readonly nextSeq: number;
  /** Why it waits, as its record says; left out: nothing was recorded yet. */
  readonly note?: QueuedNote;
}

/** Why a release waits: what its `queued` event says. */
export interface QueuedNote {
  readonly reason: 'behind' | 'freeze' | 'rollback';
  readonly behind: string | null;
  /** Unix milliseconds; `null`: no end is known. */
  readonly until: number | null;
  readonly message: string | null;
}

/** What a freeze says to a release that runs. */
export interface FreezeWord {
  readonly reason: string;
  /** Unix milliseconds; `null`: until somebody ends it. */
  readonly until: number | null;
  readonly underWay: 'hold' | 'roll-back';
}

export interface LaneInput {
  readonly schema: 1;
  readonly project: string;
  readonly environment: string;
  /** Carried through continue-as-new; empty at first start. */
  readonly waiting: readonly WaitingRelease[];
  readonly running: string | null;
  /** Which try of the running release that is; left out: the first. */
  readonly attempt?: number;
  /** Releases that the lane has seen lately: a repeated hand-over is ignored. */
  readonly known: readonly string[];
  /** What the running release was told of a freeze. */
  readonly told?: FreezeWord | null;
  readonly replaced?: Replaced | null;
}

/** A running release that was told to make way for a newer one. */
export interface Replaced {
  readonly releaseId: string;
  readonly by: string;
}

export interface ReleaseInput {
  readonly schema: 1;
  readonly releaseId: string;
  readonly project: string;
  readonly environment: string;
  /** Next free sequence number of the release's events. */
  readonly nextSeq: number;
  /** From 2 on: what the try before did is kept. */
  readonly attempt?: number;
}

/** Outbox → lane, by signal-with-start; at least once. In the order in which they were stored. */
export const pushesSignal = defineSignal<[readonly QueuedRelease[]]>('pushes');
/** The same, one at a time, from dispatchers of before. */
export const pushSignal = defineSignal<[QueuedRelease]>('push');
/** Lane → release: end now, for the reason given; a person asked the lane for something else. */
export const stopSignal = defineSignal<[PersonsAct]>('stop');
/** Watch → release: a look worth an event (the verdict changed, or enough looks went by). */
export const lookSignal = defineSignal<[Look]>('look');
/** Watch → release: an alias is not where the release last put it; the release checks it. */
export const aliasSignal = defineSignal<[{ readonly service: string }]>('alias');
/** Lane → release: a freeze began or changed; `null`: it is over. A freeze that lets releases finish is not told. */
export const freezeSignal = defineSignal<[{ readonly freeze: FreezeWord | null }]>('freeze');
/** Lane → release: take the traffic back and end, superseded by that release. */
export const replaceSignal = defineSignal<[{ readonly by: string }]>('replace');
export interface BakeHarm {
  readonly releaseId: string;
  readonly alias: string;
  /** Why, for people. */
  readonly sentence: string;
  /** Per service: the version to go back to, and the one that is left. */
  readonly targets: readonly (InWave & {
    readonly service: string;
    readonly version: string;
    readonly left: string;
  })[];
  /** Newest override when the harm was found. */
  readonly afterOverride: number;
}
/** Release → lane: a promoted release turned out harmful in its bake time. */
export const bakeHarmSignal = defineSignal<[BakeHarm]>('bakeHarm');
/** Lane → release: while it is being made, what is live goes back to another version. */
export const wentBackSignal = defineSignal<[{ readonly targets: BakeHarm['targets'] }]>('wentBack');
/** Worker → lane: freezes or who may pass them have changed. */
export const laneNoticeSignal = defineSignal('laneNotice');
/** Release → lane: the traffic is free again (promoted or ended). */
export const laneFreeSignal =
  defineSignal<[{ readonly releaseId: string; readonly attempt?: number }]>('laneFree');

export interface LaneView {
  readonly running: string | null;
  readonly waiting: readonly string[];
}
export const laneQuery = defineQuery<LaneView>('lane');

/** A person's act on a release. `actor.role` was established by the API from the token. */
export interface PersonsAct {
  readonly actor: Actor;
  readonly comment: string;
}
export interface Decision extends PersonsAct {
  readonly step: number;
  /** The newest look, as it stood on the screen. */
  readonly evidence: Look | null;
}
/** What came of an act. */
export interface ActOutcome {
  readonly outcome: string;
}

export const approveUpdate = defineUpdate<ActOutcome, [Decision]>('approve');
export const rejectUpdate = defineUpdate<ActOutcome, [Decision]>('reject');
export const abortUpdate = defineUpdate<ActOutcome, [PersonsAct]>('abort');
export const pauseUpdate = defineUpdate<ActOutcome, [PersonsAct]>('pause');
export const resumeUpdate = defineUpdate<ActOutcome, [PersonsAct]>('resume');

export interface SkipAct extends PersonsAct {
  /** Step (0-based) whose hold is meant; `null`: whichever it is at. */
  readonly step: number | null;
}
export const skipUpdate = defineUpdate<ActOutcome, [SkipAct]>('skip');
export const promoteUpdate = defineUpdate<ActOutcome, [PersonsAct]>('promote');
/** An alias that was changed outside is set as planned again, or left as it is. */
export const takeOverUpdate = defineUpdate<ActOutcome, [PersonsAct]>('takeOver');
export const yieldUpdate = defineUpdate<ActOutcome, [PersonsAct]>('yield');

/** Lane update: end a release that waits. */
export const abortQueuedUpdate = defineUpdate<ActOutcome, [PersonsAct & { readonly releaseId: string }]>(
  'abortQueued',
);

/** Lane update: point the environment's alias at an older version at once, ending a running release first. */
export interface RollbackRequest extends PersonsAct {
  /** Per service: the version to go to. */
  readonly targets: readonly { readonly service: string; readonly version: string }[];
  /** Id of the newest override when the person asked: a request that is carried out late yields to later ones. */
  readonly afterOverride: number;
  /** Of the request's own record, the same for all its tries; left out by an API of before: it gets none. */
  readonly record?: string;
}
export const rollbackUpdate = defineUpdate<ActOutcome, [RollbackRequest]>('rollback');

/**
 * Failure types of updates. The API maps them to problem documents: `forbidden` → 403, `conflict` → 409.
 * Their first `details` entry, where present, is `{code, decision?}`.
 */
export const ACT_FAILURES = { forbidden: 'forbidden', conflict: 'conflict' } as const;

/** Code of the refusal of `abortQueuedUpdate` when the release has begun, or has not reached its lane yet. */
export const NOT_QUEUED = 'not-queued';
