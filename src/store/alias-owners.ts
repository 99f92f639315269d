/**
 * Which environment an alias of a service belongs to: the one that came first. It is the primary key of `alias_states`
 * that makes two releases at once safe. An alias is free again when its environment is gone or has another alias, and
 * when the release that claimed it ended before anything went live.
 */
import { sql } from 'kysely';
import { findAliasState } from './alias-states.ts';
import { ACTIVE_STATES } from './releases.ts';
import type { Db } from './store.ts';

export interface AliasPlace {
  readonly service: string;
  readonly alias: string;
}

export interface AliasOwner {
  readonly project: string;
  readonly environment: string;
}

/** Claims the alias for the environment. @returns `null`, or the other environment that has it */
export async function claimAlias(
  db: Db,
  place: AliasPlace,
  owner: AliasOwner,
  releaseId: string,
): Promise<AliasOwner | null> {
  const { service, alias } = place;
  const { project, environment } = owner;
  const { rows } = await sql`
    insert into alias_states (service, alias, project, environment, release_id)
    values (${service}, ${alias}, ${project}, ${environment}, ${releaseId})
    on conflict (service, alias) do update
      set project = excluded.project, environment = excluded.environment, release_id = excluded.release_id
      where ${IS_FREE}
    returning service`.execute(db);
  if (rows.length > 0) return null;
  const state = await findAliasState(db, service, alias);
  return state && isOther(state, owner) ? state : null;
}

/** The other environment that has the alias, if one does; claims nothing. */
export async function otherOwner(
  db: Db,
  { service, alias }: AliasPlace,
  owner: AliasOwner,
): Promise<AliasOwner | null> {
  const { rows } = await sql<AliasOwner>`
    select project, environment from alias_states
    where service = ${service} and alias = ${alias} and not ${IS_FREE}`.execute(db);
  const [found] = rows;
  return found && isOther(found, owner) ? found : null;
}

function isOther(found: AliasOwner, { project, environment }: AliasOwner): boolean {
  return found.project !== project || found.environment !== environment;
}

const IS_FREE = sql`(
  not exists (
    select 1 from projects p, jsonb_array_elements(p.environments) e
    where p.id = alias_states.project and e->>'name' = alias_states.environment
      and e->>'alias' = alias_states.alias)
  or (alias_states.stable is null and not exists (
    select 1 from releases r
    where r.id = alias_states.release_id and r.state in (${sql.join(ACTIVE_STATES)}))))`;
