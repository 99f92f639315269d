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
 * `tellDispatcher` for releases that come in bursts: at once, then at most every `everyMs` while more come, since each
 * telling costs as much as storing several releases. Who rings does not wait: a telling that fails is made up for by the
 * dispatcher, which looks by itself.
 */
export function createDispatcherBell(db: Db, everyMs: number): (releaseId: string) => void {
  let waiting: string | undefined;
  let isResting = false;
  function ring(releaseId: string): void {
    if (isResting) {
      waiting = releaseId;
      return;
    }
    isResting = true;
    void tellDispatcher(db, releaseId).catch(() => undefined);
    setTimeout(() => {
      isResting = false;
      const next = waiting;
      waiting = undefined;
      if (next !== undefined) ring(next);
    }, everyMs).unref();
  }
  return ring;
}

/**
 * Commits without waiting for the disk, as claims do. A claim or an end that a crash of the database undoes means one more hand-over, which
 * the lane ignores; waiting for it would make the pushes that are stored meanwhile wait too.
 */
const QUICK_COMMIT = sql`quick as materialized (select set_config('synchronous_commit', 'off', true))`;

/** Rows of one lane that are handed over at once. */
const MOST_OF_ONE_LANE = 100;

/**
 * Claims due rows for `leaseMs`: other dispatchers skip them until then, and take over when this one died.
 * Of each environment its open rows from the oldest on, as far as they are due, so that pushes reach their lane in order.
 * They are found in one pass over the open rows: asking each row for an earlier one took most of the database in a burst.
 * Claims take turns: one that does not see yet what another one takes would leave out rows in the middle.
 */
export async function claimOutbox(
  db: Db,
  { limit, leaseMs }: { readonly limit: number; readonly leaseMs: number },
): Promise<OutboxEntry[]> {
  return db.transaction().execute(async (tx) => {
    await sql`select set_config('synchronous_commit', 'off', true), pg_advisory_xact_lock(hashtextextended('outbox', 0))`.execute(
      tx,
    );
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
      update outbox set attempts = attempts + 1, next_at = now() + ${leaseMs} * interval '1 millisecond'
      from releases
      where outbox.release_id = releases.id and outbox.id in (
        select id from (
          select o.id, bool_and(o.next_at <= now()) over lane as is_due, row_number() over lane as place
          from outbox o join releases r on r.id = o.release_id
          where o.done_at is null
          window lane as (partition by r.project, r.environment order by o.id)) as open
        where is_due and place <= ${MOST_OF_ONE_LANE}
        order by id limit ${limit})
      returning outbox.id, outbox.release_id, releases.project, releases.environment, releases.dry_run, releases.created_at,
        outbox.attempts - 1 as attempts, outbox.payload`.execute(tx);
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
  });
}

/** Closes rows: their releases were handed over. */
export async function finishOutbox(db: Db, ids: readonly string[]): Promise<void> {
  await sql`with ${QUICK_COMMIT} update outbox set done_at = now() from quick where id = any(${ids}::bigint[])`.execute(
    db,
  );
}

/** Puts rows off after a failed hand-over. */
export async function postponeOutbox(db: Db, ids: readonly string[], delayMs: number): Promise<void> {
  await sql`update outbox set next_at = now() + ${delayMs} * interval '1 millisecond' where id = any(${ids}::bigint[])`.execute(
    db,
  );
}
