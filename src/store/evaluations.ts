/**
 * Every look of the judge, with the state it left behind: what people see, what a replay computes again, and what
 * another worker goes on from. Written by the one `watch` activity of a release, before anything follows from a look.
 * One number may have several looks: the release's, which decides, and one for each metric.
 */
import { sql } from 'kysely';
import type { Look } from '../domain/analysis/look.ts';
import { RELEASE_METRICS } from '../domain/analysis/release-look.ts';
import type { Beginning } from '../domain/analysis/replay.ts';
import type { Db } from './store.ts';

/** Part of the state of one of a release's first looks. */
export interface ReplayBeginning extends Beginning {
  /** Wave of regions that began so, 0-based; left out: the first, or the plan names no regions. */
  readonly wave?: number;
}

/** More than a month of looks each 5 s. */
const MOST_LOOKS = 600_000;

export interface Evaluation<State extends object> {
  readonly look: Look;
  /** Whatever the watch needs to go on after this look; plain JSON. */
  readonly state: State;
}

/**
 * Stores the looks of one number, all or none; the first carries the state. A repeated (release, metric, number)
 * changes nothing: two watches of one release (the old worker was only thought dead) cannot both count the same
 * interval. States of earlier looks are let go, but for what a replay begins with.
 *
 * @returns false when that number was taken
 */
export async function addEvaluation(
  db: Db,
  releaseId: string,
  { looks, state }: { readonly looks: readonly [Look, ...Look[]]; readonly state: object },
): Promise<boolean> {
  const [first] = looks;
  return db.transaction().execute(async (tx) => {
    const inserted = await tx
      .insertInto('evaluations')
      .values(
        looks.map((look, index) => ({
          release_id: releaseId,
          number: look.number,
          metric: look.metric,
          at: new Date(look.at),
          look: JSON.stringify(look),
          state: JSON.stringify(index === 0 ? state : {}),
        })),
      )
      .onConflict((c) => c.columns(['release_id', 'metric', 'number']).doNothing())
      .returning('metric')
      .execute();
    if (!inserted.some(({ metric }) => metric === first.metric)) return false;
    await tx
      .updateTable('evaluations')
      .set({ state: JSON.stringify({}) })
      .where('release_id', '=', releaseId)
      .where('metric', '=', first.metric)
      .where('number', '<', first.number)
      .where(sql<boolean>`state <> '{}' and not jsonb_exists(state, 'history')`)
      .execute();
    return true;
  });
}

/** The newest look of a metric with its state, or `undefined` before the first. */
export async function newestEvaluation<State extends object>(
  db: Db,
  releaseId: string,
  metric: string,
): Promise<Evaluation<State> | undefined> {
  const row = await db
    .selectFrom('evaluations')
    .select(['look', 'state'])
    .where('release_id', '=', releaseId)
    .where('metric', '=', metric)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row && { look: row.look, state: row.state as State };
}

/** What speaks for the release comes first within a number. */
const rank = sql<number>`coalesce(array_position(array[${sql.join([...RELEASE_METRICS])}]::text[], metric), 99)`;

/** Looks of a release, oldest first: all of the first `limit` numbers above `afterNumber`. */
export async function listEvaluations(
  db: Db,
  releaseId: string,
  { afterNumber, limit }: { readonly afterNumber: number; readonly limit: number },
): Promise<Look[]> {
  const numbers = db
    .selectFrom('evaluations')
    .select('number')
    .distinct()
    .where('release_id', '=', releaseId)
    .where('number', '>', afterNumber)
    .orderBy('number')
    .limit(limit);
  const rows = await db
    .selectFrom('evaluations')
    .select('look')
    .where('release_id', '=', releaseId)
    .where('number', 'in', numbers)
    .orderBy('number')
    .orderBy(rank)
    .orderBy('metric')
    .execute();
  return rows.map((row) => row.look);
}

/** Every look of a release, oldest first, and what its judges began with: those of the first wave, and of later ones. */
export async function evaluationsForReplay(
  db: Db,
  releaseId: string,
): Promise<{
  readonly looks: Look[];
  readonly beginning: ReplayBeginning | null;
  readonly later: ReadonlyMap<number, ReplayBeginning>;
}> {
  const [looks, begun] = await Promise.all([
    listEvaluations(db, releaseId, { afterNumber: 0, limit: MOST_LOOKS }),
    db
      .selectFrom('evaluations')
      .select('state')
      .where('release_id', '=', releaseId)
      .where(sql<boolean>`jsonb_exists(state, 'history')`)
      // A watch that could not read the past at once began with its newest reading of it.
      .orderBy('number')
      .execute(),
  ]);
  const byWave = new Map(
    begun.map(({ state }) => state as ReplayBeginning).map((state) => [state.wave ?? 0, state] as const),
  );
  const beginning = byWave.get(0) ?? null;
  byWave.delete(0);
  return { looks, beginning, later: byWave };
}

/** The newest look that speaks for the release as a whole, or `undefined`. */
export async function newestLookOf(db: Db, releaseId: string): Promise<Look | undefined> {
  const row = await db
    .selectFrom('evaluations')
    .select('look')
    .where('release_id', '=', releaseId)
    .where('metric', 'in', [...RELEASE_METRICS])
    .orderBy('number', 'desc')
    .orderBy(rank)
    .limit(1)
    .executeTakeFirst();
  return row?.look;
}
