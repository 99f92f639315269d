/** What runs where, as Sluice last set it, and which environment owns an alias. */
import type { Selectable } from 'kysely';
import type { Db } from './store.ts';
import type { Tables } from './tables.ts';

export interface AliasState {
  readonly service: string;
  readonly alias: string;
  readonly project: string;
  readonly environment: string;
  /** Version that takes what the canary leaves; `null` before the first release went live. */
  readonly stable: string | null;
  readonly canary: string | null;
  /** Share of the canary, 0…1. */
  readonly weight: number;
  /** Release that set it; `null` when a person did. */
  readonly releaseId: string | null;
  /** Unix milliseconds. */
  readonly changedAt: number;
}

/** The state of one alias, or `undefined` where Sluice never set it. */
export async function findAliasState(
  db: Db,
  service: string,
  alias: string,
): Promise<AliasState | undefined> {
  const row = await db
    .selectFrom('alias_states')
    .selectAll()
    .where('service', '=', service)
    .where('alias', '=', alias)
    .executeTakeFirst();
  return row && toAliasState(row);
}

/** Every alias behind which something went live, or those of one environment, by service. */
export async function listAliasStates(
  db: Db,
  filter: { readonly project?: string | undefined; readonly environment?: string | undefined },
): Promise<AliasState[]> {
  const rows = await db
    .selectFrom('alias_states')
    .selectAll()
    .where('stable', 'is not', null)
    .$if(filter.project !== undefined, (q) => q.where('project', '=', filter.project ?? ''))
    .$if(filter.environment !== undefined, (q) => q.where('environment', '=', filter.environment ?? ''))
    .orderBy('project')
    .orderBy('environment')
    .orderBy('service')
    .execute();
  return rows.map(toAliasState);
}

/** Stores what was just set and confirmed. The owner never changes here. */
export async function saveAliasState(db: Db, state: Omit<AliasState, 'changedAt'>): Promise<void> {
  const { service, alias, project, environment, stable, canary, weight, releaseId } = state;
  const values = { stable, canary, weight, release_id: releaseId, changed_at: new Date() };
  await db
    .insertInto('alias_states')
    .values({ service, alias, project, environment, ...values })
    .onConflict((c) => c.columns(['service', 'alias']).doUpdateSet(values))
    .execute();
}

function toAliasState(row: Selectable<Tables['alias_states']>): AliasState {
  return {
    service: row.service,
    alias: row.alias,
    project: row.project,
    environment: row.environment,
    stable: row.stable,
    canary: row.canary,
    weight: row.weight,
    releaseId: row.release_id,
    changedAt: row.changed_at.getTime(),
  };
}
