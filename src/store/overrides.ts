/** Moves of an alias past the workflow, by a person: who, why, from what to which version. Workflows yield to them. */
import type { Selectable } from 'kysely';
import { quarantineLeft } from './quarantine.ts';
import type { Db } from './store.ts';
import type { Tables } from './tables.ts';

export interface Override {
  readonly project: string;
  readonly environment: string;
  readonly service: string;
  readonly alias: string;
  /** What the alias was at before; plain JSON. */
  readonly from: object;
  readonly toVersion: string;
  readonly actor: string;
  readonly comment: string;
}

/**
 * Stores an override, and puts the commits of newer versions that were left for an older one into quarantine.
 *
 * @param left versions that had traffic before
 */
export async function addOverride(db: Db, override: Override, left: readonly string[] = []): Promise<void> {
  const work = (tx: Db): Promise<void> => insertOverride(tx, override, left);
  await (db.isTransaction ? work(db) : db.transaction().execute(work));
}

async function insertOverride(db: Db, override: Override, left: readonly string[]): Promise<void> {
  await db
    .insertInto('overrides')
    .values({
      project: override.project,
      environment: override.environment,
      service: override.service,
      alias: override.alias,
      from_state: JSON.stringify(override.from),
      to_version: override.toVersion,
      actor: override.actor,
      comment: override.comment,
    })
    .execute();
  await quarantineLeft(db, { ...override, left });
}

/** Id of the newest override of any alias, 0 before the first. */
export async function newestOverrideId(db: Db): Promise<number> {
  const row = await db
    .selectFrom('overrides')
    .select((e) => e.fn.max('id').as('id'))
    .executeTakeFirst();
  return Number(row?.id ?? 0);
}

/** The newest override of an alias with an id above `afterId`, or `undefined`. Ids, not times: clocks differ. */
export async function overrideAfter(
  db: Db,
  { service, alias, afterId }: { readonly service: string; readonly alias: string; readonly afterId: number },
): Promise<Override | undefined> {
  const row = await newestFirst(db, service, alias).where('id', '>', String(afterId)).executeTakeFirst();
  return row && toOverride(row);
}

/** The newest override of an alias since a time (Unix milliseconds), or `undefined`. */
export async function newestOverride(
  db: Db,
  { service, alias, sinceMs }: { readonly service: string; readonly alias: string; readonly sinceMs: number },
): Promise<Override | undefined> {
  const row = await newestFirst(db, service, alias).where('at', '>=', new Date(sinceMs)).executeTakeFirst();
  return row && toOverride(row);
}

function newestFirst(db: Db, service: string, alias: string) {
  return db
    .selectFrom('overrides')
    .selectAll()
    .where('service', '=', service)
    .where('alias', '=', alias)
    .orderBy('id', 'desc')
    .limit(1);
}

function toOverride(row: Selectable<Tables['overrides']>): Override {
  return {
    project: row.project,
    environment: row.environment,
    service: row.service,
    alias: row.alias,
    from: row.from_state,
    toVersion: row.to_version,
    actor: row.actor,
    comment: row.comment,
  };
}
