/**
 * Rollbacks that a person asked for and the API carries out itself, because no workflow answered. A row is there from before
 * the first move of an alias until the record tells the end: whoever claims one that is due goes on where another API died.
 */
import { sql } from 'kysely';
import type { Actor } from '../domain/release/events.ts';
import type { RollbackTarget } from '../domain/release/rollback-story.ts';
import type { Db } from './store.ts';

export interface RollbackRequest {
  readonly project: string;
  readonly environment: string;
  readonly alias: string;
  readonly actor: Actor;
  readonly comment: string;
  readonly targets: readonly RollbackTarget[];
  /** Newest override when the person asked: later ones are another decision. */
  readonly afterOverride: number;
}

export interface RollbackIntent extends RollbackRequest {
  /** The record that tells of it. */
  readonly releaseId: string;
  /** When it was asked for, Unix milliseconds. */
  readonly at: number;
}

/** Stores an intent, or takes up the one of the same record; nobody else claims it for `leaseMs`. */
export async function takeRollbackIntent(
  tx: Db,
  { releaseId, leaseMs, ...request }: RollbackRequest & Pick<RollbackIntent, 'releaseId'> & Lease,
): Promise<RollbackIntent> {
  const until = sql<Date>`now() + ${leaseMs} * interval '1 millisecond'`;
  const row = await tx
    .insertInto('rollback_intents')
    .values({ release_id: releaseId, request: JSON.stringify(request), next_at: until })
    .onConflict((conflict) => conflict.column('release_id').doUpdateSet({ next_at: until }))
    .returning(['request', 'at'])
    .executeTakeFirstOrThrow();
  return { ...row.request, releaseId, at: row.at.getTime() };
}

/** Claims those at which nobody is any more. */
export async function claimRollbackIntents(
  db: Db,
  { limit, leaseMs }: { readonly limit: number } & Lease,
): Promise<RollbackIntent[]> {
  const { rows } = await sql<{ release_id: string; request: RollbackRequest; at: Date }>`
    update rollback_intents set next_at = now() + ${leaseMs} * interval '1 millisecond'
    where release_id in (
      select release_id from rollback_intents where next_at <= now() order by at limit ${limit} for update skip locked)
    returning release_id, request, at`.execute(db);
  return rows.map(({ release_id: releaseId, request, at }) => ({ ...request, releaseId, at: at.getTime() }));
}

/** The record tells the end. */
export async function endRollbackIntent(tx: Db, releaseId: string): Promise<void> {
  await tx.deleteFrom('rollback_intents').where('release_id', '=', releaseId).execute();
}

interface Lease {
  readonly leaseMs: number;
}
