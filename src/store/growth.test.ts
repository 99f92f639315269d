/** What a long history costs, counted by PostgreSQL itself in rows read, so that the machine's load does not matter. */
import { sql } from 'kysely';
import { ulid } from 'ulid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { initialProgress } from '../domain/release/record.ts';
import {
  createRelease,
  listActiveReleases,
  listNewestEnded,
  listReleases,
  newestSupersede,
} from './releases.ts';
import { type Db } from './store.ts';
import { startTestStore, type TestStore } from '../../test/support/test-store.ts';
import { newRelease } from '../../test/support/new-release.ts';

/** Releases that ended, by project; their ids sort in this order, so that each project has others before and behind it. */
const PAST = { anew: 3, old: 10_000, young: 3 } as const;
const PAGE = 20;
/** Rows of `releases` that an answer may read: a page, and a few for looking things up. */
const MOST_ROWS = PAGE + 10;

let store: TestStore;

beforeAll(async () => {
  store = await startTestStore();
  for (const [project, count] of Object.entries(PAST)) await fill(store.db, project, count);
  await sql`analyze releases`.execute(store.db);
}, 60_000);
afterAll(async () => {
  await store?.close();
}, 30_000);

const place = (project: string) => ({ project, environment: 'production' });

test.each([
  ['a page of its releases', (db: Db, project: string) => listReleases(db, { project, limit: PAGE })],
  ['its active releases', (db: Db, project: string) => listActiveReleases(db, place(project))],
  ['its newest end', (db: Db, project: string) => listNewestEnded(db, place(project))],
  ['its rule for newer pushes', (db: Db, project: string) => newestSupersede(db, place(project))],
  ['a push', (db: Db, project: string) => push(db, project)],
])(
  '%s reads as few rows after 10,000 releases as after three — a history must not slow its lane, nor those beside it',
  async (_, work) => {
    for (const project of Object.keys(PAST))
      expect(await rowsRead((db) => work(db, project)), project).toBeLessThanOrEqual(MOST_ROWS);
  },
);

/** Rows of `releases` that PostgreSQL touched for this work. */
async function rowsRead(work: (db: Db) => Promise<unknown>): Promise<number> {
  return store.db.transaction().execute(async (tx) => {
    // Counts of earlier transactions may not be handed in yet, and are seen here too.
    const before = await countRead(tx);
    await work(tx);
    return (await countRead(tx)) - before;
  });
}

async function countRead(tx: Db): Promise<number> {
  const { rows } = await sql<{ read: string }>`
    select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) as read
    from pg_stat_xact_user_tables where relname = 'releases'`.execute(tx);
  return Number(rows[0]?.read);
}

async function push(db: Db, project: string): Promise<void> {
  const id = ulid();
  await createRelease(db, newRelease(project, { id, author: '', message: '' }));
}

async function fill(db: Db, project: string, count: number): Promise<void> {
  const progress = JSON.stringify({ ...initialProgress(0), plan: { supersede: 'latest' } });
  await sql`
    insert into releases (id, number, project, environment, ref, commit, cause, dedupe_key, state, progress)
    select ${project} || '-' || lpad(i::text, 8, '0'), i, ${project}, 'production', 'refs/heads/main',
      lpad(i::text, 40, '0'), 'push', i::text, 'promoted', ${progress}::jsonb
    from generate_series(1, ${count}::int) i`.execute(db);
}
