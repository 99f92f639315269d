import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestPostgres, type TestPostgres } from '../../test/support/postgres.ts';
import { migrate } from './migrate.ts';

let postgres: TestPostgres;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'migrations-'));
  postgres = await startTestPostgres();
}, 60_000);
afterAll(async () => {
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const add = (name: string, statement: string): void =>
  writeFileSync(join(folder, `${name}.sql`), `-- Up Migration\n\n${statement};\n`);
const run = (): Promise<void> =>
  migrate({
    databaseUrl: postgres.url,
    folder,
    schema: 'tried',
    log: pino({ level: 'silent' }),
    waitMs: 10_000,
  });

test('what comes later under a lower number still runs, once — changes land in another order than their numbers', async () => {
  add('0001_first', 'create table first (id text)');
  add('0003_third', 'create table third (id text)');
  await run();
  add('0002_second', 'create table second (id text)');
  await run();
  await run();
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>('select name from tried.migrations order by id');
  await client.end();
  expect(rows.map(({ name }) => name)).toEqual(['0001_first', '0003_third', '0002_second']);
});
