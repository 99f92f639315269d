/**
 * The outbox of notifications. Rows are written in the transaction that stores the event, so that none is lost, and
 * once per (channel, release, event); they are sent at least once, each try under the same delivery id.
 */
import { sql } from 'kysely';
import { wantedEvents } from '../domain/notify/events.ts';
import type { ChannelKind } from '../domain/notify/channel.ts';
import type { ReleaseEvent } from '../domain/release/events.ts';
import type { ReleaseProgress } from '../domain/release/progress.ts';
import type { ReleaseCause, ReleaseState } from '../domain/release/states.ts';
import { newId } from '../platform/new-id.ts';
import type { Db } from './store.ts';

/** PostgreSQL channel that a new row is announced on. */
export const NOTIFICATIONS_CHANNEL = 'sluice_notifications';

/** After so many failed tries a message no longer holds up those after it. */
const HOLDS_UP_TRIES = 3;
/** Of one channel at once: one that hangs must not take all places. */
const PER_CHANNEL = 4;

export interface RecordedEvent {
  readonly releaseId: string;
  readonly seq: number;
  readonly event: ReleaseEvent;
  readonly project: string;
  readonly dryRun: boolean;
  /** After the event. */
  readonly progress: ReleaseProgress;
}

/** Leaves a row for every channel of the project that wants the event. */
export async function followNotifications(tx: Db, recorded: RecordedEvent): Promise<void> {
  const { releaseId, seq, event, project, dryRun, progress } = recorded;
  if (dryRun) return;
  const channels = await tx
    .selectFrom('notification_channels')
    .select(['name', 'events'])
    .where('project', '=', project)
    .execute();
  const wanting = channels.filter(({ events }) =>
    wantedEvents(events, progress.plan?.notifications?.events).includes(event.type),
  );
  if (wanting.length === 0 || (await isRepetition(tx, recorded))) return;
  await tx
    .insertInto('notifications')
    .values(
      wanting.map(({ name }) => ({
        delivery: `${releaseId}.${seq}.${name}`,
        project,
        channel: name,
        release_id: releaseId,
        seq,
        event: event.type,
        release_state: progress.state,
      })),
    )
    .onConflict((c) => c.doNothing())
    .execute();
  await sql`select pg_notify(${NOTIFICATIONS_CHANNEL}, '')`.execute(tx);
}

/**
 * A wait is told once until it is over, and its end only where the wait was told. A rollback that begins meanwhile
 * tells it again: then it is another matter.
 */
async function isRepetition(tx: Db, { releaseId, seq, event }: RecordedEvent): Promise<boolean> {
  if (event.type !== 'blocked' && event.type !== 'cleared') return false;
  const before = await tx
    .selectFrom('release_events')
    .select('type')
    .where('release_id', '=', releaseId)
    .where('seq', '<', seq)
    .where((e) =>
      e.or([
        e.and([e('type', 'in', ['blocked', 'cleared']), e(sql`event ->> 'reason'`, '=', event.reason)]),
        ...(event.type === 'blocked' ? [e('type', '=', 'rollback-started')] : []),
      ]),
    )
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return event.type === 'blocked' ? before?.type === 'blocked' : before?.type !== 'blocked';
}

/** A message to try a channel. @returns the delivery */
export async function addTestNotification(
  db: Db,
  { project, channel, actor }: Readonly<Record<'project' | 'channel' | 'actor', string>>,
): Promise<string> {
  const delivery = `test.${newId()}.${channel}`;
  await db.insertInto('notifications').values({ delivery, project, channel, actor, event: 'test' }).execute();
  await sql`select pg_notify(${NOTIFICATIONS_CHANNEL}, '')`.execute(db);
  return delivery;
}

export interface ClaimedNotification {
  readonly id: string;
  readonly delivery: string;
  readonly project: string;
  readonly channel: string;
  readonly actor: string;
  /** Tries before this one. */
  readonly attempts: number;
  /** Unix milliseconds. */
  readonly createdAt: number;
  /** `null`: the channel was removed meanwhile. */
  readonly target: { readonly kind: ChannelKind; readonly url: string; readonly secret: string } | null;
  /** `null`: a message to try the channel. */
  readonly told: {
    readonly event: ReleaseEvent;
    readonly at: number;
    readonly seq: number;
    readonly state: ReleaseState;
    readonly id: string;
    readonly number: number;
    readonly environment: string;
    readonly cause: ReleaseCause;
    readonly ref: string;
    readonly commit: string;
    readonly author: string;
    readonly message: string;
    readonly committedAt: number | null;
  } | null;
}

/**
 * Claims due rows for `leaseMs`; another dispatcher takes them over when this one died. Of one channel and release in
 * order, except that a message that failed several times no longer holds up what comes after it.
 */
export async function claimNotifications(
  db: Db,
  {
    limit,
    leaseMs,
    busy = [],
  }: {
    readonly limit: number;
    readonly leaseMs: number;
    /** Channels that nothing more is claimed of now. */
    readonly busy?: readonly { readonly project: string; readonly channel: string }[];
  },
): Promise<ClaimedNotification[]> {
  const { rows: claimed } = await sql<{ readonly id: string }>`
    update notifications set attempts = attempts + 1, next_at = now() + ${leaseMs} * interval '1 millisecond'
    where id in (
      select n.id from notifications n
      where n.state = 'waiting' and n.next_at <= now() and n.id in (
        select id from (
          select d.id, row_number() over (partition by d.project, d.channel order by d.id) as place
          from notifications d
          where d.state = 'waiting' and d.next_at <= now() and not exists (
            select from jsonb_to_recordset(${JSON.stringify(busy)}::jsonb) as b(project text, channel text)
            where b.project = d.project and b.channel = d.channel) and not exists (
            select from notifications earlier
            where earlier.state = 'waiting' and earlier.release_id = d.release_id and earlier.channel = d.channel
              and earlier.id < d.id and earlier.attempts <= ${HOLDS_UP_TRIES})) as due
        where place <= ${PER_CHANNEL} order by id limit ${limit})
      for update skip locked)
    returning id`.execute(db);
  if (claimed.length === 0) return [];
  const rows = await db
    .selectFrom('notifications as n')
    .leftJoin('notification_channels as c', (join) =>
      join.onRef('c.project', '=', 'n.project').onRef('c.name', '=', 'n.channel'),
    )
    .leftJoin('releases as r', 'r.id', 'n.release_id')
    .leftJoin('release_events as e', (join) =>
      join.onRef('e.release_id', '=', 'n.release_id').onRef('e.seq', '=', 'n.seq'),
    )
    .select(['n.id', 'n.delivery', 'n.project', 'n.channel', 'n.actor', 'n.attempts', 'n.created_at'])
    .select(['n.release_id', 'n.seq', 'n.release_state', 'c.kind', 'c.url', 'c.secret', 'e.event', 'e.at'])
    .select(['r.number', 'r.environment', 'r.cause', 'r.ref', 'r.commit', 'r.author', 'r.message'])
    .select('r.committed_at')
    .where(
      'n.id',
      'in',
      claimed.map(({ id }) => id),
    )
    .orderBy('n.id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    delivery: row.delivery,
    project: row.project,
    channel: row.channel,
    actor: row.actor,
    attempts: row.attempts - 1,
    createdAt: row.created_at.getTime(),
    target: row.kind === null ? null : { kind: row.kind, url: row.url ?? '', secret: row.secret ?? '' },
    told:
      row.release_id === null || row.event === null
        ? null
        : {
            event: row.event,
            at: row.at?.getTime() ?? 0,
            seq: row.seq ?? 0,
            state: row.release_state ?? 'running',
            id: row.release_id,
            number: row.number ?? 0,
            environment: row.environment ?? '',
            cause: row.cause ?? 'push',
            ref: row.ref ?? '',
            commit: row.commit ?? '',
            author: row.author ?? '',
            message: row.message ?? '',
            committedAt: row.committed_at?.getTime() ?? null,
          },
  }));
}

/** What a receiver said: status 0…599, `null` when none came; text of 1 KB at most. */
export interface Answered {
  readonly status: number | null;
  readonly answer: string;
}

/** Closes a row: it was accepted, or will not be tried again. */
export async function endNotification(
  db: Db,
  id: string,
  { state, status, answer }: Answered & { readonly state: 'sent' | 'given-up' },
): Promise<void> {
  await db
    .updateTable('notifications')
    .set({ state, status, answer: plain(answer), ended_at: new Date() })
    .where('id', '=', id)
    .where('state', '=', 'waiting')
    .execute();
}

/** Puts a row off after a try that failed. */
export async function postponeNotification(
  db: Db,
  id: string,
  { delayMs, status, answer }: Answered & { readonly delayMs: number },
): Promise<void> {
  await db
    .updateTable('notifications')
    .set({
      status,
      answer: plain(answer),
      next_at: sql<Date>`now() + ${delayMs} * interval '1 millisecond'`,
    })
    .where('id', '=', id)
    .where('state', '=', 'waiting')
    .execute();
}

/** PostgreSQL stores no NUL in a text. */
function plain(text: string): string {
  return text.replaceAll('\0', '�');
}
