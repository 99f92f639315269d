/**
 * What a lane knows and how it changes: pure, so that every order of pushes, ends and freezes can be tried without
 * Temporal. People and releases change the state; `settle` alone decides what is to be done about it.
 */
import type { LaneFacts, LaneFreeze } from '../activities/contract.ts';
import { freezeText } from '../domain/freeze/text.ts';
import { DEFAULT_SUPERSEDE } from '../domain/plan/supersede.ts';
import { because } from '../domain/release/words.ts';
import type { ReleaseEvent } from '../domain/release/events.ts';
import type {
  FreezeWord,
  LaneInput,
  LaneView,
  PersonsAct,
  QueuedNote,
  QueuedRelease,
  Replaced,
  WaitingRelease,
} from './messages.ts';

export interface LaneState {
  /** Oldest first. */
  readonly waiting: readonly WaitingRelease[];
  /** Release that holds the traffic. */
  readonly running: string | null;
  /** Which try of it that is, from 1. */
  readonly attempt: number;
  /** A person's rollback is under way: nothing starts meanwhile. Never true at continue-as-new. */
  readonly held: boolean;
  /** Releases seen lately, oldest first: a repeated hand-over is ignored. */
  readonly known: readonly string[];
  /** What the running release was told of a freeze. */
  readonly told: FreezeWord | null;
  /** The running release, or the one before, was told to make way; kept until the next one starts. */
  readonly replaced: Replaced | null;
}

export type LaneEffect =
  | {
      readonly kind: 'record';
      readonly releaseId: string;
      readonly seq: number;
      readonly event: ReleaseEvent;
    }
  | { readonly kind: 'start'; readonly release: WaitingRelease }
  | { readonly kind: 'freeze'; readonly releaseId: string; readonly freeze: FreezeWord | null }
  | { readonly kind: 'replace'; readonly releaseId: string; readonly by: string }
  /** LATEST follows a person's rollback, so that the code that was left cannot ride along with the next publish. */
  | {
      readonly kind: 'restore';
      readonly service: string;
      readonly version: string;
      readonly functions: readonly string[];
      readonly deployed: string | null;
    };

export interface LaneStep {
  readonly state: LaneState;
  /** To be done in this order. */
  readonly effects: readonly LaneEffect[];
}

/** How many past releases a lane remembers: far more than an outbox can have open at once for one environment. */
const REMEMBERED = 500;

/** The state that a (continued) lane begins with. */
export function laneStateOf(input: LaneInput): LaneState {
  const { waiting, running, known, attempt = 1, told = null, replaced = null } = input;
  return { waiting, running, attempt, known, held: false, told, replaced };
}

/** The view that people ask for. */
export function laneView(state: LaneState): LaneView {
  return { running: state.running, waiting: state.waiting.map((release) => release.releaseId) };
}

/** A release was handed over; a repeated hand-over changes nothing. */
export function arrive(state: LaneState, queued: QueuedRelease): LaneState {
  const { releaseId, attempt = 1 } = queued;
  const key = attempt === 1 ? releaseId : `${releaseId}#${attempt}`;
  if (state.known.includes(key)) return state;
  const known = [...state.known, key].slice(-REMEMBERED);
  const arrived = { ...queued, nextSeq: queued.nextSeq ?? 1 };
  // What is tried again stands where it was stored: it must not take the place of a newer push that waits.
  const newer = attempt === 1 ? -1 : state.waiting.findIndex(({ storedAt }) => storedAt > queued.storedAt);
  const place = newer === -1 ? state.waiting.length : newer;
  return { ...state, known, waiting: state.waiting.toSpliced(place, 0, arrived) };
}

/** The running release ended or was promoted. A late word of an earlier release, or of an earlier try, changes nothing. */
export function free(state: LaneState, releaseId: string, attempt = state.attempt): LaneState {
  const isIt = state.running === releaseId && attempt === state.attempt;
  return isIt ? { ...state, running: null, told: null } : state;
}

/** A person's rollback takes the lane, or lets it go. */
export function hold(state: LaneState, held: boolean): LaneState {
  return { ...state, held };
}

/** A person ends a release that waits; nothing happens when it does not. */
export function drop(state: LaneState, releaseId: string, { actor, comment }: PersonsAct): LaneStep {
  const dropped = state.waiting.find((waiting) => waiting.releaseId === releaseId);
  if (dropped === undefined) return { state, effects: [] };
  const sentence = `aborted by ${actor.name} before it began${because(comment)}`;
  return {
    state: { ...state, waiting: state.waiting.filter((waiting) => waiting !== dropped) },
    effects: [recordOf(dropped, { type: 'aborted', actor, sentence })],
  };
}

/**
 * Decides: who gives way to whom, who starts, what the running release is told, and what each release waits for.
 *
 * @param facts as read after the last change; a release that they do not name is left for the next time. `null` in
 *   lanes of before, which knew none and changed nothing that they had recorded
 */
export function settle(before: LaneState, facts: LaneFacts | null): LaneStep {
  const isNamed = ({ releaseId }: WaitingRelease): boolean => facts === null || releaseId in facts.frozen;
  const freezeOf = (releaseId: string): LaneFreeze | null => facts?.frozen[releaseId] ?? null;
  const named = before.waiting.filter(isNamed);
  const policy = facts?.supersede ?? DEFAULT_SUPERSEDE;

  const givers = new Map<string, string>();
  if (policy !== 'queue')
    named.forEach((older, index) => {
      const isFree = freezeOf(older.releaseId) === null;
      // Whoever may pass a freeze is often the way out of trouble; it does not give way to one that has to wait.
      const taker = named
        .slice(index + 1)
        .findLast(({ releaseId }) => !isFree || freezeOf(releaseId) === null);
      if (taker) givers.set(older.releaseId, taker.releaseId);
    });
  const effects: LaneEffect[] = [];
  for (const older of named) {
    const by = givers.get(older.releaseId);
    if (by !== undefined) effects.push(recordOf(older, { type: 'superseded', by }));
  }

  const linksOf = (releaseId: string): string[] =>
    [...givers].filter(([, by]) => by === releaseId).map(([older]) => older);
  const staying = named.filter(({ releaseId }) => !givers.has(releaseId));
  const ready = staying.filter(({ releaseId }) => freezeOf(releaseId) === null);
  const frozen = staying.filter(({ releaseId }) => freezeOf(releaseId) !== null);
  const state = before.held ? before : moveOn(before, { ready, facts, policy, linksOf }, effects);
  // What was started does not wait any more. Its id alone does not say so: a release that is tried again may wait for
  // the end of its own first try.
  const started = state.running === before.running ? null : state.running;
  const line = [...ready, ...frozen].filter(({ releaseId }) => releaseId !== started);
  const noted = line.map((waiting, index) => {
    const front = line[index - 1]?.releaseId ?? state.running;
    const note = noteOf(freezeOf(waiting.releaseId), front, state.held);
    if (facts === null && waiting.note !== undefined) return waiting;
    const supersedes = linksOf(waiting.releaseId);
    if (supersedes.length === 0 && isSame(waiting.note, note)) return waiting;
    effects.push(recordOf(waiting, queuedEvent(note, supersedes)));
    return { ...waiting, nextSeq: waiting.nextSeq + 1, note };
  });
  const order = (releaseId: string): number => before.waiting.findIndex((w) => w.releaseId === releaseId);
  const waiting = [...noted, ...before.waiting.filter((one) => !isNamed(one))].toSorted(
    (a, b) => order(a.releaseId) - order(b.releaseId),
  );
  return { state: { ...state, waiting }, effects };
}

interface Situation {
  /** Releases that may start, oldest first. */
  readonly ready: readonly WaitingRelease[];
  readonly facts: LaneFacts | null;
  readonly policy: LaneFacts['supersede'];
  /** Releases whose place a release has just taken. */
  readonly linksOf: (releaseId: string) => readonly string[];
}

/** Starts the next release, or tells the running one what it must know. */
function moveOn(
  state: LaneState,
  { ready, facts, policy, linksOf }: Situation,
  effects: LaneEffect[],
): LaneState {
  const { running, replaced } = state;
  if (running === null) {
    const [next] = ready;
    if (next === undefined) return state;
    const made = facts?.replaced === true && replaced !== null ? [replaced.releaseId] : [];
    effects.push(...startOf(next, [...linksOf(next.releaseId), ...made]));
    return { ...state, running: next.releaseId, attempt: next.attempt ?? 1, told: null, replaced: null };
  }
  if (facts === null || !(running in facts.frozen)) return state;
  let after = state;
  const newest = ready.at(-1);
  if (policy === 'replace' && newest !== undefined && replaced?.releaseId !== running) {
    effects.push({ kind: 'replace', releaseId: running, by: newest.releaseId });
    after = { ...after, replaced: { releaseId: running, by: newest.releaseId } };
  }
  const word = wordOf(facts.frozen[running] ?? null);
  if (isSame(state.told, word)) return after;
  effects.push({ kind: 'freeze', releaseId: running, freeze: word });
  return { ...after, told: word };
}

/** A release whose start is the first that is heard of it has its links recorded before. */
function startOf(next: WaitingRelease, supersedes: readonly string[]): LaneEffect[] {
  if (supersedes.length === 0) return [{ kind: 'start', release: next }];
  const message = `starts, in the place of ${supersedes.join(', ')}`;
  const event: ReleaseEvent = { type: 'queued', reason: null, behind: null, message, supersedes };
  return [recordOf(next, event), { kind: 'start', release: { ...next, nextSeq: next.nextSeq + 1 } }];
}

/** A freeze that lets releases finish is nothing to the one that runs. */
function wordOf(freeze: LaneFreeze | null): FreezeWord | null {
  if (freeze === null || freeze.underWay === 'finish') return null;
  return { reason: freeze.reason, until: freeze.until, underWay: freeze.underWay };
}

function noteOf(freeze: LaneFreeze | null, front: string | null, held: boolean): QueuedNote {
  if (freeze !== null)
    return { reason: 'freeze', behind: front, until: freeze.until, message: freezeText(freeze) };
  if (front !== null) return { reason: 'behind', behind: front, until: null, message: null };
  if (held) return { reason: 'rollback', behind: null, until: null, message: 'waits for a rollback by hand' };
  throw new Error('a release that nothing stops starts');
}

function queuedEvent(
  { reason, behind, until, message }: QueuedNote,
  supersedes: readonly string[],
): ReleaseEvent {
  return {
    type: 'queued',
    reason,
    behind,
    ...(until !== null && { until }),
    ...(message !== null && { message }),
    ...(supersedes.length > 0 && { supersedes }),
  };
}

function recordOf({ releaseId, nextSeq }: WaitingRelease, event: ReleaseEvent): LaneEffect {
  return { kind: 'record', releaseId, seq: nextSeq, event };
}

/** Plain values with the same members, in the order in which this file writes them. */
function isSame(a: object | null | undefined, b: object | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
