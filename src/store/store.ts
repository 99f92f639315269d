/** The door to PostgreSQL for releases: opens the pool, runs the migrations, hands out type-safe queries. */
import { fileURLToPath } from 'node:url';
import type { Kysely, Transaction } from 'kysely';
import type { Pool } from 'pg';
import { createDatabase, createPool, type DatabaseOptions } from '../platform/database.ts';
import type { Logger } from '../platform/log.ts';
import { migrate } from '../platform/migrate.ts';
import type { Tables } from './tables.ts';

export const STORE_SCHEMA = 'sluice';
/** The `.sql` files stay in `src/`, also when the compiled code runs from `dist/`. */
const MIGRATIONS = fileURLToPath(new URL('../../src/store/migrations', import.meta.url));

/** A connection or a transaction: every query of this room takes one, so that callers can combine them. */
export type Db = Kysely<Tables> | Transaction<Tables>;

export interface Store {
  readonly db: Kysely<Tables>;
  readonly pool: Pool;
  close(): Promise<void>;
}

export interface StoreOptions extends Omit<DatabaseOptions, 'url' | 'schema'> {
  readonly databaseUrl: string;
}

/** Connects, brings the schema up to date, and returns the store. Waits up to 30 s for a database that starts. */
export async function openStore(options: StoreOptions, log: Logger): Promise<Store> {
  await migrate({
    databaseUrl: options.databaseUrl,
    folder: MIGRATIONS,
    schema: STORE_SCHEMA,
    log,
    waitMs: 30_000,
  });
  return connectStore(options, log);
}

/** Connections of their own to a store that is open already, for work that must not wait for any other. */
export function connectStore(options: StoreOptions, log: Logger): Store {
  const { databaseUrl: url, ...connections } = options;
  const pool = createPool({ url, schema: STORE_SCHEMA, ...connections }, log);
  const db = createDatabase<Tables>(pool);
  return { db, pool, close: () => db.destroy() };
}
