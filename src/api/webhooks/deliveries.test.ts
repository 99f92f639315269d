import { sql } from 'kysely';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { newRelease } from '../../../test/support/new-release.ts';
import { startTestStore, type TestStore } from '../../../test/support/test-store.ts';
import type { DeliveryResult } from '../../store/deliveries.ts';
import { listen } from '../../store/listen.ts';
import { OUTBOX_CHANNEL } from '../../store/outbox.ts';
import type { NewRelease } from '../../store/releases.ts';
import { createDeliveries, type Deliveries } from './deliveries.ts';

let store: TestStore;
let deliveries: Deliveries;

beforeAll(async () => {
  store = await startTestStore();
  deliveries = createDeliveries(store);
}, 60_000);
afterAll(() => store?.close());

function accept(release: NewRelease, by = deliveries): Promise<DeliveryResult> {
  const { id, project } = release;
  const delivery = { project, provider: 'generic', delivery: id, event: 'push', bodySha256: 'b' };
  return by.accept({ delivery, effect: { releases: [release] } });
}

test('pushes that arrive while one is stored are stored together — all of them wait for one commit, not for each other’s', async () => {
  const releases = Array.from({ length: 40 }, () => newRelease('burst'));
  const results = await Promise.all(releases.map((release) => accept(release)));
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
  // The first one, then as many as are stored at once, then the rest.
  expect(new Set(rows.map(({ transaction }) => transaction)).size).toBe(3);
});

test('one that the database refuses is refused alone, and the next one is taken', async () => {
  const [before, refused, after] = [
    newRelease('mixed'),
    newRelease('mixed', { message: '\0' }),
    newRelease('mixed'),
  ];
  // The first one is being stored while the others come, so that these are together.
  const first = accept(newRelease('mixed'));
  const results = await Promise.allSettled([before, refused, after].map((release) => accept(release)));
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

test('the dispatcher hears of a burst at once, and of its end', async () => {
  const heard: string[] = [];
  let connects = 0;
  const listening = listen(
    {
      databaseUrl: store.postgres.url,
      channel: OUTBOX_CHANNEL,
      applicationName: 'test',
      onNotify: (payload) => heard.push(payload),
      onConnect: () => (connects += 1),
    },
    pino({ level: 'silent' }),
  );
  try {
    await vi.waitUntil(() => connects > 0, { timeout: 5_000 });
    const releases = Array.from({ length: 30 }, () => newRelease('heard'));
    const fresh = createDeliveries(store);
    for (const release of releases) await accept(release, fresh);
    const last = releases.at(-1)?.id ?? '';
    await vi.waitUntil(() => heard.includes(last), { timeout: 5_000 });
    const ofThese = heard.filter((heardId) => releases.some(({ id }) => id === heardId));
    expect(ofThese[0]).toBe(releases[0]?.id);
    expect(ofThese.length).toBeLessThan(releases.length);
  } finally {
    await listening.close();
  }
});
