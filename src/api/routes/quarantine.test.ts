import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApiServer, type ApiServer } from '../../../test/support/api-server.ts';
import type { ReleaseEvent } from '../../domain/release/events.ts';
import { addOverride } from '../../store/overrides.ts';
import { addPublication } from '../../store/publications.ts';
import { recordEvent } from '../../store/events.ts';
import type { QuarantinedView } from '../views.ts';

const SECRET = 'whsec-test';
let api: ApiServer;

beforeAll(async () => {
  api = await startApiServer();
  for (const name of ['shop', 'cart']) {
    const project = {
      name,
      repository: 'https://git.example/x.git',
      provider: 'generic',
      webhookSecret: SECRET,
    };
    expect((await api.call('POST', '/api/v1/projects', project)).status).toBe(201);
  }
}, 60_000);
afterAll(() => api.stop());

interface Answer {
  readonly id?: string;
  readonly ignored?: boolean;
  readonly code?: string;
  readonly reason?: string;
  readonly release?: string;
}

async function push(commit: string, project = 'shop'): Promise<Answer> {
  const text = JSON.stringify({ ref: 'refs/heads/main', commit });
  const signature = `sha256=${createHmac('sha256', SECRET).update(text).digest('hex')}`;
  const answer = await fetch(`${api.url}/webhooks/generic/${project}`, {
    method: 'POST',
    body: text,
    headers: { 'x-sluice-signature': signature, 'x-sluice-delivery': randomUUID() },
  });
  expect(answer.status).toBe(202);
  return (await answer.json()) as Answer;
}

/** A pushed release that ended by the event. */
async function ended(commit: string, event: ReleaseEvent, project = 'shop'): Promise<string> {
  const { id = '' } = await push(commit, project);
  await recordEvent(api.store.db, { releaseId: id, seq: 1, at: Date.now(), event });
  return id;
}

async function listed(commit: string): Promise<QuarantinedView[]> {
  const answer = await api.call('GET', `/api/v1/quarantine?commit=${commit}`);
  return ((await answer.json()) as { quarantine: QuarantinedView[] }).quarantine;
}

async function tokenOf(role: string, projects: string[] = []): Promise<string> {
  const answer = await api.call('POST', '/api/v1/tokens', { name: role, role, projects });
  return ((await answer.json()) as { token: string }).token;
}

const HARM: ReleaseEvent = { type: 'rolled-back', cause: 'harmful', sentence: 'the canary fails more often' };
const BOB = { kind: 'person', name: 'bob', role: 'release-manager' } as const;

describe('a commit that was rolled back', () => {
  test('is not released by another push, and the answer names the release and why', async () => {
    const commit = '1'.repeat(40);
    const release = await ended(commit, HARM);
    const again = await push(commit);
    expect(again).toMatchObject({ ignored: true, code: 'quarantined', release });
    expect(again.reason).toContain('rolled back: the canary fails more often');
    expect(await listed(commit)).toMatchObject([
      { project: 'shop', environment: 'production', commit, release, reason: 'harmful', actor: 'Sluice' },
    ]);
  });

  test('is free in other projects — the quarantine is of an environment', async () => {
    const commit = '2'.repeat(40);
    await ended(commit, HARM);
    expect(await push(commit, 'cart')).toHaveProperty('id');
  });

  test.each<[string, ReleaseEvent, boolean]>([
    ['rejected by a person', { type: 'rejected', actor: BOB, sentence: 'ugly' }, true],
    ['found bad while baking', { type: 'rolled-back', cause: 'bake', sentence: 'late' }, true],
    ['aborted', { type: 'aborted', actor: BOB, sentence: 'not today' }, false],
    ['not approved in time', { type: 'rolled-back', cause: 'approval-timeout', sentence: 'late' }, false],
    ['failed', { type: 'failed', stage: 'build', sentence: 'no such file' }, false],
  ])('says of one that was %s: %s', async (title, event, isKept) => {
    const commit = Buffer.from(title.padEnd(20).slice(0, 20)).toString('hex');
    await ended(commit, event);
    expect(await listed(commit)).toHaveLength(isKept ? 1 : 0);
  });

  test('goes by hand only with the explicit word, and only for a release-manager', async () => {
    const commit = '3'.repeat(40);
    const release = await ended(commit, HARM);
    const start = { ref: 'refs/heads/main', commit, environment: 'production' };
    const plain = await api.call('POST', '/api/v1/projects/shop/releases', start);
    expect(plain.status).toBe(409);
    expect(await plain.json()).toMatchObject({ code: 'quarantined', release });
    const wish = { ...start, overrideQuarantine: true };
    const developer = await tokenOf('developer');
    expect((await api.call('POST', '/api/v1/projects/shop/releases', wish, developer)).status).toBe(403);
    expect((await api.call('POST', '/api/v1/projects/shop/releases', wish)).status).toBe(202);
    const dry = { ...start, dryRun: true };
    expect((await api.call('POST', '/api/v1/projects/shop/releases', dry, developer)).status).toBe(202);
  });

  test('leaves when a release of it was promoted after all', async () => {
    const commit = '4'.repeat(40);
    await ended(commit, HARM);
    const start = { ref: 'main', commit, environment: 'production', overrideQuarantine: true };
    const { id } = (await (await api.call('POST', '/api/v1/projects/shop/releases', start)).json()) as {
      id: string;
    };
    const event: ReleaseEvent = { type: 'promoted', bakingUntil: null, sentence: 'fine' };
    await recordEvent(api.store.db, { releaseId: id, seq: 1, at: Date.now(), event });
    expect(await listed(commit)).toEqual([]);
  });

  test('is lifted by a release-manager who sees the project, audited; then the same push is a new release', async () => {
    const commit = '5'.repeat(40);
    const release = await ended(commit, HARM);
    const [row] = await listed(commit);
    const path = `/api/v1/quarantine/${row?.id}?comment=was%20the%20network`;
    expect((await api.call('DELETE', path, undefined, await tokenOf('developer'))).status).toBe(403);
    const stranger = await tokenOf('release-manager', ['cart']);
    expect((await api.call('DELETE', path, undefined, stranger)).status).toBe(404);
    expect((await api.call('DELETE', path)).status).toBe(204);
    expect((await api.call('DELETE', path)).status).toBe(404);
    const audit = (await (await api.call('GET', '/api/v1/audit?limit=20')).json()) as {
      entries: { action: string; outcome: string; detail: { commit?: string; comment?: string } }[];
    };
    const lifts = audit.entries.filter((e) => e.action === 'quarantine.lift' && e.detail.commit === commit);
    expect(lifts.map((e) => e.outcome)).toEqual(['ok', 'role-needed']);
    expect(lifts[0]?.detail.comment).toBe('was the network');

    const fresh = await push(commit);
    expect(fresh.id).toBeDefined();
    expect(fresh.id).not.toBe(release);
    expect((await push(commit)).id).toBe(fresh.id);
  });
});

describe('a person who goes back to an older version', () => {
  async function published(commit: string, version: string): Promise<string> {
    const event: ReleaseEvent = { type: 'promoted', bakingUntil: null, sentence: 'fine' };
    const releaseId = await ended(commit, event, 'cart');
    await addPublication(api.store.db, {
      service: 'cart',
      releaseId,
      version,
      digest: version,
      functions: {},
    });
    return releaseId;
  }
  const override = { project: 'cart', environment: 'production', service: 'cart', alias: 'PROD', from: {} };

  test('puts the newer versions that had traffic into quarantine; going forward puts nothing in', async () => {
    await published('a'.repeat(40), '1');
    const second = await published('b'.repeat(40), '2');
    const back = { ...override, toVersion: '1', actor: 'eve', comment: 'checkout fails' };
    await addOverride(api.store.db, back, ['2']);
    expect(await listed('b'.repeat(40))).toMatchObject([{ release: second, reason: 'person', actor: 'eve' }]);
    expect(await push('b'.repeat(40), 'cart')).toMatchObject({ ignored: true, release: second });

    await addOverride(api.store.db, { ...back, toVersion: '2' }, ['1']);
    expect(await listed('a'.repeat(40))).toEqual([]);
  });
});
