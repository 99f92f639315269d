/** The engine's catalog over a real PostgreSQL of the test's own, with the service `shop`. */
import { fileURLToPath } from 'node:url';
import type { Kysely } from 'kysely';
import { Catalog } from '../../src/engine/catalog/catalog.ts';
import { functionConfig } from '../../src/engine/catalog/function-config.ts';
import { serviceConfig } from '../../src/engine/catalog/service-config.ts';
import type { EngineTables } from '../../src/engine/catalog/tables.ts';
import { createDatabase, createPool } from '../../src/platform/database.ts';
import { createLog } from '../../src/platform/log.ts';
import { migrate } from '../../src/platform/migrate.ts';
import { startTestPostgres } from './postgres.ts';

const MIGRATIONS = fileURLToPath(new URL('../../src/engine/catalog/migrations', import.meta.url));

export interface TestCatalog {
  readonly db: Kysely<EngineTables>;
  readonly catalog: Catalog;
  /** Adds a function in Node.js, handler `index.handler`, to `shop`. */
  define(name: string, settings?: { readonly timeout?: number }): Promise<void>;
  /** Ends the PostgreSQL too. */
  close(): Promise<void>;
}

/**
 * @param now the clock of the catalog, Unix milliseconds
 * @param codeFolder where every function's code lies
 */
export async function startTestCatalog(now: () => number, codeFolder: string): Promise<TestCatalog> {
  const log = createLog('test', 'silent');
  const postgres = await startTestPostgres();
  await migrate({ databaseUrl: postgres.url, folder: MIGRATIONS, schema: 'engine', log, waitMs: 10_000 });
  const db = createDatabase<EngineTables>(
    createPool({ url: postgres.url, schema: 'engine', maxConnections: 6, applicationName: 'test' }, log),
  );
  const catalog = await Catalog.load({
    db,
    log,
    now,
    folderOf: () => codeFolder,
    onReplaced: () => undefined,
  });
  await catalog.create('shop', serviceConfig({}, {}));
  return {
    db,
    catalog,
    define: async (name, settings = {}) => {
      await catalog.change('shop', (state) => (stamp) => {
        const record = {
          id: name,
          name,
          config: functionConfig({ runtime: 'nodejs20', handler: 'index.handler' }, settings),
          code: { sha256: 'x', sizeBytes: 1, checksum: '1' },
          layers: [],
          ...stamp,
        };
        return {
          parts: { ...state, functions: new Map(state.functions).set(name, record) },
          write: (rows) =>
            rows
              .insertInto('functions')
              .values({ service: 'shop', name, record: JSON.stringify(record) })
              .execute(),
        };
      });
    },
    close: async () => {
      await db.destroy();
      await postgres.stop();
    },
  };
}
