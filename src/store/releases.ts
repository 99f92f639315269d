/** Releases as stored: identity beside progress. Written through `events.ts`; this file creates and reads. */
import { sql, type Selectable } from 'kysely';
import type { SupersedePolicy } from '../domain/plan/supersede.ts';
import type { ReleaseProgress } from '../domain/release/progress.ts';
import { completeProgress, initialProgress } from '../domain/release/record.ts';
import { RUN_CAUSES, type ReleaseCause, type ReleaseState } from '../domain/release/states.ts';
import { tellDispatcher } from './outbox.ts';
import type { Db } from './store.ts';
import type { Tables } from './tables.ts';

export interface Release {
  readonly id: string;
  /** Counts up per project, for people: "release 12 of shop". */
  readonly number: number;
  readonly project: string;
  readonly environment: string;
  /** Full ref, e.g. `refs/heads/main`. */
  readonly ref: string;
  readonly commit: string;
  readonly before: string;
  readonly author: string;
  readonly message: string;
  readonly cause: ReleaseCause;
  /** Who started it by hand; empty for pushes. */
  readonly startedBy: string;
  readonly dryRun: boolean;
  readonly createdAt: number;
  readonly seq: number;
  readonly progress: ReleaseProgress;
}

export interface NewRelease {
  readonly id: string;
  readonly project: string;
  readonly environment: string;
  readonly ref: string;
  readonly commit: string;
  readonly before: string;
  readonly author: string;
  readonly message: string;
  readonly cause: ReleaseCause;
  readonly startedBy: string;
  readonly dryRun: boolean;
  readonly dedupeKey: string;
  readonly at: number;
}

/**
 * Stores a release and its hand-over to the lane (outbox), or finds the one that the same push made before.
 * In the caller's transaction where there is one, so that a delivery and its release stand or fall together.
 */
export async function createRelease(
  db: Db,
  input: NewRelease,
): Promise<{ readonly id: string; readonly created: boolean }> {
  const { rows } = await sql<{
    id: string;
  }>`select insert_release(${JSON.stringify(storedForm(input))}::jsonb) as id`.execute(db);
  const id = rows[0]?.id ?? input.id;
  if (id !== input.id) return { id, created: false };
  await tellDispatcher(db, id);
  return { id, created: true };
}

/** What the functions `insert_release` and `store_pushes` of the database take (`migrations/0007_store_push.sql`, `0009_store_pushes.sql`). */
export function storedForm(input: NewRelease): object {
  // A rollback is done by the lane or the API already: nothing is to be handed over.
  const isHandedOver = RUN_CAUSES.includes(input.cause);
  return {
    ...input,
    at: new Date(input.at),
    progress: initialProgress(input.at),
    outbox: isHandedOver ? { releaseId: input.id, storedAt: input.at } : null,
  };
}

/** Keeps the commit's own time, Unix milliseconds; the source stage reads it. */
export async function noteCommitTime(db: Db, id: string, committedAt: number): Promise<void> {
  await db
    .updateTable('releases')
    .set({ committed_at: new Date(committedAt) })
    .where('id', '=', id)
    .execute();
}

/** One release, or `undefined`. */
export async function findRelease(db: Db, id: string): Promise<Release | undefined> {
  const row = await db.selectFrom('releases').selectAll().where('id', '=', id).executeTakeFirst();
  return row && toRelease(row);
}

/** Those of the releases that exist, in no order. */
export async function findReleases(db: Db, ids: readonly string[]): Promise<Release[]> {
  if (ids.length === 0) return [];
  const rows = await db.selectFrom('releases').selectAll().where('id', 'in', ids).execute();
  return rows.map(toRelease);
}

/** Says whose commit it is where nobody has said so: a release started by hand knows only the commit's id. */
export async function describeCommit(
  db: Db,
  id: string,
  { author, message }: { readonly author: string; readonly message: string },
): Promise<void> {
  await db
    .updateTable('releases')
    .set({ author, message })
    .where('id', '=', id)
    .where('author', '=', '')
    .where('message', '=', '')
    .execute();
}

export interface ReleaseFilter {
  readonly project?: string | undefined;
  /** Only releases of these projects; `undefined` = of all. */
  readonly projects?: readonly string[] | undefined;
  readonly environment?: string | undefined;
  readonly state?: ReleaseState | undefined;
  readonly commit?: string | undefined;
  /** Id of the last release of the page before; ids rise with time. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function listReleases(db: Db, filter: ReleaseFilter): Promise<Release[]> {
  const rows = await db
    .selectFrom('releases')
    .selectAll()
    .$if(filter.project !== undefined, (q) => q.where('project', '=', filter.project ?? ''))
    .$if(filter.projects !== undefined, (q) => q.where('project', 'in', filter.projects ?? []))
    .$if(filter.environment !== undefined, (q) => q.where('environment', '=', filter.environment ?? ''))
    .$if(filter.state !== undefined, (q) => q.where('state', '=', filter.state ?? 'queued'))
    .$if(filter.commit !== undefined, (q) =>
      q.where('commit', 'like', `${(filter.commit ?? '').replace(/[^0-9a-f]/gi, '')}%`),
    )
    .$if(filter.after !== undefined, (q) => q.where('id', '<', filter.after ?? ''))
    .orderBy('id', 'desc')
    .limit(filter.limit)
    .execute();
  return rows.map(toRelease);
}

/** States of releases to which something may still happen, as the partial index `releases_by_state` has them. */
export const ACTIVE_STATES = ['queued', 'running', 'waiting-approval', 'paused'] as const;

interface Place {
  readonly project?: string | undefined;
  readonly environment?: string | undefined;
}

/** Releases that have not ended, oldest first. */
export async function listActiveReleases(db: Db, place: Place): Promise<Release[]> {
  const rows = await db
    .selectFrom('releases')
    .selectAll()
    .where('state', 'in', ACTIVE_STATES)
    .$if(place.project !== undefined, (q) => q.where('project', '=', place.project ?? ''))
    .$if(place.environment !== undefined, (q) => q.where('environment', '=', place.environment ?? ''))
    .orderBy('id')
    .execute();
  return rows.map(toRelease);
}

/** What the newest plan of the environment says of newer pushes; `undefined`: nothing, or no plan is known yet. */
export async function newestSupersede(
  db: Db,
  { project, environment }: { readonly project: string; readonly environment: string },
): Promise<SupersedePolicy | undefined> {
  const row = await db
    .selectFrom('releases')
    .select(sql<SupersedePolicy | null>`progress -> 'plan' ->> 'supersede'`.as('supersede'))
    .where('project', '=', project)
    .where('environment', '=', environment)
    .where('dry_run', '=', false)
    .where(sql<boolean>`progress -> 'plan' <> 'null'`)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.supersede ?? undefined;
}

/** Of each environment the newest release that ended; dry runs say nothing of it. */
export async function listNewestEnded(db: Db, place: Place): Promise<Release[]> {
  const rows = await db
    .selectFrom('releases')
    .selectAll()
    .distinctOn(['project', 'environment'])
    .where('state', 'not in', ACTIVE_STATES)
    .where('dry_run', '=', false)
    .$if(place.project !== undefined, (q) => q.where('project', '=', place.project ?? ''))
    .$if(place.environment !== undefined, (q) => q.where('environment', '=', place.environment ?? ''))
    .orderBy('project')
    .orderBy('environment')
    .orderBy('number', 'desc')
    .execute();
  return rows.map(toRelease);
}

function toRelease(row: Selectable<Tables['releases']>): Release {
  return {
    id: row.id,
    number: row.number,
    project: row.project,
    environment: row.environment,
    ref: row.ref,
    commit: row.commit,
    before: row.before,
    author: row.author,
    message: row.message,
    cause: row.cause,
    startedBy: row.started_by,
    dryRun: row.dry_run,
    createdAt: row.created_at.getTime(),
    seq: row.seq,
    progress: completeProgress(row.progress),
  };
}
