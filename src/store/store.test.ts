import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultEnvironments } from '../domain/plan/environment.ts';
import { addAudit, listAudit, verifyAudit } from './audit.ts';
import { acceptDeliveries, prepareDeliveries, type DeliveryResult, type Told } from './deliveries.ts';
import { EVENTS_CHANNEL, listEvents, recordEvent, recordEvents, type EventToRecord } from './events.ts';
import { listen } from './listen.ts';
import { listParts, recordBeat } from './parts.ts';
import {
  changeProject,
  createProject,
  deleteProject,
  findProject,
  findProjectForWebhook,
  findProjectsForWebhooks,
} from './projects.ts';
import { createRelease, findRelease, type NewRelease } from './releases.ts';
import { createToken, findTokenById, findTokenBySecret, listTokens, revokeToken } from './tokens.ts';
import { sql } from 'kysely';
import { ulid } from 'ulid';
import { startTestStore, type TestStore } from '../../test/support/test-store.ts';
import { newRelease } from '../../test/support/new-release.ts';

const log = pino({ level: 'silent' });
let store: TestStore;

beforeAll(async () => {
  store = await startTestStore();
}, 60_000);
afterAll(async () => {
  await store?.close();
});

describe('projects', () => {
  test('keep their secret to the webhook check — no other answer has a field for it', async () => {
    const made = await createProject(store.db, {
      name: 'shop',
      repository: 'https://git.example/shop.git',
      provider: 'github',
      webhookSecret: 'hush',
      defaultBranch: 'main',
      environments: defaultEnvironments('main'),
    });
    expect(JSON.stringify([made, await findProject(store.db, 'shop')])).not.toContain('hush');
    expect(await findProjectForWebhook(store.db, 'shop')).toMatchObject({ webhookSecret: 'hush' });
    const changed = await changeProject(store.db, 'shop', { defaultBranch: 'trunk' });
    expect(changed).toMatchObject({ defaultBranch: 'trunk', repository: 'https://git.example/shop.git' });
    expect(changed?.environments).toEqual(defaultEnvironments('main'));
  });

  test('have one name each, and are gone when deleted', async () => {
    const project = {
      name: 'twice',
      repository: 'https://git.example/twice.git',
      provider: 'generic',
      webhookSecret: 'x',
      defaultBranch: 'main',
      environments: [],
    };
    expect(await createProject(store.db, project)).toBeDefined();
    expect(await createProject(store.db, project)).toBeUndefined();
    expect(await deleteProject(store.db, 'twice')).toBe(true);
    expect(await deleteProject(store.db, 'twice')).toBe(false);
  });
});

describe('deliveries', () => {
  const delivery = { project: 'five', provider: 'github', event: 'push', bodySha256: 'b' };
  const accept = async (told: Told): Promise<DeliveryResult | undefined> =>
    (await acceptDeliveries(store.db, [told]))[0];

  test('five equal deliveries at once make one release, one outbox row and five equal answers', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        accept({
          delivery: { ...delivery, delivery: 'd-1' },
          effect: { releases: [newRelease('five', { dedupeKey: 'k' })] },
        }),
      ),
    );
    expect(new Set(answers.map((a) => a && 'outcome' in a && JSON.stringify(a.outcome))).size).toBe(1);
    expect(answers.filter((a) => a?.kind === 'stored')).toHaveLength(1);
    const rows = await store.db.selectFrom('releases').select('id').where('project', '=', 'five').execute();
    expect(rows).toHaveLength(1);
    const outbox = await store.db
      .selectFrom('outbox')
      .select('id')
      .where('release_id', '=', rows[0]?.id ?? '')
      .execute();
    expect(outbox).toHaveLength(1);
  });

  test('the same push under another delivery id is the same release — the id is not signed', async () => {
    const again = await accept({
      delivery: { ...delivery, delivery: 'd-2' },
      effect: { releases: [newRelease('five', { dedupeKey: 'k' })] },
    });
    expect(again).toMatchObject({ kind: 'stored', made: [] });
    const rows = await store.db.selectFrom('releases').select('id').where('project', '=', 'five').execute();
    expect(again).toMatchObject({ outcome: { releases: [rows[0]?.id] } });
  });

  test('an id that comes again with another body is refused, not answered with the first one’s release', async () => {
    const reused = await accept({
      delivery: { ...delivery, delivery: 'd-1', bodySha256: 'other' },
      effect: { releases: [newRelease('five')] },
    });
    expect(reused).toEqual({ kind: 'id-reused' });
  });

  test('numbers count up per project without gaps, also when many pushes come at once', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        accept({
          delivery: { ...delivery, project: 'many', delivery: `m-${i}` },
          effect: { releases: [newRelease('many')] },
        }),
      ),
    );
    const rows = await store.db
      .selectFrom('releases')
      .select('number')
      .where('project', '=', 'many')
      .orderBy('number')
      .execute();
    expect(rows.map((r) => r.number)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  test('that are stored together are answered in their order, each by itself — one sent twice, an old one, one that releases nothing', async () => {
    const project = 'together';
    const told = (id: string, release: NewRelease): Told => ({
      delivery: { ...delivery, project, delivery: id },
      effect: { releases: [release] },
    });
    const [old, first, second, third] = Array.from({ length: 4 }, () => newRelease(project));
    if (!old || !first || !second || !third) throw new Error('there are four');
    await accept(told('t-0', old));
    const nothing = { code: 'ref-not-released', reason: 'no environment releases it' };
    const results = await acceptDeliveries(store.db, [
      told('t-1', first),
      told('t-1', second),
      told('t-0', old),
      { delivery: { ...delivery, project, delivery: 't-2' }, effect: nothing },
      told('t-3', third),
    ]);
    const of = (kind: string, { id }: NewRelease): object => ({
      kind,
      outcome: { ignored: false, releases: [id] },
    });
    expect(results).toMatchObject([
      { ...of('stored', first), made: [first.id] },
      of('repeated', first),
      of('repeated', old),
      { kind: 'stored', outcome: { ignored: true, ...nothing } },
      { ...of('stored', third), made: [third.id] },
    ]);
    const numbers = await store.db
      .selectFrom('releases')
      .select(['id', 'number'])
      .where('project', '=', project)
      .orderBy('number')
      .execute();
    expect(numbers).toEqual([old, first, third].map(({ id }, index) => ({ id, number: index + 1 })));
  });

  test('are prepared by some that leave nothing behind', async () => {
    const rows = (table: 'releases' | 'outbox' | 'deliveries'): Promise<unknown> =>
      store.db
        .selectFrom(table)
        .select(({ fn }) => fn.countAll().as('all'))
        .execute();
    const count = (): Promise<unknown> => Promise.all([rows('releases'), rows('outbox'), rows('deliveries')]);
    const before = await count();
    await prepareDeliveries(store.db, 2);
    expect(await count()).toEqual(before);
  });

  test('that are stored together release each push once per environment — also where two of them tell of the same one', async () => {
    const project = 'alike';
    const told = (id: string, ...releases: NewRelease[]): Told => ({
      delivery: { ...delivery, project, delivery: id },
      effect: { releases },
    });
    const release = (environment: string, dedupeKey: string): NewRelease => ({
      ...newRelease(project, { dedupeKey }),
      environment,
    });
    const old = release('staging', 'push 1');
    await accept(told('a-0', old));
    const [first, again] = [release('staging', 'push 1'), release('production', 'push 1')];
    const [late, twice] = [release('production', 'push 1'), release('production', 'push 2')];
    const results = await acceptDeliveries(store.db, [
      told('a-1', first, again),
      told('a-2', late, twice),
      told('a-3', release('production', 'push 2')),
    ]);
    const stored = (made: NewRelease[], ...releases: NewRelease[]): object => ({
      kind: 'stored',
      made: made.map(({ id }) => id),
      outcome: { ignored: false, releases: releases.map(({ id }) => id) },
    });
    expect(results).toEqual([stored([again], old, again), stored([twice], again, twice), stored([], twice)]);
    const rows = await store.db
      .selectFrom('releases')
      .innerJoin('outbox', 'outbox.release_id', 'releases.id')
      .select(['releases.id', 'number'])
      .where('project', '=', project)
      .orderBy('outbox.id')
      .execute();
    expect(rows).toEqual([old, again, twice].map(({ id }, index) => ({ id, number: index + 1 })));
  });

  test('of a project that was changed since it was read store nothing, each told apart from the others', async () => {
    for (const name of ['known', 'changed'])
      await createProject(store.db, {
        name,
        repository: 'https://git.example/x.git',
        provider: 'generic',
        webhookSecret: 's',
        defaultBranch: 'main',
        environments: [],
      });
    const read = await findProjectsForWebhooks(store.db, ['known', 'changed', 'removed']);
    await changeProject(store.db, 'changed', { defaultBranch: 'trunk' });
    const told = (project: string, id: string): Told => ({
      delivery: { ...delivery, project, delivery: id },
      effect: { releases: [newRelease(project)] },
      version: read.get(project)?.version ?? '1',
    });
    const ignored = { effect: { code: 'ref-not-released', reason: 'no environment releases it' } };
    const results = await acceptDeliveries(store.db, [
      told('changed', 'v-1'),
      told('known', 'v-1'),
      told('removed', 'v-1'),
      { ...told('changed', 'v-2'), ...ignored },
      { ...told('known', 'v-2'), ...ignored },
    ]);
    expect(results.map(({ kind }) => kind)).toEqual([
      'project-changed',
      'stored',
      'project-changed',
      'project-changed',
      'stored',
    ]);
    const rows = await store.db
      .selectFrom('deliveries')
      .select('project')
      .where('delivery', 'in', ['v-1', 'v-2'])
      .execute();
    expect(rows).toEqual([{ project: 'known' }, { project: 'known' }]);
  });

  test('a release is handed to its lane once, and one of the bake time never — the lane made that itself', async () => {
    const [pushed, taken] = [newRelease('handed'), newRelease('handed', { cause: 'bake' })];
    expect(await createRelease(store.db, pushed)).toEqual({ id: pushed.id, created: true });
    expect(await createRelease(store.db, { ...pushed, id: ulid() })).toEqual({
      id: pushed.id,
      created: false,
    });
    expect(await createRelease(store.db, taken)).toEqual({ id: taken.id, created: true });
    const rows = await store.db
      .selectFrom('outbox')
      .select('release_id')
      .where('release_id', 'in', [pushed.id, taken.id])
      .execute();
    expect(rows).toEqual([{ release_id: pushed.id }]);
  });
});

describe('events', () => {
  test('a repeated event changes nothing, and the fold follows the events', async () => {
    const release = newRelease('events');
    await createRelease(store.db, release);
    const event = { releaseId: release.id, seq: 1, at: Date.now(), event: { type: 'started' } as const };
    expect(await recordEvent(store.db, event)).toBe(true);
    expect(await recordEvent(store.db, event)).toBe(false);
    expect(await findRelease(store.db, release.id)).toMatchObject({ seq: 1, progress: { state: 'running' } });
    await expect(sql`update sluice.release_events set seq = 9`.execute(store.db)).rejects.toThrow(
      'append only',
    );
  });

  test('several are stored in their order, all or none, and those that were stored before are left as they are', async () => {
    const [one, other] = [newRelease('several'), newRelease('several')];
    await createRelease(store.db, one);
    await createRelease(store.db, other);
    const event = (releaseId: string, seq: number): EventToRecord => ({
      releaseId,
      seq,
      at: seq,
      event: { type: 'cleared', reason: 'x' },
    });
    const told = [event(one.id, 1), event(other.id, 1), event(one.id, 2)];
    await recordEvent(store.db, event(other.id, 1));
    expect(await recordEvents(store.db, told)).toBe(2);
    expect(await recordEvents(store.db, told)).toBe(0);
    const stored = await listEvents(store.db, { releaseId: one.id, afterId: 0, limit: 9 });
    expect(stored.map(({ seq }) => seq)).toEqual([1, 2]);
    await expect(recordEvents(store.db, [event(one.id, 3), event('nobody', 1)])).rejects.toThrow(
      'does not exist',
    );
    expect(await findRelease(store.db, one.id)).toMatchObject({ seq: 2 });
  });

  test('a reader that follows the ids misses none — ids become visible in their order', async () => {
    const releases = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const release = newRelease('order');
        await createRelease(store.db, release);
        return release.id;
      }),
    );
    const seen: number[] = [];
    let last = 0;
    const writing = new AbortController();
    const read = async () => {
      const events = await listEvents(store.db, { afterId: last, limit: 500 });
      for (const e of events) seen.push(e.id);
      last = events.at(-1)?.id ?? last;
    };
    const reader = (async () => {
      while (!writing.signal.aborted) await read();
      await read();
    })();
    await Promise.all(
      releases.map(async (releaseId) => {
        for (let seq = 1; seq <= 25; seq += 1)
          await recordEvent(store.db, { releaseId, seq, at: seq, event: { type: 'cleared', reason: 'x' } });
      }),
    );
    writing.abort();
    await reader;
    const all = await store.db.selectFrom('release_events').select('id').orderBy('id').execute();
    expect(seen).toEqual(all.map((r) => Number(r.id)));
  });
});

describe('tokens', () => {
  test('are kept as a hash and found by their secret', async () => {
    const { token, secret } = await createToken(store.db, {
      name: 'ci',
      role: 'developer',
      projects: ['shop'],
      createdBy: 'admin',
      expiresAt: null,
    });
    expect(await findTokenBySecret(store.db, secret)).toMatchObject({ id: token.id, projects: ['shop'] });
    expect((await findTokenById(store.db, token.id))?.lastUsedAt).not.toBeNull();
    const rows = await store.db.selectFrom('tokens').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect(JSON.stringify(await listTokens(store.db))).not.toContain('hash');
  });

  test('are good while their use cannot be noted — who only reads can do so while no write is taken', async () => {
    const options = { name: 'reader', role: 'viewer', projects: [], createdBy: 'admin' } as const;
    const { token, secret } = await createToken(store.db, { ...options, expiresAt: null });
    await sql`create trigger unwritable before update on tokens for each row execute function refuse_change()`.execute(
      store.db,
    );
    expect(await findTokenBySecret(store.db, secret)).toMatchObject({ id: token.id });
    await sql`drop trigger unwritable on tokens`.execute(store.db);
    expect((await findTokenBySecret(store.db, secret))?.id).toBe(token.id);
  });

  test('end when revoked and when expired', async () => {
    const options = { name: 'x', role: 'viewer', projects: [], createdBy: 'admin' } as const;
    const gone = await createToken(store.db, { ...options, expiresAt: null });
    await revokeToken(store.db, gone.token.id);
    expect(await findTokenBySecret(store.db, gone.secret)).toBeUndefined();
    expect(await findTokenById(store.db, gone.token.id)).toBeUndefined();
    const late = await createToken(store.db, { ...options, expiresAt: Date.now() - 1 });
    expect(await findTokenBySecret(store.db, late.secret)).toBeUndefined();
  });
});

describe('audit', () => {
  const fact = {
    actor: 'admin',
    role: 'admin',
    action: 'project.create',
    target: 'project:p',
    outcome: 'ok',
  };

  test('entries written at once form one chain without gaps', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        addAudit(store.db, { ...fact, detail: { b: i, a: { d: 1, c: undefined } } }),
      ),
    );
    expect(await verifyAudit(store.db)).toEqual({ entries: 20, brokenAt: null });
    expect((await listAudit(store.db, { limit: 2 })).map((e) => e.id)).toEqual([20, 19]);
    expect((await listAudit(store.db, { beforeId: 3, limit: 5 })).map((e) => e.id)).toEqual([2, 1]);
  });

  test('a change or a loss past the trigger shows — each hash covers the one before', async () => {
    await expect(sql`update sluice.audit set actor = 'x'`.execute(store.db)).rejects.toThrow('append only');
    await expect(sql`delete from sluice.audit`.execute(store.db)).rejects.toThrow('append only');
    await sql`alter table sluice.audit disable trigger user`.execute(store.db);
    await sql`update sluice.audit set actor = 'somebody' where id = 7`.execute(store.db);
    expect(await verifyAudit(store.db)).toMatchObject({ brokenAt: 7 });
    await sql`update sluice.audit set actor = 'admin' where id = 7`.execute(store.db);
    await sql`delete from sluice.audit where id = 12`.execute(store.db);
    expect(await verifyAudit(store.db)).toMatchObject({ brokenAt: 13 });
  });
});

test('a part that beats is heard, and its silence is measured by the database’s clock', async () => {
  await recordBeat(store.db, { part: 'worker', instance: 'a', detail: { pid: 1 } });
  await recordBeat(store.db, { part: 'worker', instance: 'a', detail: { pid: 2 } });
  const parts = await listParts(store.db);
  expect(parts).toMatchObject([{ part: 'worker', instance: 'a', detail: { pid: 2 } }]);
  expect(parts[0]?.silentMs).toBeLessThan(5_000);
});

test('listening survives a crash of the database and says so — the reader then looks what it missed', async () => {
  const heard: string[] = [];
  let connects = 0;
  const arrived: (() => void)[] = [];
  const wake = () => arrived.splice(0).forEach((resolve) => resolve());
  const next = () => new Promise<void>((resolve) => arrived.push(resolve));
  const first = next();
  const listening = listen(
    {
      databaseUrl: store.postgres.url,
      channel: EVENTS_CHANNEL,
      applicationName: 'test',
      onNotify: (payload) => (heard.push(payload), wake()),
      onConnect: () => ((connects += 1), wake()),
    },
    log,
  );
  await first;
  const release = newRelease('listen');
  await createRelease(store.db, release);
  let news = next();
  await recordEvent(store.db, { releaseId: release.id, seq: 1, at: 1, event: { type: 'started' } });
  await news;
  expect(heard).toHaveLength(1);
  news = next();
  await store.postgres.crash();
  await store.postgres.start();
  await news;
  expect(connects).toBe(2);
  news = next();
  await recordEvent(store.db, { releaseId: release.id, seq: 2, at: 2, event: { type: 'started' } });
  await news;
  expect(heard).toHaveLength(2);
  await listening.close();
}, 30_000);
