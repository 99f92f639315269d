/**
 * Sends what waits in the outbox of notifications. At least once, each try under the same delivery id; a message that
 * nobody accepts is tried with growing pauses for a day and then given up, which the API shows.
 */
import type { ChannelAnswer } from '../activities/notify/channel.ts';
import { CHANNELS } from '../activities/notify/channels.ts';
import { eventMessage, testMessage, type NotificationMessage } from '../domain/notify/message.ts';
import { ensureError } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import {
  claimNotifications,
  endNotification,
  NOTIFICATIONS_CHANNEL,
  postponeNotification,
  type ClaimedNotification,
} from '../store/notifications.ts';
import type { Db } from '../store/store.ts';
import { startDispatchLoop } from './dispatch-loop.ts';

export interface NotificationParts {
  readonly db: Db;
  readonly databaseUrl: string;
  /** Address of the console, for links. */
  readonly publicUrl: string;
  readonly log: Logger;
  readonly pace?: NotificationPace;
}

/** Milliseconds. */
export interface NotificationPace {
  /** For one answer. */
  readonly timeoutMs: number;
  /** After the first failed try; it doubles from try to try. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** Age at which a message is given up. */
  readonly giveUpMs: number;
  /** Another worker takes a message over when this one died with it; more than an answer may take. */
  readonly leaseMs: number;
}

const PACE: NotificationPace = {
  timeoutMs: 5_000,
  firstPauseMs: 1_000,
  longestPauseMs: 5 * 60_000,
  giveUpMs: 24 * 3_600_000,
  leaseMs: 15_000,
};
const BATCH = 20;

/** Starts sending; `close` breaks off what is under way, which another worker then sends. */
export function startNotifications(parts: NotificationParts): { close(): Promise<void> } {
  const { db, databaseUrl, log, pace = PACE } = parts;
  const ended = new AbortController();
  const loop = startDispatchLoop({
    databaseUrl,
    channel: NOTIFICATIONS_CHANNEL,
    applicationName: 'sluice-notifications',
    log,
    handOverSome: async () => {
      if (ended.signal.aborted) return 0;
      const claimed = await claimNotifications(db, { limit: BATCH, leaseMs: pace.leaseMs });
      const sent = await Promise.all(claimed.map((one) => deliver(parts, pace, one, ended.signal)));
      return sent.filter(Boolean).length;
    },
  });
  return {
    close: async () => {
      ended.abort();
      await loop.close();
    },
  };
}

/** @returns whether the row was closed; never throws, because its lease ends by itself */
async function deliver(
  { db, publicUrl, log }: NotificationParts,
  pace: NotificationPace,
  one: ClaimedNotification,
  ended: AbortSignal,
): Promise<boolean> {
  const { id, delivery, channel, attempts } = one;
  try {
    if (one.target === null) {
      await endNotification(db, id, { state: 'given-up', status: null, answer: 'the channel was removed' });
      return true;
    }
    const signal = AbortSignal.any([ended, AbortSignal.timeout(pace.timeoutMs)]);
    const answered = await CHANNELS[one.target.kind](one.target, messageOf(one, publicUrl), signal);
    if (answered.accepted) {
      await endNotification(db, id, { state: 'sent', ...shown(answered) });
      return true;
    }
    if (ended.aborted) {
      await postponeNotification(db, id, { delayMs: 0, ...shown(answered) });
      return false;
    }
    const delayMs = Math.min(pace.firstPauseMs * 2 ** Math.min(attempts, 20), pace.longestPauseMs);
    if (Date.now() + delayMs - one.createdAt > pace.giveUpMs) {
      log.error({ delivery, channel, attempts, ...shown(answered) }, 'a notification was given up');
      await endNotification(db, id, { state: 'given-up', ...shown(answered) });
      return true;
    }
    log.warn({ delivery, channel, attempts, delayMs, ...shown(answered) }, 'a notification was not accepted');
    await postponeNotification(db, id, { delayMs, ...shown(answered) });
  } catch (error) {
    log.warn({ err: ensureError(error), delivery, channel }, 'a notification could not be sent');
  }
  return false;
}

function shown({ status, answer }: ChannelAnswer) {
  return { status, answer };
}

function messageOf(one: ClaimedNotification, publicUrl: string): NotificationMessage {
  const { delivery, project, channel, actor, createdAt, told } = one;
  if (told === null) return testMessage(delivery, { project, channel, actor, at: createdAt }, publicUrl);
  const { event, at, environment, committedAt, ...release } = told;
  const { id, number, seq, state, cause, ref, commit, author, message } = release;
  return eventMessage(
    delivery,
    {
      event,
      at,
      project,
      environment,
      release: {
        id,
        number,
        seq,
        state,
        cause,
        ref,
        commit,
        author,
        message,
        committedAt: committedAt === null ? null : new Date(committedAt).toISOString(),
      },
    },
    publicUrl,
  );
}
