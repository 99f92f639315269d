import { sql } from 'kysely';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { createLog } from '../../src/platform/log.ts';
import { startDispatchLoop, type DispatchLoop } from '../../src/worker/dispatch-loop.ts';
import { startTestStore, type TestStore } from '../support/test-store.ts';

const WAIT = { timeout: 10_000 };
const CHANNEL = 'dispatch_loop_test';
let store: TestStore;

beforeAll(async () => {
  store = await startTestStore();
}, 60_000);
afterAll(() => store?.close());

/** A loop that has looked once and found nothing; gives what it looks with from then on. */
async function startLoop(calm: NonNullable<DispatchLoop['calm']>) {
  const handOverSome = vi.fn(() => Promise.resolve(0));
  const loop = startDispatchLoop({
    databaseUrl: store.postgres.url,
    channel: CHANNEL,
    applicationName: 'dispatch-loop-test',
    handOverSome,
    calm,
    log: createLog('test', 'silent'),
  });
  onTestFinished(() => loop.close());
  await vi.waitFor(async () => {
    const { rows } =
      await sql`select from pg_stat_activity where application_name = 'dispatch-loop-test'`.execute(store.db);
    expect(rows).toHaveLength(1);
    expect(handOverSome).toHaveBeenCalled();
  }, WAIT);
  handOverSome.mockClear();
  return handOverSome;
}

const announce = () => sql`select pg_notify(${CHANNEL}, '')`.execute(store.db);

test('what is announced one after another is handed over when nothing more comes', async () => {
  const handOverSome = await startLoop({ quietMs: 1_500, mostMs: 60_000 });
  for (let count = 0; count < 100; count += 1) await announce();
  const looked = handOverSome.mock.calls.length;
  expect(looked).toBeLessThanOrEqual(1);
  await vi.waitFor(() => expect(handOverSome.mock.calls.length).toBeGreaterThan(looked), WAIT);
});

test('what is announced without an end is handed over all the same', async () => {
  const handOverSome = await startLoop({ quietMs: 60_000, mostMs: 100 });
  await announce();
  await vi.waitFor(() => expect(handOverSome).toHaveBeenCalled(), WAIT);
});
