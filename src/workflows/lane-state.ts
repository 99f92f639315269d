/**
 * What a lane knows and how it changes: pure, so that every order of pushes and ends can be tried without Temporal.
 * A transition returns the new state and what is to be done about it; the workflow does it in that order.
 */
import type { ReleaseEvent } from '../domain/release/events.ts';
import type { LaneInput, LaneView, QueuedRelease, WaitingRelease } from './messages.ts';

export interface LaneState {
  /** Oldest first. At most one, but for the moment in which a newer one supersedes it. */
  readonly waiting: readonly WaitingRelease[];
  /** Release that holds the traffic. */
  readonly running: string | null;
  /** A person's rollback is under way: nothing starts meanwhile. Never true at continue-as-new. */
  readonly held: boolean;
  /** Releases seen lately, oldest first: a repeated hand-over is ignored. */
  readonly known: readonly string[];
}

export type LaneEffect =
  | {
      readonly kind: 'record';
      readonly releaseId: string;
      readonly seq: number;
      readonly event: ReleaseEvent;
    }
  | { readonly kind: 'start'; readonly release: WaitingRelease }
  /** LATEST follows a person's rollback, so that the code that was left cannot ride along with the next publish. */
  | {
      readonly kind: 'restore';
      readonly service: string;
      readonly version: string;
      readonly functions: readonly string[];
    };

export interface LaneStep {
  readonly state: LaneState;
  readonly effects: readonly LaneEffect[];
}

/** How many past releases a lane remembers: far more than an outbox can have open at once for one environment. */
const REMEMBERED = 500;

/** The state that a (continued) lane begins with. */
export function laneStateOf(input: LaneInput): LaneState {
  return { waiting: input.waiting, running: input.running, known: input.known, held: false };
}

/** The view that people ask for. */
export function laneView(state: LaneState): LaneView {
  return { running: state.running, waiting: state.waiting.map((release) => release.releaseId) };
}

/** A release was handed over: it starts when the lane is free, else it waits and supersedes whoever waited before. */
export function push(state: LaneState, queued: QueuedRelease): LaneStep {
  if (state.known.includes(queued.releaseId)) return { state, effects: [] };
  const known = [...state.known, queued.releaseId].slice(-REMEMBERED);
  const arrived: WaitingRelease = { releaseId: queued.releaseId, storedAt: queued.storedAt, nextSeq: 1 };
  if (state.running === null && !state.held && state.waiting.length === 0)
    return startNext({ ...state, known, waiting: [arrived] });

  const superseded = state.waiting.map((older): LaneEffect => ({
    kind: 'record',
    releaseId: older.releaseId,
    seq: older.nextSeq,
    event: { type: 'superseded', by: arrived.releaseId },
  }));
  const queuedEvent: LaneEffect = {
    kind: 'record',
    releaseId: arrived.releaseId,
    seq: arrived.nextSeq,
    event:
      state.running === null
        ? { type: 'queued', reason: 'rollback', behind: null }
        : { type: 'queued', reason: 'behind', behind: state.running },
  };
  return {
    state: { ...state, known, waiting: [{ ...arrived, nextSeq: arrived.nextSeq + 1 }] },
    effects: [...superseded, queuedEvent],
  };
}

/** The running release ended or was promoted: the next one starts. A late word of an earlier release changes nothing. */
export function free(state: LaneState, releaseId: string): LaneStep {
  if (state.running !== releaseId) return { state, effects: [] };
  return startNext({ ...state, running: null });
}

/** A person's rollback takes the lane. */
export function hold(state: LaneState): LaneState {
  return { ...state, held: true };
}

/** The rollback is over: whoever waits may start. */
export function letGo(state: LaneState): LaneStep {
  return startNext({ ...state, held: false });
}

function startNext(state: LaneState): LaneStep {
  const next = state.waiting.at(-1);
  if (state.running !== null || state.held || next === undefined) return { state, effects: [] };
  return {
    state: { ...state, running: next.releaseId, waiting: [] },
    effects: [{ kind: 'start', release: next }],
  };
}
