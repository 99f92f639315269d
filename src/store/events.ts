/**
 * The event log. `recordEvent` is the only writer of a release's progress: event and fold in one transaction, once
 * per (release, sequence number), however often a worker repeats it.
 */
import { sql, type Selectable } from 'kysely';
import type { ReleaseEvent, StoredEvent } from '../domain/release/events.ts';
import { applyEvent, completeProgress } from '../domain/release/record.ts';
import { followNotifications } from './notifications.ts';
import { followQuarantine } from './quarantine.ts';
import type { Db } from './store.ts';
import type { Tables } from './tables.ts';

/** PostgreSQL channel; the payload is the event's id, readers fetch what they lack from the table. */
export const EVENTS_CHANNEL = 'sluice_events';

export interface EventToRecord {
  readonly releaseId: string;
  /** Given by the release's workflow, from 1 without gaps. */
  readonly seq: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly event: ReleaseEvent;
}

/**
 * Stores the event and folds it into the release; a repeated (release, seq) changes nothing.
 *
 * @returns false when the event was stored before
 * @throws Error when the release does not exist
 */
export async function recordEvent(db: Db, input: EventToRecord): Promise<boolean> {
  return (await recordEvents(db, [input])) > 0;
}

/**
 * The same for several events, all or none, in their order.
 *
 * @returns how many were not stored before
 */
export async function recordEvents(db: Db, inputs: readonly EventToRecord[]): Promise<number> {
  const work = async (tx: Db): Promise<number> => {
    // Ids must become visible in their order: a reader that has seen id 8 never looks for a 7 that commits later.
    // All other events wait for this, so there is one lock, one word and no more between.
    await sql`select pg_advisory_xact_lock(hashtextextended('sluice-events', 0))`.execute(tx);
    const ids: string[] = [];
    for (const input of inputs) {
      const id = await storeEvent(tx, input);
      if (id !== undefined) ids.push(id);
    }
    const newest = ids.at(-1);
    if (newest !== undefined) await sql`select pg_notify(${EVENTS_CHANNEL}, ${newest})`.execute(tx);
    return ids.length;
  };
  return db.isTransaction ? work(db) : db.transaction().execute(work);
}

/** @returns its id; `undefined`: it was stored before */
async function storeEvent(tx: Db, input: EventToRecord): Promise<string | undefined> {
  const release = await tx
    .selectFrom('releases')
    .select(['seq', 'progress', 'project', 'dry_run'])
    .where('id', '=', input.releaseId)
    .forUpdate()
    .executeTakeFirst();
  if (!release) throw new Error(`release ${input.releaseId} does not exist`);
  const inserted = await tx
    .insertInto('release_events')
    .values({
      release_id: input.releaseId,
      seq: input.seq,
      at: new Date(input.at),
      type: input.event.type,
      event: JSON.stringify(input.event),
    })
    .onConflict((c) => c.columns(['release_id', 'seq']).doNothing())
    .returning('id')
    .executeTakeFirst();
  if (!inserted) return undefined;
  const progress = applyEvent(completeProgress(release.progress), input.event, input.at);
  await tx
    .updateTable('releases')
    .set({
      progress: JSON.stringify(progress),
      state: progress.state,
      seq: Math.max(release.seq, input.seq),
    })
    .where('id', '=', input.releaseId)
    .execute();
  await followQuarantine(tx, input.releaseId, input.event);
  const { project, dry_run: dryRun } = release;
  await followNotifications(tx, { ...input, project, dryRun, progress });
  return inserted.id;
}

/** Events after `afterId`, oldest first: of one release, or of all. */
export async function listEvents(
  db: Db,
  filter: { readonly releaseId?: string | undefined; readonly afterId: number; readonly limit: number },
): Promise<StoredEvent[]> {
  const rows = await db
    .selectFrom('release_events')
    .selectAll()
    .$if(filter.releaseId !== undefined, (q) => q.where('release_id', '=', filter.releaseId ?? ''))
    .where('id', '>', String(filter.afterId))
    .orderBy('id')
    .limit(filter.limit)
    .execute();
  return rows.map(toStoredEvent);
}

/** An event with the project it belongs to: readers see only their own projects. */
export interface ProjectEvent {
  readonly project: string;
  readonly stored: StoredEvent;
}

/** Events of all projects (or one release, or one project) after `afterId`, oldest first. */
export async function listProjectEvents(
  db: Db,
  filter: {
    readonly afterId: number;
    readonly limit: number;
    readonly releaseId?: string | undefined;
    readonly project?: string | undefined;
  },
): Promise<ProjectEvent[]> {
  const rows = await db
    .selectFrom('release_events as e')
    .innerJoin('releases as r', 'r.id', 'e.release_id')
    .select(['e.id', 'e.release_id', 'e.seq', 'e.at', 'e.event', 'r.project'])
    .where('e.id', '>', String(filter.afterId))
    .$if(filter.releaseId !== undefined, (q) => q.where('e.release_id', '=', filter.releaseId ?? ''))
    .$if(filter.project !== undefined, (q) => q.where('r.project', '=', filter.project ?? ''))
    .orderBy('e.id')
    .limit(filter.limit)
    .execute();
  return rows.map((row) => ({ project: row.project, stored: toStoredEvent(row) }));
}

/** Id of the newest event, 0 before the first. */
export async function newestEventId(db: Db): Promise<number> {
  const row = await db
    .selectFrom('release_events')
    .select((e) => e.fn.max('id').as('id'))
    .executeTakeFirst();
  return Number(row?.id ?? 0);
}

function toStoredEvent(
  row: Pick<Selectable<Tables['release_events']>, 'id' | 'release_id' | 'seq' | 'at' | 'event'>,
): StoredEvent {
  return {
    id: Number(row.id),
    releaseId: row.release_id,
    seq: row.seq,
    at: row.at.getTime(),
    event: row.event,
  };
}
