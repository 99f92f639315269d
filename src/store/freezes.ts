/**
 * Freezes and who may pass them. Every change leaves a notice for the lanes that it concerns, in the same
 * transaction: they look again, also when Temporal was down meanwhile.
 */
import { sql, type Selectable } from 'kysely';
import type { Freeze } from '../domain/freeze/freeze.ts';
import { addLaneNotices } from './lane-notices.ts';
import type { Db } from './store.ts';
import type { Tables } from './tables.ts';

export interface StoredFreeze extends Freeze {
  /** `null`: every project. */
  readonly project: string | null;
  /** Name; `null`: every environment. */
  readonly environment: string | null;
  readonly createdBy: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

export interface Bypass {
  readonly freezeId: string;
  readonly project: string;
  readonly environment: string;
  /** `null`: every release of the environment. */
  readonly releaseId: string | null;
  /** Until when, Unix milliseconds; `null`: as long as the freeze. */
  readonly until: number | null;
  readonly comment: string;
  readonly actor: string;
}

export interface StoredBypass extends Bypass {
  /** When it was allowed, Unix milliseconds. */
  readonly at: number;
}

interface Place {
  readonly project: string;
  readonly environment: string;
}

/** Stores a freeze and tells the lanes. In the caller's transaction. */
export async function addFreeze(tx: Db, freeze: Omit<StoredFreeze, 'createdAt'>): Promise<StoredFreeze> {
  const row = await tx
    .insertInto('freezes')
    .values({
      id: freeze.id,
      project: freeze.project,
      environment: freeze.environment,
      reason: freeze.reason,
      freeze_window: JSON.stringify(freeze.window),
      under_way: freeze.underWay,
      created_by: freeze.createdBy,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await addLaneNotices(tx, freeze);
  return toFreeze(row);
}

/** Ends a freeze at once and tells the lanes. @returns false when there is none with this id, or it was ended before */
export async function endFreeze(
  tx: Db,
  { id, by }: { readonly id: string; readonly by: string },
): Promise<boolean> {
  const row = await tx
    .updateTable('freezes')
    .set({ ended_at: new Date(), ended_by: by })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .returning(['project', 'environment'])
    .executeTakeFirst();
  if (row) await addLaneNotices(tx, row);
  return row !== undefined;
}

/** A freeze that nobody has ended, or `undefined`. */
export async function findFreeze(db: Db, id: string): Promise<StoredFreeze | undefined> {
  const row = await db
    .selectFrom('freezes')
    .selectAll()
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  return row && toFreeze(row);
}

/**
 * Freezes that may still hold something after the instant (Unix milliseconds), oldest first; those of a place only
 * where one is given.
 */
export async function listFreezes(db: Db, at: number, place?: Place): Promise<StoredFreeze[]> {
  const rows = await db
    .selectFrom('freezes')
    .selectAll()
    .where('ended_at', 'is', null)
    .where(
      sql<boolean>`(freeze_window ->> 'kind' <> 'once' or coalesce((freeze_window ->> 'until')::bigint > ${at}, true))`,
    )
    .$if(place !== undefined, (q) =>
      q
        .where((e) => e.or([e('project', 'is', null), e('project', '=', place?.project ?? '')]))
        .where((e) => e.or([e('environment', 'is', null), e('environment', '=', place?.environment ?? '')])),
    )
    .orderBy('id')
    .execute();
  return rows.map(toFreeze);
}

/** Lets a release, or all of an environment, pass a freeze, and tells the lane. In the caller's transaction. */
export async function addBypass(tx: Db, bypass: Bypass): Promise<StoredBypass> {
  const row = await tx
    .insertInto('freeze_bypasses')
    .values({
      freeze_id: bypass.freezeId,
      project: bypass.project,
      environment: bypass.environment,
      release_id: bypass.releaseId,
      until: bypass.until === null ? null : new Date(bypass.until),
      comment: bypass.comment,
      actor: bypass.actor,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await addLaneNotices(tx, bypass);
  return toBypass(row);
}

/** Who passes which of the freezes at an instant (Unix milliseconds), in the order in which it was allowed. */
export async function listBypasses(
  db: Db,
  freezes: readonly Pick<StoredFreeze, 'id'>[],
  at: number,
): Promise<StoredBypass[]> {
  if (freezes.length === 0) return [];
  const ids = freezes.map(({ id }) => id);
  const rows = await db
    .selectFrom('freeze_bypasses')
    .selectAll()
    .where('freeze_id', 'in', ids)
    .where((e) => e.or([e('until', 'is', null), e('until', '>', new Date(at))]))
    .orderBy('id')
    .execute();
  return rows.map(toBypass);
}

function toBypass(row: Selectable<Tables['freeze_bypasses']>): StoredBypass {
  return {
    freezeId: row.freeze_id,
    project: row.project,
    environment: row.environment,
    releaseId: row.release_id,
    until: row.until?.getTime() ?? null,
    comment: row.comment,
    actor: row.actor,
    at: row.at.getTime(),
  };
}

function toFreeze(row: Selectable<Tables['freezes']>): StoredFreeze {
  return {
    id: row.id,
    project: row.project,
    environment: row.environment,
    reason: row.reason,
    window: row.freeze_window,
    underWay: row.under_way,
    createdBy: row.created_by,
    createdAt: row.created_at.getTime(),
  };
}
