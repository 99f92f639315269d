/** A person's rollback while Temporal is down: the API, the real engine, and nobody else. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FcClient } from '../../src/fc/client.ts';
import type { Parts } from '../../src/activities/index.ts';
import { rollbackRecordActivities } from '../../src/activities/record/rollback-records.ts';
import { findAliasState, saveAliasState } from '../../src/store/alias-states.ts';
import { listEvents, recordEvent } from '../../src/store/events.ts';
import { addPublication } from '../../src/store/publications.ts';
import { createRelease } from '../../src/store/releases.ts';
import { ACCOUNT, KEY, zipOf } from '../support/engine-process.ts';
import { FUNCTION_CONFIG } from '../support/function-config.ts';
import { startApiServer, type ApiServer } from '../support/api-server.ts';
import { newRelease } from '../support/new-release.ts';
import { startTestEngine, type TestEngine } from '../support/test-engine.ts';

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
