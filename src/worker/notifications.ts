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
import { clearNotifications } from '../store/notification-deliveries.ts';
import type { Db } from '../store/store.ts';
import { startDispatchLoop } from './dispatch-loop.ts';
import { timeLimit } from '../platform/time-limit.ts';

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
/** Of all channels together. */
const MOST_AT_ONCE = 100;
const DAY_MS = 24 * 3_600_000;
/** How long what was sent, or given up, stays in the list of deliveries. */
export const KEPT_MS = 30 * DAY_MS;
const CLEAR_EVERY_MS = 3_600_000;

/** A message on its way. */
interface Sending {
  readonly project: string;
  readonly channel: string;
  readonly done: Promise<void>;
}

/** Starts sending; `close` breaks off what is under way, which another worker then sends. */
export function startNotifications(parts: NotificationParts): { close(): Promise<void> } {
  const { db, databaseUrl, log, pace = PACE } = parts;
  const ended = new AbortController();
  const sending = new Set<Sending>();
  let wake = (): void => undefined;

  function send(one: ClaimedNotification): void {
    const { project, channel } = one;
    const run = async (): Promise<void> => {
      await deliver(parts, pace, one, ended.signal);
      sending.delete(under);
      // What came after it on its channel may go now.
      wake();
    };
    const under: Sending = { project, channel, done: run() };
    sending.add(under);
  }

  const loop = startDispatchLoop({
    databaseUrl,
    channel: NOTIFICATIONS_CHANNEL,
    applicationName: 'sluice-notifications',
    log,
    handOverSome: async () => {
      if (ended.signal.aborted) return 0;
      const limit = MOST_AT_ONCE - sending.size;
      if (limit <= 0) return 0;
      const claimed = await claimNotifications(db, {
        limit,
        leaseMs: pace.leaseMs,
        busy: [...sending].map(placeOf),
      });
      // Nobody waits for an answer here: a channel that hangs holds up itself alone.
      for (const one of claimed) send(one);
      return claimed.length;
    },
  });
  wake = () => loop.wake();
  const clearing = setInterval(() => void clear(parts), CLEAR_EVERY_MS);
  clearing.unref();
  void clear(parts);
  return {
    close: async () => {
      clearInterval(clearing);
      ended.abort();
      await loop.close();
      await Promise.all([...sending].map(({ done }) => done));
    },
  };
}

function placeOf({ project, channel }: Sending): Pick<Sending, 'project' | 'channel'> {
  return { project, channel };
}

/** Deletes what ended long ago. */
async function clear({ db, log }: NotificationParts): Promise<void> {
  try {
    while ((await clearNotifications(db, { before: new Date(Date.now() - KEPT_MS) })) > 0);
  } catch (error) {
    log.warn({ err: ensureError(error) }, 'old notifications could not be deleted');
  }
}

/** Never throws, because the row's lease ends by itself. */
async function deliver(
  { db, publicUrl, log }: NotificationParts,
  pace: NotificationPace,
  one: ClaimedNotification,
  ended: AbortSignal,
): Promise<void> {
  const { id, delivery, channel, attempts } = one;
  try {
    if (one.target === null) {
      await endNotification(db, id, { state: 'given-up', status: null, answer: 'the channel was removed' });
      return;
    }
    const signal = AbortSignal.any([ended, timeLimit(pace.timeoutMs)]);
    const answered = await CHANNELS[one.target.kind](one.target, messageOf(one, publicUrl), signal);
    if (answered.accepted) {
      await endNotification(db, id, { state: 'sent', ...shown(answered) });
      return;
    }
    if (ended.aborted) {
      await postponeNotification(db, id, { delayMs: 0, ...shown(answered) });
      return;
    }
    const delayMs = Math.min(pace.firstPauseMs * 2 ** Math.min(attempts, 20), pace.longestPauseMs);
    if (Date.now() + delayMs - one.createdAt > pace.giveUpMs) {
      log.error({ delivery, channel, attempts, ...shown(answered) }, 'a notification was given up');
      await endNotification(db, id, { state: 'given-up', ...shown(answered) });
      return;
    }
    log.warn({ delivery, channel, attempts, delayMs, ...shown(answered) }, 'a notification was not accepted');
    await postponeNotification(db, id, { delayMs, ...shown(answered) });
  } catch (error) {
    log.warn({ err: ensureError(error), delivery, channel }, 'a notification could not be sent');
  }
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
