/** Which events of a release are sent out, and how urgent each is. */
import type { ReleaseEvent } from '../release/events.ts';

/** `info`: nobody has to do anything. `ask`: somebody has to decide. `alarm`: traffic is or was in danger. */
export type Severity = 'info' | 'ask' | 'alarm';

/** Every type of event, and whether it is sent where nobody says which are. */
const USUAL: Readonly<Record<ReleaseEvent['type'], boolean>> = {
  queued: false,
  started: false,
  superseded: true,
  planned: false,
  'stage-started': false,
  'stage-finished': false,
  'stage-failed': false,
  'hook-started': false,
  'hook-finished': false,
  versions: false,
  traffic: false,
  'step-started': false,
  'wave-finished': false,
  'step-finished': false,
  'approval-requested': true,
  'approval-decided': false,
  'approval-closed': true,
  paused: true,
  resumed: false,
  retried: false,
  advanced: false,
  'hold-extended': true,
  blocked: true,
  cleared: true,
  verdict: false,
  promoted: true,
  'rollback-started': true,
  'rolled-back': true,
  rejected: true,
  aborted: true,
  failed: true,
  unchanged: false,
  'dry-run-finished': false,
};

export type EventType = ReleaseEvent['type'];

export const EVENT_TYPES = Object.keys(USUAL) as [EventType, ...EventType[]];
export const USUAL_EVENTS: readonly EventType[] = EVENT_TYPES.filter((type) => USUAL[type]);

/** Waits that are nobody's trouble. */
const ORDERLY_WAITS: ReadonlySet<string> = new Set(['freeze', 'service-locked']);
/** A person is asked, and the canary keeps its traffic until somebody answers. */
const STUCK_ROLLBACKS: ReadonlySet<string> = new Set(['stable-gone', 'rollback-refused']);
/** Somebody wanted it. */
const WANTED_ROLLBACKS: ReadonlySet<string> = new Set([
  'person',
  'rejected',
  'aborted',
  'superseded',
  'freeze',
]);

export function severityOf(event: ReleaseEvent): Severity {
  switch (event.type) {
    case 'approval-requested':
      return 'ask';
    case 'paused':
      if (STUCK_ROLLBACKS.has(event.reason)) return 'alarm';
      return event.actor.kind === 'system' && !ORDERLY_WAITS.has(event.reason) ? 'ask' : 'info';
    case 'approval-closed':
      return event.outcome === 'timed-out' ? 'alarm' : 'info';
    case 'blocked':
      if (event.reason === 'bake-doubt') return 'ask';
      return ORDERLY_WAITS.has(event.reason) ? 'info' : 'alarm';
    case 'rollback-started':
    case 'rolled-back':
      return WANTED_ROLLBACKS.has(event.cause) ? 'info' : 'alarm';
    case 'stage-failed':
      return event.stage === 'rollback' ? 'alarm' : 'info';
    case 'failed':
      return 'alarm';
    default:
      return 'info';
  }
}

/**
 * The types that go to a channel: what the channel names is the record's word and holds whatever a commit says; then
 * what the commit's plan names for its environment; then the usual ones.
 */
export function wantedEvents(
  channel: readonly string[] | null,
  plan: readonly string[] | undefined,
): readonly string[] {
  return channel ?? plan ?? USUAL_EVENTS;
}
