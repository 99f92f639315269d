/**
 * PostgreSQL: one pool a process, Kysely on top of it. Rooms bring their own table types and their own migrations
 * folder; each folder has its own schema, so the engine's catalog and the releases never share a table.
 */
import { Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import type { Logger } from './log.ts';

export interface DatabaseOptions {
  readonly url: string;
  /** Schema that unqualified names resolve to, e.g. `sluice` or `engine`. */
  readonly schema: string;
  /** Most connections of this process at once. */
  readonly maxConnections: number;
  /** How many of them stay open also when nobody needs them: opening one takes longer than most questions. None by default. */
  readonly keptConnections?: number;
  /** Shown in pg_stat_activity, so that an operator can tell who holds a lock. */
  readonly applicationName: string;
}

/** A pool whose lost connections (server restart, kill) are logged instead of ending the process. */
export function createPool(options: DatabaseOptions, log: Logger): Pool {
  const pool = new Pool({
    connectionString: options.url,
    max: options.maxConnections,
    min: options.keptConnections ?? 0,
    application_name: options.applicationName,
    options: `-c search_path=${options.schema}`,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
  });
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection was lost'));
  // The pool listens while a connection is idle. One that is lost between two queries of a transaction would end the
  // process; the next query says it to whoever has the connection.
  pool.on('connect', (client) =>
    client.on('error', (error) => log.warn({ err: error }, 'a database connection was lost')),
  );
  return pool;
}

/** Type-safe queries over `pool`; destroying the result ends the pool. */
export function createDatabase<Tables>(pool: Pool): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
}
