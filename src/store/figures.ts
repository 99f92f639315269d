/** What the figures are made from: the few events of the releases of one environment that fall into a stretch. */
import { sql } from 'kysely';
import type { FigureEvent, ReleaseHistory } from '../domain/figures/history.ts';
import type { Stretch } from '../domain/figures/figures.ts';
import type { RollbackCause } from '../domain/release/events.ts';
import { RUN_CAUSES } from '../domain/release/states.ts';
import type { Db } from './store.ts';

interface Row {
  readonly id: string;
  readonly created_at: Date;
  readonly committed_at: Date | null;
  readonly type: FigureEvent['type'];
  readonly at: Date;
  readonly weight: number | null;
  readonly cause: RollbackCause | null;
}

/** Every push and start by hand with such an event in the stretch, with all of its such events. */
export async function listHistories(
  db: Db,
  { project, environment, from, until }: Stretch & { readonly project: string; readonly environment: string },
): Promise<ReleaseHistory[]> {
  const since = new Date(from);
  const { rows } = await sql<Row>`
    select r.id, r.created_at, r.committed_at, e.type, e.at, (e.event ->> 'weight')::float8 as weight,
      e.event ->> 'cause' as cause
    from releases r join release_events e on e.release_id = r.id
    where r.id in (
        select o.release_id from release_events o
        where o.at >= ${since} and o.at < ${new Date(until)}
          and o.type in ('traffic', 'promoted', 'rollback-started', 'rolled-back'))
      and r.project = ${project} and r.environment = ${environment} and not r.dry_run
      and r.cause in (${sql.join(RUN_CAUSES)})
      and e.type in ('traffic', 'promoted', 'rollback-started')
    order by r.id, e.seq`.execute(db);
  const takenBack = await takenBackTimes(db, { project, environment, since });
  const histories = new Map<string, ReleaseHistory & { events: FigureEvent[] }>();
  for (const row of rows) {
    const known = histories.get(row.id) ?? {
      id: row.id,
      storedAt: row.created_at.getTime(),
      committedAt: row.committed_at?.getTime() ?? null,
      events: [],
      takenBackAt: takenBack.get(row.id) ?? null,
    };
    histories.set(row.id, known);
    known.events.push(eventOf(row));
  }
  return [...histories.values()];
}

/** When a person went to another version, or the bake time found harm; the first time of each release. */
async function takenBackTimes(
  db: Db,
  { project, environment, since }: Readonly<Record<'project' | 'environment', string>> & { since: Date },
): Promise<Map<string, number>> {
  const { rows } = await sql<{ readonly id: string; readonly at: Date }>`
    select id, min(at) as at from (
      select release_id as id, at from quarantine
      where project = ${project} and environment = ${environment} and reason = 'person' and at >= ${since}
      union all
      select substr(b.dedupe_key, length('bake:') + 1) as id, e.at
      from releases b join release_events e on e.release_id = b.id and e.type = 'rolled-back'
      where b.project = ${project} and b.environment = ${environment} and b.cause = 'bake'
        and e.at >= ${since}) as back
    group by id`.execute(db);
  return new Map(rows.map(({ id, at }) => [id, at.getTime()]));
}

function eventOf({ type, at: time, weight, cause }: Row): FigureEvent {
  const at = time.getTime();
  switch (type) {
    case 'traffic':
      return { type, at, weight: weight ?? 0 };
    case 'promoted':
      return { type, at };
    case 'rollback-started':
      return { type, at, cause: cause ?? 'harmful' };
  }
}
