import { sql } from 'kysely';
import { ulid } from 'ulid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApiServer, type ApiServer } from '../../test/support/api-server.ts';
import { recordEvent } from '../store/events.ts';
import { createRelease } from '../store/releases.ts';
import { createToken } from '../store/tokens.ts';
import { newRelease } from '../../test/support/new-release.ts';

let api: ApiServer;
beforeAll(async () => {
  api = await startApiServer();
}, 60_000);
afterAll(() => api.stop());

async function release(project: string): Promise<string> {
  const id = ulid();
  await createRelease(api.store.db, newRelease(project, { id, author: '', message: '' }));
  return id;
}

async function happen(releaseId: string, seq: number): Promise<void> {
  const event = { type: 'cleared', reason: `r${seq}` } as const;
  await recordEvent(api.store.db, { releaseId, seq, at: Date.now(), event });
}

interface Told {
  readonly id: number;
  readonly releaseId: string;
  readonly seq: number;
  readonly at: string;
}

/** Reads a stream as a browser does; `next(n)` resolves when `n` more events came. */
async function listen(query = '', headers: Record<string, string> = {}) {
  const ended = new AbortController();
  const answer = await fetch(`${api.url}/api/v1/events${query}`, {
    headers: { authorization: `Bearer ${api.adminToken}`, ...headers },
    signal: ended.signal,
  });
  const chunks = answer.body?.getReader();
  if (!chunks || answer.status !== 200) throw new Error(`the stream answered ${answer.status}`);
  const reader = chunks;
  let text = '';
  const read = async (): Promise<boolean> => {
    const { done, value } = await reader.read();
    if (!done) text += new TextDecoder().decode(value);
    return !done;
  };
  // The first comment says that the stream stands; what happens after it is told.
  while (!text.includes(': connected')) await read();
  return {
    async next(count: number): Promise<Told[]> {
      const told: Told[] = [];
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end < 0) {
          if (!(await read())) throw new Error('the stream ended');
          continue;
        }
        const message = text.slice(0, end).split('\n');
        text = text.slice(end + 2);
        const data = message.find((line) => line.startsWith('data: '));
        if (data === undefined) continue;
        const event = JSON.parse(data.slice(6)) as Told;
        expect(message).toContain(`id: ${event.id}`);
        told.push(event);
        if (told.length === count) return told;
      }
    },
    close: () => ended.abort(),
  };
}

test('events come as they happen, in order, with times as text', async () => {
  const id = await release('a');
  const stream = await listen();
  for (let seq = 1; seq <= 3; seq += 1) await happen(id, seq);
  const told = await stream.next(3);
  expect(told.map((e) => [e.releaseId, e.seq])).toEqual([1, 2, 3].map((seq) => [id, seq]));
  expect(told[0]?.at).toMatch(/^\d{4}-.*Z$/);
  stream.close();
});

test('a reader that names its last event gets all it missed, each once', async () => {
  const id = await release('a');
  const stream = await listen();
  await happen(id, 1);
  const [first] = await stream.next(1);
  stream.close();
  for (let seq = 2; seq <= 30; seq += 1) await happen(id, seq);
  const resumed = await listen('', { 'last-event-id': String(first?.id) });
  const told = await resumed.next(29);
  expect(told.map((e) => e.seq)).toEqual(Array.from({ length: 29 }, (_, i) => i + 2));
  resumed.close();
  const byQuery = await listen(`?after=${first?.id}`);
  expect((await byQuery.next(1))[0]?.seq).toBe(2);
  byQuery.close();
});

test('a reader resumes from before the memory of this process — the table has it', async () => {
  const id = await release('a');
  const live = await listen();
  await happen(id, 1);
  const [first] = await live.next(1);
  // More than the feed keeps in memory, in one statement.
  const total = 2_400;
  await sql`
    insert into sluice.release_events (release_id, seq, at, type, event)
    select ${id}, seq, now(), 'cleared', '{"type":"cleared","reason":"x"}'
    from generate_series(2, ${total}::int) as seq`.execute(api.store.db);
  await happen(id, total + 1);
  await live.next(total);
  live.close();
  const resumed = await listen(`?release=${id}`, { 'last-event-id': String(first?.id) });
  const told = await resumed.next(total);
  expect(told.map((e) => e.seq)).toEqual(Array.from({ length: total }, (_, i) => i + 2));
  resumed.close();
});

test('filters by release and project, and a bound token hears only its own projects', async () => {
  const [mine, theirs] = [await release('mine'), await release('theirs')];
  const { secret } = await createToken(api.store.db, {
    name: 'bound',
    role: 'viewer',
    projects: ['mine'],
    createdBy: 'test',
    expiresAt: null,
  });
  const streams = await Promise.all([
    listen(`?release=${mine}`),
    listen('?project=mine'),
    listen('', { authorization: `Bearer ${secret}` }),
  ]);
  await happen(theirs, 1);
  await happen(mine, 1);
  for (const stream of streams) {
    expect((await stream.next(1))[0]?.releaseId).toBe(mine);
    stream.close();
  }
});

test('a stream outlives a crash of the database and misses nothing', async () => {
  const id = await release('a');
  const stream = await listen();
  await happen(id, 1);
  await stream.next(1);
  await api.store.postgres.crash();
  await api.store.postgres.start();
  // The pool may still hold connections that died with the server.
  await expect
    .poll(() =>
      happen(id, 2).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  expect((await stream.next(1))[0]?.seq).toBe(2);
  stream.close();
}, 30_000);
