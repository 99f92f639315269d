/** Writes what happened, and reads the little that a workflow asks for. */
import { newestLookOf } from '../../store/evaluations.ts';
import { recordEvent, recordEvents } from '../../store/events.ts';
import { findRelease } from '../../store/releases.ts';
import { hasEnded } from '../../domain/release/states.ts';
import type { Activities } from '../contract.ts';
import type { Parts } from '../parts.ts';

export function recordActivities({
  db,
}: Parts): Pick<Activities, 'record' | 'recordTogether' | 'releaseHasEnded' | 'newestLook'> {
  return {
    async record({ releaseId, events }) {
      // One transaction an event: each repeats alone, and readers see them one by one.
      for (const { seq, at, event } of events) await recordEvent(db, { releaseId, seq, at, event });
    },
    async recordTogether({ events }) {
      await recordEvents(db, events);
    },
    async releaseHasEnded({ releaseId }) {
      const release = await findRelease(db, releaseId);
      return release === undefined || hasEnded(release.progress.state);
    },
    newestLook: async ({ releaseId }) => (await newestLookOf(db, releaseId)) ?? null,
  };
}
