/**
 * Every look of the judge, with the state it left behind: what people see, what a replay computes again, and what
 * another worker goes on from. Written by the one `watch` activity of a release, before anything follows from a look.
 */
import type { Look } from '../domain/analysis/look.ts';
import type { Db } from './store.ts';

export interface Evaluation<State extends object> {
  readonly look: Look;
  /** Whatever the watch needs to go on after this look; plain JSON. */
  readonly state: State;
}

/**
 * Stores a look. A repeated (release, metric, number) changes nothing: two watches of one release (the old worker
 * was only thought dead) cannot both count the same interval.
 *
 * @returns false when that number was taken
 */
export async function addEvaluation<State extends object>(
  db: Db,
  releaseId: string,
  { look, state }: Evaluation<State>,
): Promise<boolean> {
  const inserted = await db
    .insertInto('evaluations')
    .values({
      release_id: releaseId,
      number: look.number,
      metric: look.metric,
      at: new Date(look.at),
      look: JSON.stringify(look),
      state: JSON.stringify(state),
    })
    .onConflict((c) => c.columns(['release_id', 'metric', 'number']).doNothing())
    .returning('number')
    .executeTakeFirst();
  return inserted !== undefined;
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

/** Looks of a release, oldest first, with `number` above `afterNumber`. */
export async function listEvaluations(
  db: Db,
  releaseId: string,
  { afterNumber, limit }: { readonly afterNumber: number; readonly limit: number },
): Promise<Look[]> {
  const rows = await db
    .selectFrom('evaluations')
    .select('look')
    .where('release_id', '=', releaseId)
    .where('number', '>', afterNumber)
    .orderBy('number')
    .orderBy('metric')
    .limit(limit)
    .execute();
  return rows.map((row) => row.look);
}

/** The newest look of a release, whatever its metric, or `undefined`. */
export async function newestLookOf(db: Db, releaseId: string): Promise<Look | undefined> {
  const row = await db
    .selectFrom('evaluations')
    .select('look')
    .where('release_id', '=', releaseId)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.look;
}
