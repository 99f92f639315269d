/** What became of notifications: the list that people see, and how long it reaches back. */
import { sql } from 'kysely';
import type { Db } from './store.ts';

export interface NotificationDelivery {
  readonly delivery: string;
  readonly channel: string;
  readonly event: string;
  readonly releaseId: string | null;
  readonly seq: number | null;
  readonly state: 'waiting' | 'sent' | 'given-up';
  readonly attempts: number;
  readonly status: number | null;
  readonly answer: string;
  readonly createdAt: number;
  /** When it is tried next; `null`: no more. */
  readonly nextAt: number | null;
  readonly endedAt: number | null;
}

/** The newest deliveries of a project, or of one of its channels, newest first. */
export async function listDeliveries(
  db: Db,
  filter: { readonly project: string; readonly channel?: string | undefined; readonly limit: number },
): Promise<NotificationDelivery[]> {
  const rows = await db
    .selectFrom('notifications')
    .selectAll()
    .where('project', '=', filter.project)
    .$if(filter.channel !== undefined, (q) => q.where('channel', '=', filter.channel ?? ''))
    .orderBy('id', 'desc')
    .limit(filter.limit)
    .execute();
  return rows.map((row) => ({
    delivery: row.delivery,
    channel: row.channel,
    event: row.event,
    releaseId: row.release_id,
    seq: row.seq,
    state: row.state,
    attempts: row.attempts,
    status: row.status,
    answer: row.answer,
    createdAt: row.created_at.getTime(),
    nextAt: row.state === 'waiting' ? row.next_at.getTime() : null,
    endedAt: row.ended_at?.getTime() ?? null,
  }));
}

/**
 * Deletes what was sent or given up before a time, 1,000 rows at most. A row is no proof of anything: the event that it
 * told of is stored once, and stays.
 *
 * @returns how many rows
 */
export async function clearNotifications(db: Db, { before }: { readonly before: Date }): Promise<number> {
  const { rows } = await sql`
    delete from notifications where id in (
      select id from notifications where state <> 'waiting' and ended_at < ${before} order by ended_at limit 1000)
    returning id`.execute(db);
  return rows.length;
}
