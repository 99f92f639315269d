/** Timer triggers over a real PostgreSQL, made by the API's own operations; only the clock is the test's own. */
import { fileURLToPath } from 'node:url';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startTestPostgres, type TestPostgres } from '../../../test/support/postgres.ts';
import { poll } from '../../../test/support/stack.ts';
import { createDatabase, createPool } from '../../platform/database.ts';
import { createLog } from '../../platform/log.ts';
import { migrate } from '../../platform/migrate.ts';
import { Catalog } from '../catalog/catalog.ts';
import { functionConfig } from '../catalog/function-config.ts';
import { serviceConfig } from '../catalog/service-config.ts';
import type { EngineTables } from '../catalog/tables.ts';
import { triggerOperations } from '../catalog/triggers.ts';
import { Call } from '../http/operation.ts';
import { timeAfter, Timers } from './timers.ts';

const MIGRATIONS = fileURLToPath(new URL('../catalog/migrations', import.meta.url));
const START = Date.parse('2026-01-01T00:00:00Z');
const log = createLog('test', 'silent');

let postgres: TestPostgres;
let db: Kysely<EngineTables>;
let catalog: Catalog;
let nowMs = START;
let woken = 0;

beforeAll(async () => {
  postgres = await startTestPostgres();
  await migrate({ databaseUrl: postgres.url, folder: MIGRATIONS, schema: 'engine', log, waitMs: 10_000 });
  db = createDatabase<EngineTables>(
    createPool({ url: postgres.url, schema: 'engine', maxConnections: 6, applicationName: 'test' }, log),
  );
  catalog = await Catalog.load({
    db,
    log,
    now: () => nowMs,
    folderOf: (name) => name,
    onReplaced: () => undefined,
  });
  await catalog.create('shop', serviceConfig({}, {}));
  await catalog.change('shop', (state) => (stamp) => {
    const record = {
      id: 'f',
      name: 'work',
      config: functionConfig({ runtime: 'nodejs20', handler: 'index.handler' }, {}),
      code: { sha256: 'x', sizeBytes: 1, checksum: '1' },
      layers: [],
      ...stamp,
    };
    return {
      parts: { ...state, functions: new Map(state.functions).set('work', record) },
      write: (rows) =>
        rows
          .insertInto('functions')
          .values({ service: 'shop', name: 'work', record: JSON.stringify(record) })
          .execute(),
    };
  });
});
beforeEach(async () => {
  nowMs = START;
  for (const { name } of catalog.find('shop').triggers.values()) await run('DeleteTrigger', name);
  await db.deleteFrom('async_calls').execute();
});
afterAll(async () => {
  await db.destroy();
  await postgres.stop();
});

async function run(operation: string, name: string, body?: object): Promise<void> {
  const found = triggerOperations(catalog).find((other) => other.name === operation);
  if (!found) throw new Error(`no operation ${operation}`);
  await found.run(
    new Call({
      params: new Map([
        ['service', 'shop'],
        ['function', 'work'],
        ['trigger', name],
      ]),
      query: new URLSearchParams(),
      body: Buffer.from(body ? JSON.stringify(body) : ''),
      contentType: 'application/json',
      ifMatch: undefined,
      input: found.input,
      origin: 'http://h',
    }),
  );
}
function create(name: string, triggerConfig: object): Promise<void> {
  return run('CreateTrigger', name, { triggerName: name, triggerType: 'timer', triggerConfig });
}

/** Lets a timer process look once, and gives the events that wait to be delivered. */
async function events(): Promise<object[]> {
  const timers = new Timers({ db, catalog, dispatcher: { wake: () => (woken += 1) }, now: () => nowMs, log });
  timers.wake();
  await timers.close();
  const calls = await db.selectFrom('async_calls').select('payload').orderBy('id').execute();
  return calls.map(({ payload }) => JSON.parse(payload.toString()) as object);
}

test('fires at its time and not before, once each time, with name, time and payload', async () => {
  await create('nightly', { cronExpression: '0 0 4 * * *', payload: 'go' });
  nowMs = Date.parse('2026-01-01T03:59:59.999Z');
  expect(await events()).toEqual([]);
  nowMs = Date.parse('2026-01-01T04:00:00Z');
  const first = { triggerTime: '2026-01-01T04:00:00Z', triggerName: 'nightly', payload: 'go' };
  const before = woken;
  expect(await events()).toEqual([first]);
  expect(woken).toBe(before + 1);
  expect(await events()).toEqual([first]);
  nowMs += 24 * 3_600_000;
  expect(await events()).toEqual([first, { ...first, triggerTime: '2026-01-02T04:00:00Z' }]);
});

test('what was missed is made up for by one firing, and the rhythm is kept', async () => {
  await create('often', { cronExpression: '@every 5m' });
  nowMs = START + 23 * 60_000;
  expect(await events()).toMatchObject([{ triggerTime: '2026-01-01T00:05:00Z' }]);
  nowMs = START + 25 * 60_000;
  expect(await events()).toMatchObject([{}, { triggerTime: '2026-01-01T00:25:00Z' }]);
  expect(timeAfter({ kind: 'every', intervalMs: 10 }, 100, 135)).toBe(140);
});

test('four engines at once fire each timer once', async () => {
  for (let index = 0; index < 10; index += 1) await create(`t${index}`, { cronExpression: '@every 1m' });
  nowMs = START + 60_000;
  await Promise.all([events(), events(), events(), events()]);
  expect(await events()).toHaveLength(10);
});

test('one that is switched off does not fire; switched on, its time starts anew', async () => {
  await create('off', { cronExpression: '@every 1m', enable: false });
  nowMs = START + 60_000;
  expect(await events()).toEqual([]);
  await run('UpdateTrigger', 'off', { triggerConfig: { cronExpression: '@every 1m', enable: true } });
  expect(await events()).toEqual([]);
  nowMs += 60_000;
  expect(await events()).toMatchObject([{ triggerTime: '2026-01-01T00:02:00Z' }]);
  await run('DeleteTrigger', 'off');
  expect(await db.selectFrom('timers').selectAll().execute()).toEqual([]);
});

test('sleeps until the next time by itself', async () => {
  nowMs = Date.now();
  const timers = new Timers({
    db,
    catalog,
    dispatcher: { wake: () => undefined },
    now: () => Date.now(),
    log,
  });
  await create('soon', { cronExpression: '@every 1s' });
  timers.wake();
  await poll(
    'the timer to fire',
    async () => (await db.selectFrom('async_calls').select('id').execute()).length > 0,
  );
  await timers.close();
});
