/**
 * A notification as every channel gets it. Made from what is stored, so that each try of a delivery sends the same
 * bytes; the sentence is the one of the page and the command line.
 */
import { eventText } from '../release/event-text.ts';
import type { ReleaseEvent } from '../release/events.ts';
import type { ReleaseCause, ReleaseState } from '../release/states.ts';
import { severityOf, type EventType, type Severity } from './events.ts';

export interface NotificationMessage {
  readonly schema: 1;
  /** The delivery: the same over all tries. */
  readonly id: string;
  readonly event: EventType | 'test';
  /** ISO 8601: when it happened. */
  readonly at: string;
  readonly severity: Severity;
  readonly sentence: string;
  readonly project: string;
  readonly environment: string | null;
  /** The page to look at, which asks people to sign in. */
  readonly url: string;
  /** `null`: a message to try the channel. */
  readonly release: {
    readonly id: string;
    readonly number: number;
    /** Place of the event among the release's events: a receiver that wants their order sorts by it. */
    readonly seq: number;
    /** After the event. */
    readonly state: ReleaseState;
    readonly cause: ReleaseCause;
    readonly ref: string;
    readonly commit: string;
    readonly author: string;
    readonly message: string;
    /** ISO 8601; `null` while the commit has not been read. */
    readonly committedAt: string | null;
  } | null;
}

export interface ToldEvent {
  readonly event: ReleaseEvent;
  /** Unix milliseconds. */
  readonly at: number;
  readonly project: string;
  readonly environment: string;
  readonly release: NonNullable<NotificationMessage['release']>;
}

/** @param consoleUrl address of the console, without a path */
export function eventMessage(id: string, told: ToldEvent, consoleUrl: string): NotificationMessage {
  return {
    schema: 1,
    id,
    event: told.event.type,
    at: new Date(told.at).toISOString(),
    severity: severityOf(told.event),
    sentence: eventText(told.event),
    project: told.project,
    environment: told.environment,
    url: `${consoleUrl.replace(/\/$/, '')}/releases/${told.release.id}`,
    release: told.release,
  };
}

export function testMessage(
  id: string,
  { project, channel, actor, at }: Readonly<Record<'project' | 'channel' | 'actor', string>> & { at: number },
  consoleUrl: string,
): NotificationMessage {
  return {
    schema: 1,
    id,
    event: 'test',
    at: new Date(at).toISOString(),
    severity: 'info',
    sentence: `${actor} tries the channel ${channel} of ${project}`,
    project,
    environment: null,
    url: consoleUrl,
    release: null,
  };
}
