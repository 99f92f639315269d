/** Why a release stopped, in the words and causes of its events. */
import { SLUICE, type Actor, type RollbackCause } from '../../domain/release/events.ts';
import { because } from '../../domain/release/words.ts';
import type { Stop } from './control.ts';

/** One sentence for people. */
export function sayStop(stop: Stop): string {
  switch (stop.cause) {
    case 'harmful':
      return stop.look.sentence;
    case 'rejected':
      return `rejected by ${stop.actor.name}${because(stop.comment)}`;
    case 'aborted':
      return `aborted by ${stop.actor.name}${because(stop.comment)}`;
    case 'approval-timeout':
      return `nobody approved step ${stop.step + 1} in time`;
    case 'watch-failed':
      return `the canary could not be watched: ${stop.message}`;
    case 'superseded':
      return `taken back for the newer release ${stop.by}`;
    case 'freeze':
      return `taken back by a freeze: ${stop.reason}`;
  }
}

/** Who caused it. */
export function stopActor(stop: Stop): Actor {
  return stop.cause === 'rejected' || stop.cause === 'aborted' ? stop.actor : SLUICE;
}

/** The cause as it stands in the record of a rollback. */
export function rollbackCauseOf(stop: Stop): RollbackCause {
  return stop.cause === 'watch-failed' ? 'stage-failed' : stop.cause;
}
