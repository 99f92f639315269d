import { describe, expect, test } from 'vitest';
import {
  free,
  hold,
  laneStateOf,
  laneView,
  letGo,
  push,
  type LaneState,
  type LaneStep,
} from './lane-state.ts';
import type { QueuedRelease } from './messages.ts';

const EMPTY: LaneState = laneStateOf({
  schema: 1,
  project: 'shop',
  environment: 'production',
  waiting: [],
  running: null,
  known: [],
});

function queued(releaseId: string): QueuedRelease {
  return { releaseId, storedAt: 0 };
}

function pushAll(...ids: string[]): LaneStep {
  return ids.reduce<LaneStep>(
    (step, id) => {
      const next = push(step.state, queued(id));
      return { state: next.state, effects: [...step.effects, ...next.effects] };
    },
    { state: EMPTY, effects: [] },
  );
}

describe('lane', () => {
  test('starts a release at once when it is free', () => {
    const { state, effects } = pushAll('a');
    expect(laneView(state)).toEqual({ running: 'a', waiting: [] });
    expect(effects).toEqual([{ kind: 'start', release: { releaseId: 'a', storedAt: 0, nextSeq: 1 } }]);
  });

  test('queues behind the running release and says behind whom', () => {
    const { state, effects } = pushAll('a', 'b');
    expect(laneView(state)).toEqual({ running: 'a', waiting: ['b'] });
    expect(effects.at(-1)).toEqual({
      kind: 'record',
      releaseId: 'b',
      seq: 1,
      event: { type: 'queued', reason: 'behind', behind: 'a' },
    });
  });

  test('lets the newest waiting release supersede the older one, never the running one', () => {
    const { state, effects } = pushAll('a', 'b', 'c');
    expect(laneView(state)).toEqual({ running: 'a', waiting: ['c'] });
    expect(effects).toContainEqual({
      kind: 'record',
      releaseId: 'b',
      seq: 2,
      event: { type: 'superseded', by: 'c' },
    });
  });

  test('ignores a hand-over that it knows — the outbox delivers at least once', () => {
    const { state } = pushAll('a', 'b');
    for (const id of ['a', 'b']) expect(push(state, queued(id))).toEqual({ state, effects: [] });
  });

  test('starts the waiting release when the running one is done, with the next free sequence number', () => {
    const { state, effects } = free(pushAll('a', 'b').state, 'a');
    expect(laneView(state)).toEqual({ running: 'b', waiting: [] });
    expect(effects).toEqual([{ kind: 'start', release: { releaseId: 'b', storedAt: 0, nextSeq: 2 } }]);
  });

  test('ignores a late word of an earlier release — it must not free the lane of the present one', () => {
    const state = free(pushAll('a', 'b').state, 'a').state;
    expect(free(state, 'a')).toEqual({ state, effects: [] });
  });

  test('starts nothing while a person rolls back, and goes on afterwards', () => {
    const held = free(hold(pushAll('a', 'b').state), 'a');
    expect(held.effects).toEqual([]);
    const later = push(held.state, queued('c'));
    expect(later.effects.at(-1)).toMatchObject({
      event: { type: 'queued', reason: 'rollback', behind: null },
    });
    const { state, effects } = letGo(later.state);
    expect(laneView(state)).toEqual({ running: 'c', waiting: [] });
    expect(effects).toHaveLength(1);
  });

  test('remembers a bounded number of releases — a lane lives for years', () => {
    const ids = Array.from({ length: 700 }, (_, index) => `r${index}`);
    expect(pushAll(...ids).state.known).toHaveLength(500);
  });
});
