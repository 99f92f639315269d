/** Numbered SQL migrations by node-pg-migrate, forward only, under its advisory lock: safe from several processes at once. */
import { runner } from 'node-pg-migrate';
import { Client } from 'pg';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from './log.ts';

export interface MigrationOptions {
  readonly databaseUrl: string;
  /** Folder of `NNNN_name.sql` files with `-- Up Migration` heads. */
  readonly folder: string;
  /** Schema that is created when missing, and that holds the bookkeeping table. */
  readonly schema: string;
  readonly log: Logger;
  /** How long to wait for a database that does not answer yet, in milliseconds. */
  readonly waitMs: number;
}

/** Brings the schema to the newest migration. Throws when the database stays unreachable or a file fails. */
export async function migrate(options: MigrationOptions): Promise<void> {
  await waitForDatabase(options.databaseUrl, options.waitMs);
  await runner({
    databaseUrl: options.databaseUrl,
    dir: options.folder,
    direction: 'up',
    migrationsTable: 'migrations',
    migrationsSchema: options.schema,
    createMigrationsSchema: true,
    schema: options.schema,
    createSchema: true,
    // Changes that were made side by side land in another order than their numbers.
    checkOrder: false,
    // Several processes start at once: all but one wait for the one that migrates.
    lockValue: lockKey(options.schema),
    advisoryLockMode: 'wait',
    log: (message) => options.log.debug(message.trim()),
  });
}

async function waitForDatabase(url: string, waitMs: number): Promise<void> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (Date.now() > deadline)
        throw new Error(`PostgreSQL did not answer within ${waitMs / 1000} s`, { cause: error });
      await pause(100);
    }
  }
}

/** A stable positive number for a name, so that two schemas do not wait for each other. */
function lockKey(name: string): number {
  return [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 2_147_483_647, 7);
}
