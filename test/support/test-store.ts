/** Sluice's tables in a real PostgreSQL of the test's own. */
import { pino } from 'pino';
import { openStore, type Store } from '../../src/store/store.ts';
import { startTestPostgres, type TestPostgres } from './postgres.ts';

export interface TestStore extends Store {
  readonly postgres: TestPostgres;
}

/** Closing it ends the PostgreSQL too. */
export async function startTestStore(log = pino({ level: 'silent' })): Promise<TestStore> {
  const postgres = await startTestPostgres();
  const settings = { databaseUrl: postgres.url, maxConnections: 10, applicationName: 'test' };
  const store = await openStore(settings, log);
  return {
    ...store,
    postgres,
    close: async () => {
      await store.close();
      await postgres.stop();
    },
  };
}
