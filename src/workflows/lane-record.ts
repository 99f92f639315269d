/** Events of a record that no release workflow writes: the lane numbers them itself, in their order. */
import type { ReleaseEvent } from '../domain/release/events.ts';
import { store } from './proxies.ts';

export type LaneRecorder = (events: readonly ReleaseEvent[]) => Promise<void>;

/** A recorder from the first event on. */
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
