/** Events that no release workflow writes: those of a record of the lane's own, and those of releases that wait. */
import type { ReleaseEvent } from '../domain/release/events.ts';
import type { LaneEffect } from './lane-state.ts';
import { store } from './proxies.ts';

export type LaneRecorder = (events: readonly ReleaseEvent[]) => Promise<void>;

/** A recorder from the first event on: the lane numbers them itself, in their order. */
export function recorderOf(releaseId: string): LaneRecorder {
  let seq = 0;
  return (events) =>
    store.record({
      releaseId,
      events: events.map((event) => {
        seq += 1;
        return { seq, at: Date.now(), event };
      }),
    });
}

type RecordEffect = Extract<LaneEffect, { kind: 'record' }>;

/** Events of one call: a burst that was superseded at once has hundreds. */
const MOST_TOGETHER = 100;

/** The records that come before anything else that is to be done. */
export function recordsInFront(effects: readonly LaneEffect[]): readonly RecordEffect[] {
  const records: RecordEffect[] = [];
  for (const effect of effects.slice(0, MOST_TOGETHER)) {
    if (effect.kind !== 'record') break;
    records.push(effect);
  }
  return records;
}

export function recordOne({ releaseId, seq, event }: RecordEffect): Promise<void> {
  return store.record({ releaseId, events: [{ seq, at: Date.now(), event }] });
}

/** In one transaction: each of them alone waits for the disk, and a task of the workflow. */
export function recordTogether(records: readonly RecordEffect[]): Promise<void> {
  const at = Date.now();
  return store.recordTogether({
    events: records.map(({ releaseId, seq, event }) => ({ releaseId, seq, at, event })),
  });
}
