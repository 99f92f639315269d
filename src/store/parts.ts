/** Signs of life of processes that have no port of their own, such as workers. Times are the database's. */
import { sql } from 'kysely';
import type { Db } from './store.ts';

export interface Beat {
  /** What kind of process, e.g. `worker`. */
  readonly part: string;
  /** Which one of its kind, e.g. host and process id. */
  readonly instance: string;
  /** Plain JSON for people who look for a fault. */
  readonly detail: object;
}

export interface Part extends Beat {
  /** Since the last beat, milliseconds. */
  readonly silentMs: number;
}

/** How long a part may be silent before it counts as down, milliseconds; it beats every 2 s. */
export const PART_SILENCE_MS = 10_000;
/** Instances that were silent this long are forgotten, milliseconds. */
const FORGET_AFTER_MS = 60 * 60 * 1_000;

/** Says that an instance works, and forgets those of its kind that have been gone for an hour. */
export async function recordBeat(db: Db, { part, instance, detail }: Beat): Promise<void> {
  const values = { detail: JSON.stringify(detail), beat_at: sql<Date>`now()` };
  await db
    .insertInto('parts')
    .values({ part, instance, ...values })
    .onConflict((c) => c.columns(['part', 'instance']).doUpdateSet(values))
    .execute();
  await db
    .deleteFrom('parts')
    .where('part', '=', part)
    .where('beat_at', '<', sql<Date>`now() - ${FORGET_AFTER_MS} * interval '1 millisecond'`)
    .execute();
}

/** Every instance that beat within the last hour. */
export async function listParts(db: Db): Promise<Part[]> {
  const rows = await db
    .selectFrom('parts')
    .select(['part', 'instance', 'detail'])
    .select(sql<number>`(extract(epoch from now() - beat_at) * 1000)::float8`.as('silent_ms'))
    .orderBy('part')
    .orderBy('instance')
    .execute();
  return rows.map((row) => ({
    part: row.part,
    instance: row.instance,
    detail: row.detail,
    silentMs: Math.max(0, row.silent_ms),
  }));
}
