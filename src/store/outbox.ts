/**
 * Releases that were stored and wait to be handed to their lane. At least once: a row is closed after the hand-over
 * succeeded, and the lane ignores what it knows.
 */
import { sql } from 'kysely';
import type { Db } from './store.ts';

/** PostgreSQL channel of `tellDispatcher`; the payload is the release's id. */
export const OUTBOX_CHANNEL = 'sluice_outbox';

export interface OutboxEntry {
  readonly id: string;
  readonly releaseId: string;
  readonly project: string;
  readonly environment: string;
  /** Touches nothing, so it needs no lane. */
  readonly dryRun: boolean;
  /** Unix milliseconds at which the release was stored. */
  readonly storedAt: number;
  /** From 2 on: a release that failed, once more. */
  readonly attempt: number;
  /** Next free sequence number of its events. */
  readonly nextSeq: number;
  /** Hand-overs tried before this one. */
  readonly attempts: number;
}

/** Hands a stored release to its lane once more. In the caller's transaction. */
export async function handOverAgain(
  tx: Db,
  { releaseId, ...again }: Pick<OutboxEntry, 'releaseId' | 'attempt' | 'nextSeq'>,
): Promise<void> {
  await tx
    .insertInto('outbox')
    .values({ kind: 'push', release_id: releaseId, payload: JSON.stringify(again) })
    .execute();
  await tellDispatcher(tx, releaseId);
}

/**
 * Wakes the dispatcher, which else looks each second. Best called after the transaction that stored the row: a
 * transaction that notifies holds a lock of the whole database until its commit is on disk, and webhooks would wait
 * for each other's and for every event's.
 */
export async function tellDispatcher(db: Db, releaseId: string): Promise<void> {
  await sql`select pg_notify(${OUTBOX_CHANNEL}, ${releaseId})`.execute(db);
}

/**
 * Commits without waiting for the disk. A claim or an end that a crash of the database undoes means one more hand-over, which
 * the lane ignores; waiting for it would make the pushes that are stored meanwhile wait too.
 */
const QUICK_COMMIT = sql`quick as materialized (select set_config('synchronous_commit', 'off', true))`;

/**
 * Claims due rows for `leaseMs`: other dispatchers skip them until then, and take over when this one died.
 * Of each environment only its oldest open row can be claimed, so that pushes reach their lane in order. The oldest are
 * found in one pass over the open rows: asking each row for an earlier one took most of the database in a burst.
 */
export async function claimOutbox(
  db: Db,
  { limit, leaseMs }: { readonly limit: number; readonly leaseMs: number },
): Promise<OutboxEntry[]> {
  const { rows } = await sql<{
    id: string;
    release_id: string;
    project: string;
    environment: string;
    dry_run: boolean;
    created_at: Date;
    attempts: number;
    payload: { readonly attempt?: number; readonly nextSeq?: number };
  }>`
    with ${QUICK_COMMIT}
    update outbox set attempts = attempts + 1, next_at = now() + ${leaseMs} * interval '1 millisecond'
    from releases, quick
    where outbox.release_id = releases.id and outbox.id in (
      select o.id from outbox o
      where o.done_at is null and o.next_at <= now() and o.id in (
        select distinct on (r.project, r.environment) open.id
        from outbox open join releases r on r.id = open.release_id
        where open.done_at is null
        order by r.project, r.environment, open.id)
      order by o.id limit ${limit} for update skip locked)
    returning outbox.id, outbox.release_id, releases.project, releases.environment, releases.dry_run, releases.created_at,
      outbox.attempts - 1 as attempts, outbox.payload`.execute(db);
  return rows
    .map((row) => ({
      id: row.id,
      releaseId: row.release_id,
      project: row.project,
      environment: row.environment,
      dryRun: row.dry_run,
      storedAt: row.created_at.getTime(),
      attempt: row.payload.attempt ?? 1,
      nextSeq: row.payload.nextSeq ?? 1,
      attempts: row.attempts,
    }))
    .sort((a, b) => Number(a.id) - Number(b.id));
}

/** Closes a row: its release was handed over. */
export async function finishOutbox(db: Db, id: string): Promise<void> {
  await sql`with ${QUICK_COMMIT} update outbox set done_at = now() from quick where id = ${id}`.execute(db);
}

/** Puts a row off after a failed hand-over. */
export async function postponeOutbox(db: Db, id: string, delayMs: number): Promise<void> {
  await sql`update outbox set next_at = now() + ${delayMs} * interval '1 millisecond' where id = ${id}`.execute(
    db,
  );
}
