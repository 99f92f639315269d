import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newRelease } from '../../../test/support/new-release.ts';
import { startTestStore, type TestStore } from '../../../test/support/test-store.ts';
import type { DeliveryResult } from '../../store/deliveries.ts';
import type { NewRelease } from '../../store/releases.ts';
import { createDeliveries, type Deliveries } from './deliveries.ts';

let store: TestStore;
let deliveries: Deliveries;

beforeAll(async () => {
  store = await startTestStore();
  deliveries = createDeliveries(store);
}, 60_000);
afterAll(() => store?.close());

function accept(release: NewRelease): Promise<DeliveryResult> {
  const { id, project } = release;
  const delivery = { project, provider: 'generic', delivery: id, event: 'push', bodySha256: 'b' };
  return deliveries.accept({ delivery, effect: { releases: [release] } });
}

test('pushes that arrive while one is stored are stored together — all of them wait for one commit, not for each other’s', async () => {
  const releases = Array.from({ length: 40 }, () => newRelease('burst'));
  const results = await Promise.all(releases.map(accept));
  expect(results).toEqual(
    releases.map(({ id }) => ({
      kind: 'stored',
      outcome: { ignored: false, releases: [id] },
      made: [id],
    })),
  );
  const { rows } = await sql<{ id: string; number: number; transaction: string }>`
    select id, number, xmin::text as transaction from releases where project = 'burst' order by number`.execute(
    store.db,
  );
  expect(rows.map(({ id, number }) => ({ id, number }))).toEqual(
    releases.map(({ id }, index) => ({ id, number: index + 1 })),
  );
  expect(new Set(rows.map(({ transaction }) => transaction)).size).toBe(2);
});

test('one that the database refuses is refused alone, and the next one is taken', async () => {
  const [before, refused, after] = [
    newRelease('mixed'),
    newRelease('mixed', { message: '\0' }),
    newRelease('mixed'),
  ];
  // The first one is being stored while the others come, so that these are together.
  const first = accept(newRelease('mixed'));
  const results = await Promise.allSettled([before, refused, after].map(accept));
  await first;
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  const rows = await store.db
    .selectFrom('releases')
    .select('number')
    .where('project', '=', 'mixed')
    .orderBy('number')
    .execute();
  expect(rows.map(({ number }) => number)).toEqual([1, 2, 3]);
  expect(await accept(newRelease('mixed'))).toMatchObject({ kind: 'stored' });
});
