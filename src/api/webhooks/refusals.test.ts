import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listAudit, verifyAudit } from '../../store/audit.ts';
import { poll } from '../../../test/support/stack.ts';
import { startTestStore, type TestStore } from '../../../test/support/test-store.ts';
import { createRefusals } from './refusals.ts';

let store: TestStore;
beforeAll(async () => {
  store = await startTestStore();
}, 60_000);
afterAll(() => store?.close());

const log = pino({ level: 'silent' });
const entries = async (project: string) =>
  (await listAudit(store.db, { limit: 100 })).filter(({ target }) => target === `project:${project}`);
const of = (project: string, delivery: string) => ({ project, provider: 'github', delivery });

test('a flood of deliveries that nobody signed is two entries: the first at once, the others by their number', async () => {
  const refusals = createRefusals({ db: store.db, log });
  await refusals.note(of('flood', 'first'));
  expect(await entries('flood')).toMatchObject([
    { outcome: 'signature-invalid', detail: { provider: 'github', delivery: 'first' } },
  ]);
  await Promise.all(Array.from({ length: 500 }, (_, i) => refusals.note(of('flood', `d-${i}`))));
  await refusals.note(of('beside', 'x'));
  expect(await entries('flood')).toHaveLength(1);
  expect(await entries('beside')).toHaveLength(1);
  await refusals.close();
  const [told] = await entries('flood');
  expect(told?.detail).toMatchObject({ provider: 'github', count: 500, delivery: 'd-499' });
  expect(await entries('flood')).toHaveLength(2);
  expect(await verifyAudit(store.db)).toMatchObject({ brokenAt: null });
});

test('who goes on has one entry a minute, and a quiet minute ends the counting', async () => {
  const refusals = createRefusals({ db: store.db, log }, 50);
  await refusals.note(of('slow', 'a'));
  await refusals.note(of('slow', 'b'));
  await poll('the number to be written', async () => (await entries('slow')).length === 2);
  await poll('the next one to be told at once', async () => {
    await refusals.note(of('slow', 'c'));
    const [newest] = await entries('slow');
    return (
      newest !== undefined &&
      !('count' in newest.detail) &&
      'delivery' in newest.detail &&
      newest.detail.delivery === 'c'
    );
  });
  await refusals.close();
});
