/** Timer triggers over a real PostgreSQL, made by the API's own operations; only the clock is the test's own. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { poll } from '../../../test/support/stack.ts';
import { startTestCatalog, type TestCatalog } from '../../../test/support/test-catalog.ts';
import { createLog } from '../../platform/log.ts';
import { triggerOperations } from '../catalog/triggers.ts';
import { Call } from '../http/operation.ts';
import { timeAfter, Timers } from './timers.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const log = createLog('test', 'silent');

let shop: TestCatalog;
let db: TestCatalog['db'];
let catalog: TestCatalog['catalog'];
let nowMs = START;
let woken = 0;

beforeAll(async () => {
  shop = await startTestCatalog(() => nowMs, '');
  ({ db, catalog } = shop);
  await shop.define('work');
});
beforeEach(async () => {
  nowMs = START;
  for (const { name } of catalog.find('shop').triggers.values()) await run('DeleteTrigger', name);
  await db.deleteFrom('async_calls').execute();
});
afterAll(() => shop.close());

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
