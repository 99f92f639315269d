/**
 * Word for lanes that what they read has changed. Every lane of the place gets it, also an idle one: whether a push
 * that is being stored at this moment is seen by whom is then no question.
 */
import { sql } from 'kysely';
import type { Db } from './store.ts';

/** PostgreSQL channel that a new notice is announced on. */
export const LANE_NOTICES_CHANNEL = 'sluice_lane_notices';

export interface LaneNotice {
  readonly id: string;
  readonly project: string;
  readonly environment: string;
}

/** Leaves a notice for every lane of the place; `null` stands for all. */
export async function addLaneNotices(
  tx: Db,
  { project, environment }: { readonly project: string | null; readonly environment: string | null },
): Promise<void> {
  await sql`
    insert into lane_notices (project, environment)
    select place.project, place.environment from (
      select id as project, record ->> 'name' as environment
      from projects cross join jsonb_array_elements(environments) as record
      union
      -- An environment that the record does not name any more may have a release that waits.
      select project, environment from releases where state in ('queued', 'running', 'waiting-approval', 'paused')
    ) as place
    where (${project}::text is null or place.project = ${project})
      and (${environment}::text is null or place.environment = ${environment})`.execute(tx);
  await sql`select pg_notify(${LANE_NOTICES_CHANNEL}, '')`.execute(tx);
}

/** Claims due notices for `leaseMs`; another dispatcher takes them over when this one died. */
export async function claimLaneNotices(
  db: Db,
  { limit, leaseMs }: { readonly limit: number; readonly leaseMs: number },
): Promise<LaneNotice[]> {
  const { rows } = await sql<LaneNotice>`
    update lane_notices set next_at = now() + ${leaseMs} * interval '1 millisecond'
    where id in (
      select id from lane_notices where next_at <= now() order by id limit ${limit} for update skip locked)
    returning id, project, environment`.execute(db);
  return rows;
}

/** The lane was told. */
export async function finishLaneNotice(db: Db, id: string): Promise<void> {
  await db.deleteFrom('lane_notices').where('id', '=', id).execute();
}
