/** A person's rollback while Temporal is down: the API, the real engine, and nobody else. */
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rollBackByApi } from '../../src/api/rollback-by-api.ts';
import { finishRollbacks } from '../../src/api/rollback-finisher.ts';
import type { FcClient } from '../../src/fc/client.ts';
import type { Parts } from '../../src/activities/index.ts';
import { rollbackRecordActivities } from '../../src/activities/record/rollback-records.ts';
import { findAliasState, saveAliasState } from '../../src/store/alias-states.ts';
import { listEvents, recordEvent } from '../../src/store/events.ts';
import { newestOverrideId } from '../../src/store/overrides.ts';
import { addPublication } from '../../src/store/publications.ts';
import { createRelease, findRelease } from '../../src/store/releases.ts';
import { findRollbackRecord } from '../../src/store/rollback-records.ts';
import { ACCOUNT, KEY, zipOf } from '../support/engine-process.ts';
import { FUNCTION_CONFIG } from '../support/function-config.ts';
import { startApiServer, type ApiServer } from '../support/api-server.ts';
import { newRelease } from '../support/new-release.ts';
import { startTestEngine, type TestEngine } from '../support/test-engine.ts';

const log = pino({ level: 'silent' });
const SERVICE = 'shop';
const ENVIRONMENT = '/api/v1/environments/shop.production';

let engine: TestEngine;
let fc: FcClient;
let api: ApiServer;

beforeAll(async () => {
  engine = await startTestEngine();
  const account = { accountId: ACCOUNT, accessKeyId: KEY.id, accessKeySecret: KEY.secret };
  fc = engine.fc;
  api = await startApiServer({ fcEndpoint: engine.process.url, account });
  await api.call('POST', '/api/v1/projects', { name: SERVICE, repository: 'https://git.example/shop.git' });
  await fc.createService({ serviceName: SERVICE, description: '', internetAccess: false, role: '' });
  for (const tag of ['one', 'two', 'three']) {
    const zip = await zipOf({ 'index.js': `exports.handler = async () => '${tag}';` });
    if (tag === 'one') await fc.createFunction(SERVICE, 'f', FUNCTION_CONFIG, zip);
    else await fc.updateFunction(SERVICE, 'f', FUNCTION_CONFIG, zip);
    await fc.publishVersion(SERVICE, tag);
  }
  await fc.createAlias(SERVICE, 'PROD', { versionId: '2', additionalVersionWeight: { '3': 0.25 } });
}, 90_000);
afterAll(async () => {
  await api?.stop();
  await engine?.close();
}, 30_000);

beforeEach(async () => {
  const current = await fc.getAlias(SERVICE, 'PROD');
  const target = { versionId: '2', additionalVersionWeight: { '3': 0.25 } };
  await fc.updateAlias(SERVICE, 'PROD', target, current?.etag ?? '');
  await saveAliasState(api.store.db, {
    service: SERVICE,
    alias: 'PROD',
    project: SERVICE,
    environment: 'production',
    stable: '2',
    canary: '3',
    weight: 0.25,
    releaseId: null,
  });
});

describe('while Temporal is down', () => {
  test('the API shows the split that is live, read from the engine', async () => {
    const shown = (await (await api.call('GET', ENVIRONMENT)).json()) as {
      services: { live: { versions: object[] } }[];
      versions: { versions: { version: string; description: string }[] }[];
    };
    expect(shown.services[0]?.live.versions).toEqual([
      { version: '2', weight: 0.75 },
      { version: '3', weight: 0.25 },
    ]);
    expect(shown.versions[0]?.versions.map((v) => `${v.version} ${v.description}`)).toEqual([
      '3 three',
      '2 two',
      '1 one',
    ]);
  });

  test('a rollback moves the alias within 5 s, says who did it, and leaves an override', async () => {
    const began = performance.now();
    const answer = await api.call('POST', `${ENVIRONMENT}/rollback`, { version: 1, comment: 'pager' });
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      pending: false,
      outcome: expect.stringContaining('done by the API itself'),
    });
    expect((await fc.getAlias(SERVICE, 'PROD'))?.value).toMatchObject({
      versionId: '1',
      additionalVersionWeight: {},
    });
    const override = await api.store.db.selectFrom('overrides').selectAll().executeTakeFirstOrThrow();
    expect(override).toMatchObject({ to_version: '1', actor: 'admin', comment: 'pager' });
    expect(await findAliasState(api.store.db, SERVICE, 'PROD')).toMatchObject({ stable: '1', canary: null });
    const { entries } = (await (await api.call('GET', '/api/v1/audit?limit=1')).json()) as {
      entries: object[];
    };
    expect(entries[0]).toMatchObject({
      action: 'environment.rollback',
      outcome: 'ok',
      detail: { past: 'workflow', comment: 'pager' },
    });
  }, 15_000);

  test('a rollback is a release of its own: in the list, told to the channels, counted once — whoever writes it', async () => {
    const { db } = api.store;
    const channel = { name: 'ops', kind: 'webhook', url: 'https://hooks.example/x', secret: 's'.repeat(16) };
    await api.call('PATCH', '/api/v1/projects/shop', { notifications: [channel] });
    const pushed = newRelease(SERVICE, { commit: 'c'.repeat(40), message: 'Third' });
    await createRelease(db, pushed);
    const traffic = { type: 'traffic', service: SERVICE, alias: 'PROD', stable: '2', canary: '3' } as const;
    await recordEvent(db, {
      releaseId: pushed.id,
      seq: 1,
      at: Date.now(),
      event: { ...traffic, weight: 0.25, step: 0 },
    });
    await addPublication(db, {
      service: SERVICE,
      releaseId: pushed.id,
      version: '3',
      digest: 'd',
      functions: {},
    });

    const answer = await fetch(`${api.url}${ENVIRONMENT}/rollback`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${api.adminToken}`,
        'content-type': 'application/json',
        'idempotency-key': 'one',
      },
      body: JSON.stringify({ version: '1', comment: 'pager' }),
    });
    const { release: id } = (await answer.json()) as { release: string };
    const { releases } = (await (await api.call('GET', '/api/v1/releases?project=shop&limit=1')).json()) as {
      releases: object[];
    };
    const sentence = 'by admin, to version 1 of shop: pager';
    expect(releases).toMatchObject([
      { id, cause: 'rollback', startedBy: 'admin', state: 'rolled-back', commit: 'c'.repeat(40), sentence },
    ]);
    const told = await listEvents(db, { releaseId: id, afterId: 0, limit: 50 });
    expect(told.map(({ event }) => event.type)).toEqual([
      'started',
      'rollback-started',
      'traffic',
      'rolled-back',
    ]);
    const rows = await db.selectFrom('notifications').select('event').where('release_id', '=', id).execute();
    expect(rows.map(({ event }) => event)).toEqual(['rollback-started', 'rolled-back']);

    // The lane takes the same request late, and tells it again: it finds what is there.
    const { dedupe_key: key } = await db
      .selectFrom('releases')
      .select('dedupe_key')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    const lane = rollbackRecordActivities({ db } as Parts);
    const again = { project: SERVICE, environment: 'production', key, actor: 'admin', services: [SERVICE] };
    expect(await lane.createRollback(again)).toMatchObject({ id });
    for (const { seq, at, event } of told)
      expect(await recordEvent(db, { releaseId: id, seq, at, event })).toBe(false);

    const figures = await api.call('GET', '/api/v1/figures?project=shop&environment=production&days=1');
    expect(await figures.json()).toMatchObject({ changeFailures: { moved: 1, failed: 1 } });
    const { quarantine } = (await (await api.call('GET', '/api/v1/quarantine')).json()) as {
      quarantine: object[];
    };
    expect(quarantine).toMatchObject([{ release: pushed.id, reason: 'person', actor: 'admin' }]);
  });

  describe('an API that dies on the way', () => {
    const moves = { before: false, after: true };

    /** Asks for version 1, and hears no more: the API is gone before or after its move. @returns its key */
    async function begun(death: keyof typeof moves): Promise<string> {
      const key = `rollback:${randomUUID()}`;
      const died = new Promise<void>((resolve) => {
        const dying: FcClient = {
          ...fc,
          updateAlias: async (...move) => {
            if (moves[death]) await fc.updateAlias(...move);
            resolve();
            return new Promise<never>(() => undefined);
          },
        };
        void ask(dying, key);
      });
      await died;
      return key;
    }
    async function ask(client: FcClient, key: string): Promise<string> {
      const { db } = api.store;
      return rollBackByApi(
        { db, fc: client },
        {
          project: SERVICE,
          environment: 'production',
          alias: 'PROD',
          actor: { kind: 'person', name: 'eve', role: 'release-manager' },
          comment: 'pager',
          targets: [{ service: SERVICE, version: '1' }],
          afterOverride: await newestOverrideId(db),
          key,
        },
      );
    }
    /** Another API looks when the time of the one that died is over. */
    async function lookLater(): Promise<void> {
      const { db } = api.store;
      await finishRollbacks({ db, fc, log });
      await db
        .updateTable('rollback_intents')
        .set({ next_at: new Date(0) })
        .execute();
      await finishRollbacks({ db, fc, log });
      expect(await db.selectFrom('rollback_intents').selectAll().execute()).toEqual([]);
    }
    async function recordOf(key: string) {
      const { db } = api.store;
      const id = await findRollbackRecord(db, { project: SERVICE, environment: 'production', key });
      const release = await findRelease(db, id ?? '');
      const events = await listEvents(db, { releaseId: id ?? '', afterId: 0, limit: 50 });
      const last = events.at(-1)?.event;
      return {
        id,
        state: release?.progress.state,
        told: events.map(({ event }) => event.type),
        sentence: last && 'sentence' in last ? last.sentence : undefined,
      };
    }
    const live = async () => (await fc.getAlias(SERVICE, 'PROD'))?.value;

    test.each(['before', 'after'] as const)(
      '%s its move: the next one ends it, and the record is as if nothing had happened',
      async (death) => {
        const key = await begun(death);
        expect(await recordOf(key)).toMatchObject({
          state: 'running',
          told: ['started', 'rollback-started'],
        });
        await finishRollbacks({ db: api.store.db, fc, log });
        expect(await recordOf(key)).toMatchObject({ state: 'running' });
        await lookLater();
        expect(await live()).toMatchObject({ versionId: '1', additionalVersionWeight: {} });
        expect(await recordOf(key)).toMatchObject({
          state: 'rolled-back',
          told: ['started', 'rollback-started', 'traffic', 'rolled-back'],
        });
        const overrides = await api.store.db
          .selectFrom('overrides')
          .select('actor')
          .where('actor', '=', 'eve')
          .where('comment', '=', 'pager')
          .execute();
        expect(overrides).toHaveLength(death === 'before' ? 1 : 2);
        expect(await (await api.call('GET', '/api/v1/audit?limit=1')).json()).toMatchObject({
          entries: [{ actor: 'eve', role: 'release-manager', action: 'environment.rollback', outcome: 'ok' }],
        });
      },
    );

    test('is not waited for by the person who asks again: the same record tells the end, once', async () => {
      const key = await begun('before');
      const { id } = await recordOf(key);
      expect(await ask(fc, key)).toBe(id);
      expect(await ask(fc, key)).toBe(id);
      expect(await recordOf(key)).toMatchObject({
        state: 'rolled-back',
        told: ['started', 'rollback-started', 'traffic', 'rolled-back'],
      });
      expect(await live()).toMatchObject({ versionId: '1' });
    });

    test('does not overrule whoever set the alias since — the record says so', async () => {
      const key = await begun('before');
      const current = await fc.getAlias(SERVICE, 'PROD');
      const kept = { versionId: '3', additionalVersionWeight: {} };
      await fc.updateAlias(SERVICE, 'PROD', kept, current?.etag ?? '');
      await lookLater();
      expect(await live()).toMatchObject(kept);
      expect(await recordOf(key)).toMatchObject({
        state: 'failed',
        told: ['started', 'rollback-started', 'failed'],
        sentence: expect.stringContaining(
          'was moved again before this rollback was done: version 3 is live; it stays so',
        ),
      });
    });
  });

  test('a version that does not exist is refused before anything is tried', async () => {
    const answer = await api.call('POST', `${ENVIRONMENT}/rollback`, { version: '9' });
    expect(await answer.json()).toMatchObject({ status: 422, code: 'version-unknown' });
    const missing = await api.call('POST', `${ENVIRONMENT}/rollback`, {});
    expect(await missing.json()).toMatchObject({ status: 422, code: 'version-missing' });
    const stranger = await api.call('POST', `${ENVIRONMENT}/rollback`, { versions: { other: '1' } });
    expect(await stranger.json()).toMatchObject({ status: 422, code: 'service-unknown' });
    expect((await fc.getAlias(SERVICE, 'PROD'))?.value.versionId).toBe('2');
  });

  test('a developer may not, and the audit has the attempt', async () => {
    const made = await api.call('POST', '/api/v1/tokens', { name: 'dev', role: 'developer' });
    const { token } = (await made.json()) as { token: string };
    const answer = await api.call('POST', `${ENVIRONMENT}/rollback`, { version: '1' }, token);
    expect(await answer.json()).toMatchObject({ status: 403, code: 'role-needed' });
    const audit = await (await api.call('GET', '/api/v1/audit?limit=1')).json();
    expect(audit).toMatchObject({ entries: [{ actor: 'dev', outcome: 'role-needed' }] });
  });
});
