import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApiServer, type ApiServer } from '../../test/support/api-server.ts';
import { newRelease } from '../../test/support/new-release.ts';
import { recordEvent } from '../store/events.ts';
import { recordBeat } from '../store/parts.ts';
import { createRelease } from '../store/releases.ts';

let api: ApiServer;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'repos-'));
  mkdirSync(join(folder, 'allowed', 'shop.git'), { recursive: true });
  mkdirSync(join(folder, 'secret.git'));
  symlinkSync(join(folder, 'secret.git'), join(folder, 'allowed', 'link.git'));
  api = await startApiServer({ localRepositories: [join(folder, 'allowed')] });
  for (const name of ['shop', 'other']) await project(name);
}, 60_000);
afterAll(async () => {
  await api.stop();
  rmSync(folder, { recursive: true, force: true });
});

function project(name: string, over: object = {}): Promise<Response> {
  const body = { name, repository: 'https://git.example/x.git', webhookSecret: 'hush-hush', ...over };
  return api.call('POST', '/api/v1/projects', body);
}

async function token(role: string, projects: string[] = []): Promise<string> {
  const answer = await api.call('POST', '/api/v1/tokens', {
    name: `${role} of ${projects.join()}`,
    role,
    projects,
  });
  return ((await answer.json()) as { token: string }).token;
}

async function release(name = 'shop'): Promise<string> {
  const { id } = await createRelease(api.store.db, newRelease(name, { author: 'kim' }));
  return id;
}

async function problem(answer: Response): Promise<{ status: number; code: string }> {
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  const document = (await answer.json()) as { status: number; code: string };
  expect(document).toMatchObject({ type: `urn:sluice:problem:${document.code}`, detail: expect.any(String) });
  expect(document.status).toBe(answer.status);
  return { status: document.status, code: document.code };
}

describe('every fault is a problem document with a stable code', () => {
  test('what is not there, and a method that a path does not take', async () => {
    expect(await problem(await api.call('GET', '/nowhere'))).toEqual({ status: 404, code: 'not-found' });
    expect(await problem(await api.call('GET', '/api/v1/nowhere'))).toEqual({
      status: 404,
      code: 'not-found',
    });
    expect(await problem(await api.call('GET', '/api/v1/releases/none'))).toMatchObject({ status: 404 });
    const wrong = await api.call('PUT', '/api/v1/projects', {});
    expect(wrong.headers.get('allow')).toBe('GET, HEAD, POST');
    expect(await problem(wrong)).toEqual({ status: 405, code: 'method-not-allowed' });
    expect(await problem(await fetch(`${api.url}/webhooks/github/shop`))).toMatchObject({ status: 405 });
  });

  test('a body that is no JSON, of another type, too large, or does not fit', async () => {
    const post = (body: string, type: string) =>
      fetch(`${api.url}/api/v1/projects`, {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${api.adminToken}`, 'content-type': type },
      });
    expect(await problem(await post('{', 'application/json'))).toEqual({
      status: 400,
      code: 'malformed-json',
    });
    expect(await problem(await post('{}', 'text/plain'))).toMatchObject({ status: 415 });
    expect(await problem(await post(`"${'x'.repeat(1_100_000)}"`, 'application/json'))).toMatchObject({
      status: 413,
    });
    const unfit = await project('Shop_1', { environments: [{ name: 'p', alias: 'LATEST' }], extra: 1 });
    const document = (await unfit.clone().json()) as { errors: { pointer: string }[] };
    expect(await problem(unfit)).toEqual({ status: 422, code: 'invalid-request' });
    expect(document.errors.map((e) => e.pointer)).toEqual(
      expect.arrayContaining(['/name', '/environments/0/alias']),
    );
    for (const query of ['limit=0', 'cursor=zzz'])
      expect(await problem(await api.call('GET', `/api/v1/releases?${query}`))).toMatchObject({
        status: 422,
      });
    expect(await problem(await api.call('GET', '/api/v1/releases/%00'))).toMatchObject({ status: 400 });
    expect(await problem(await api.call('POST', '/webhooks/github/%00'))).toMatchObject({ status: 400 });
  });

  test('a database that is gone is 503, not a fault of ours', async () => {
    await api.store.postgres.crash();
    expect(await problem(await api.call('GET', '/api/v1/projects'))).toEqual({
      status: 503,
      code: 'database-unreachable',
    });
    await api.store.postgres.start();
    expect((await api.call('GET', '/api/v1/projects')).status).toBe(200);
  }, 30_000);
});

describe('access', () => {
  test('everything needs a token but webhooks, health and the description', async () => {
    for (const path of ['projects', 'releases', 'environments', 'tokens', 'audit', 'events', 'nowhere']) {
      const answer = await fetch(`${api.url}/api/v1/${path}`);
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
      expect(await problem(answer)).toEqual({ status: 401, code: 'token-missing' });
    }
    for (const path of ['/healthz', '/metrics', '/openapi.json'])
      expect((await fetch(api.url + path)).status).toBe(200);
    for (const wrong of ['nonsense', '', `${api.adminToken}x`])
      expect(await problem(await api.call('GET', '/api/v1/projects', undefined, wrong))).toEqual({
        status: 401,
        code: 'token-invalid',
      });
  });

  test('a role does what it covers and nothing above', async () => {
    const developer = await token('developer');
    expect((await api.call('GET', '/api/v1/projects', undefined, developer)).status).toBe(200);
    for (const [method, path, body] of [
      ['POST', '/api/v1/projects', { name: 'mine', repository: 'https://git.example/x.git' }],
      ['PATCH', '/api/v1/projects/shop', { defaultBranch: 'x' }],
      ['DELETE', '/api/v1/projects/shop', undefined],
      ['POST', '/api/v1/tokens', { name: 'x', role: 'admin' }],
      ['GET', '/api/v1/tokens', undefined],
      ['GET', '/api/v1/audit', undefined],
    ] as const)
      expect(await problem(await api.call(method, path, body, developer))).toEqual({
        status: 403,
        code: 'role-needed',
      });
  });

  test('a token of some projects sees no others, and makes no tokens even as admin', async () => {
    const bound = await token('admin', ['shop']);
    const mine = await release('shop');
    const theirs = await release('other');
    const get = (path: string) => api.call('GET', `/api/v1${path}`, undefined, bound);
    expect((await get(`/releases/${mine}`)).status).toBe(200);
    expect((await get(`/releases/${theirs}`)).status).toBe(404);
    expect((await get('/projects/other')).status).toBe(404);
    expect((await get('/environments/other.production')).status).toBe(404);
    expect((await get('/events?project=other')).status).toBe(404);
    const { releases } = (await (await get('/releases')).json()) as { releases: { project: string }[] };
    expect(new Set(releases.map((r) => r.project))).toEqual(new Set(['shop']));
    const more = await api.call('POST', '/api/v1/tokens', { name: 'x', role: 'viewer' }, bound);
    expect(await problem(more)).toEqual({ status: 403, code: 'scope-needed' });
  });

  test('a revoked token is refused from then on', async () => {
    const made = await api.call('POST', '/api/v1/tokens', { name: 'short', role: 'viewer' });
    const { id, token: secret } = (await made.json()) as { id: string; token: string };
    expect((await api.call('GET', '/api/v1/projects', undefined, secret)).status).toBe(200);
    await api.call('DELETE', `/api/v1/tokens/${id}`);
    expect((await api.call('GET', '/api/v1/projects', undefined, secret)).status).toBe(401);
  });

  test('a token ends at its time, which lies ahead when it is made', async () => {
    const make = (expiresAt: string) =>
      api.call('POST', '/api/v1/tokens', { name: 'brief', role: 'viewer', expiresAt });
    const past = await make(new Date(Date.now() - 1_000).toISOString());
    expect(await problem(past)).toEqual({ status: 422, code: 'invalid-request' });
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const made = (await (await make(expiresAt)).json()) as { id: string; token: string };
    expect(made).toMatchObject({ expiresAt });
    const ask = () => api.call('GET', '/api/v1/projects', undefined, made.token);
    expect((await ask()).status).toBe(200);
    await api.store.db
      .updateTable('tokens')
      .set({ expires_at: new Date(Date.now() - 1) })
      .where('id', '=', made.id)
      .execute();
    expect((await ask()).status).toBe(401);
  });

  test('every change leaves an audit entry, refused ones too, and the chain is whole', async () => {
    const viewer = await token('viewer');
    const id = await release();
    await api.call('POST', `/api/v1/releases/${id}/abort`, { comment: 'stop' }, viewer);
    const answer = await api.call('GET', '/api/v1/audit?verify=true&limit=1');
    const { entries, check } = (await answer.json()) as { entries: object[]; check: object };
    expect(entries[0]).toMatchObject({
      action: 'release.abort',
      target: `release:${id}`,
      outcome: 'role-needed',
      role: 'viewer',
      detail: { comment: 'stop' },
    });
    expect(check).toMatchObject({ intact: true, brokenAt: null });
  });

  test('the audit is exported whole, oldest first, and the document’s own program checks it', async () => {
    expect((await api.call('GET', '/api/v1/audit/export', undefined, await token('developer'))).status).toBe(
      403,
    );
    const answer = await api.call('GET', '/api/v1/audit/export');
    expect(answer.headers.get('content-type')).toContain('application/x-ndjson');
    const text = await answer.text();
    const entries = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: number });
    expect(entries.map(({ id }) => id)).toEqual(entries.map((_, index) => index + 1));
    expect(entries.at(-1)).toMatchObject({ action: 'token.create' });
    const last = entries.length - 1;
    const rest = await (await api.call('GET', `/api/v1/audit/export?after=${last}`)).text();
    expect(rest).toBe(`${text.trimEnd().split('\n')[last]}\n`);

    const doc = readFileSync(join(import.meta.dirname, '../../docs/audit.md'), 'utf8');
    const program = join(folder, 'check.mjs');
    writeFileSync(program, /```js\n([^]*?)```/.exec(doc)?.[1] ?? '');
    const check = (lines: string) => {
      const file = join(folder, 'audit.ndjson');
      writeFileSync(file, lines);
      return spawnSync(process.execPath, [program, file], { encoding: 'utf8' }).stdout;
    };
    expect(check(text)).toMatch(new RegExp(`^${entries.length} entries, [0-9a-f]{64}\n$`));
    expect(check(text.replace('"role":"viewer"', '"role":"admin"'))).toMatch(/^entry \d+ does not fit/);
    expect(check(text.replace(/^.*\n/, ''))).toBe('entry 2 does not fit\n');
  });

  test('no answer and no audit entry holds a secret', async () => {
    await api.call('PATCH', '/api/v1/projects/shop', { webhookSecret: 'new-hush-hush' });
    const paths = ['projects', 'projects/shop', 'tokens', 'audit?limit=200', 'environments'];
    const texts = await Promise.all(
      paths.map(async (path) => (await api.call('GET', `/api/v1/${path}`)).text()),
    );
    expect(texts.join('')).not.toMatch(/hush-hush|slu_/);
  });
});

describe('a project’s repository', () => {
  test.each([
    'https://git.example/team/shop.git',
    'ssh://git@git.example:2222/shop.git',
    'git@git.example:team/shop.git',
    'git://git.example/shop.git',
  ])('%s may be named', async (repository) => {
    expect((await project(`ok-${ulid().toLowerCase().slice(-12)}`, { repository })).status).toBe(201);
  });

  test('a path below an allowed folder may be named', async () => {
    expect((await project('local', { repository: join(folder, 'allowed', 'shop.git') })).status).toBe(201);
  });

  test.each([
    ['ext::sh -c id', 'a remote helper runs programs'],
    ['ext::id', 'a remote helper runs programs'],
    ['file:///etc', 'reads this machine'],
    ['http://git.example/shop.git', 'neither secret nor whole on its way'],
    ['--upload-pack=id', 'is an option'],
    ['-oProxyCommand=id:x', 'is an option'],
    ['ssh://-oProxyCommand=id/x', 'is an option to ssh'],
    ['https://user:pass@git.example/x.git', 'would show the password'],
    ['https://git.example', 'has no path'],
    ['/etc', 'is not below an allowed folder'],
    ['shop.git', 'is a relative path'],
    ['../shop.git', 'is a relative path'],
  ])('%s is refused: it %s', async (repository) => {
    expect(await problem(await project('bad', { repository }))).toEqual({
      status: 422,
      code: 'repository-refused',
    });
  });

  test('a link out of the allowed folder, and .. out of it, are refused', async () => {
    for (const path of ['allowed/link.git', 'allowed/../secret.git', 'allowed', 'allowed/none.git'])
      expect(await problem(await project('bad', { repository: `${folder}/${path}` }))).toMatchObject({
        code: 'repository-refused',
      });
  });
});

describe('projects and releases', () => {
  test('a project without environments gets production on its default branch', async () => {
    await project('plain', { defaultBranch: 'trunk' });
    expect(await (await api.call('GET', '/api/v1/projects/plain')).json()).toMatchObject({
      environments: [{ name: 'production', branches: ['trunk'], alias: 'PROD' }],
      webhookUrl: `${api.url}/webhooks/generic/plain`,
    });
    expect(await problem(await project('plain'))).toEqual({ status: 409, code: 'project-exists' });
  });

  test('a project with a release under way is not deleted; an idle one is, its releases stay', async () => {
    await project('going');
    const id = await release('going');
    const busy = await api.call('DELETE', '/api/v1/projects/going');
    expect(await problem(busy)).toEqual({ status: 409, code: 'project-busy' });
    const end = { type: 'aborted', actor: { kind: 'person', name: 'x' }, sentence: 'x' } as const;
    await recordEvent(api.store.db, { releaseId: id, seq: 1, at: Date.now(), event: end });
    expect((await api.call('DELETE', '/api/v1/projects/going')).status).toBe(204);
    expect((await api.call('GET', '/api/v1/projects/going')).status).toBe(404);
    expect((await api.call('GET', `/api/v1/releases/${id}`)).status).toBe(200);
  });

  test('an environment with a release under way keeps its alias — nobody else may get it meanwhile', async () => {
    await project('moving');
    const id = await release('moving');
    const change = (alias: string) =>
      api.call('PATCH', '/api/v1/projects/moving', {
        environments: [{ name: 'production', branches: ['main'], alias }],
      });
    expect((await change('PROD')).status).toBe(200);
    expect(await problem(await change('LIVE'))).toEqual({ status: 409, code: 'environment-busy' });
    const end = { type: 'aborted', actor: { kind: 'person', name: 'x' }, sentence: 'x' } as const;
    await recordEvent(api.store.db, { releaseId: id, seq: 1, at: Date.now(), event: end });
    expect((await change('LIVE')).status).toBe(200);
  });

  test('a release started by hand is queued once per idempotency key', async () => {
    const start = (body: object) =>
      fetch(`${api.url}/api/v1/projects/shop/releases`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: {
          authorization: `Bearer ${api.adminToken}`,
          'content-type': 'application/json',
          'idempotency-key': 'k1',
        },
      });
    const wish = { commit: 'F'.repeat(40), environment: 'production', dryRun: true };
    const first = await start(wish);
    expect(first.status).toBe(202);
    const made = (await first.json()) as { id: string };
    expect(made).toMatchObject({ cause: 'manual', startedBy: 'admin', dryRun: true, commit: 'f'.repeat(40) });
    expect(await (await start(wish)).json()).toMatchObject({ id: made.id });
    expect(await problem(await start({ ref: 'wip', environment: 'production' }))).toEqual({
      status: 422,
      code: 'ref-not-released',
    });
    // What a dry run answers is asked before a branch is merged to one that is released.
    expect((await start({ ...wish, ref: 'wip' })).status).toBe(202);
    expect(await problem(await start({ environment: 'production' }))).toMatchObject({ status: 422 });
    expect(await problem(await start({ ...wish, environment: 'moon' }))).toMatchObject({ status: 404 });
  });

  test('a commit of no named branch is a release-manager’s to start; what would happen everybody may ask', async () => {
    const wish = { commit: 'e'.repeat(40), environment: 'production' };
    const start = async (role: string, body: object) =>
      api.call('POST', '/api/v1/projects/shop/releases', body, await token(role));
    expect(await problem(await start('developer', wish))).toEqual({ status: 403, code: 'role-needed' });
    expect((await start('developer', { ...wish, dryRun: true })).status).toBe(202);
    expect((await start('release-manager', wish)).status).toBe(202);
    expect(await problem(await start('viewer', { ...wish, dryRun: true }))).toMatchObject({ status: 403 });
  });

  test('pages of a list join without gap or repetition', async () => {
    await project('paged');
    const made = [];
    for (let i = 0; i < 5; i += 1) made.unshift(await release('paged'));
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const path: string = `/api/v1/releases?project=paged&limit=2${cursor && `&cursor=${cursor}`}`;
      const page = (await (await api.call('GET', path)).json()) as {
        releases: { id: string }[];
        nextCursor: string | null;
      };
      seen.push(...page.releases.map((r) => r.id));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(made.toSorted().toReversed());
  });

  test('an act says when Temporal is down that nothing was done', async () => {
    const id = await release();
    const answer = await api.call('POST', `/api/v1/releases/${id}/approve`, { step: 0 });
    expect(await problem(answer)).toEqual({ status: 503, code: 'temporal-unreachable' });
  }, 20_000);

  test('an act on an ended release says how it ended, without asking anybody', async () => {
    const id = await release();
    const event = { type: 'unchanged', sentence: 'nothing to do' } as const;
    await recordEvent(api.store.db, { releaseId: id, seq: 1, at: Date.now(), event });
    const answer = await api.call('POST', `/api/v1/releases/${id}/abort`);
    expect(await problem(answer)).toEqual({ status: 409, code: 'release-ended' });
  });
});

describe('health', () => {
  test('names each part with its state; ready only when all are up', async () => {
    await recordBeat(api.store.db, { part: 'worker', instance: 'a', detail: {} });
    const answer = await fetch(`${api.url}/readyz`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      ready: false,
      parts: [
        { part: 'postgres', state: 'up' },
        { part: 'temporal', state: 'down' },
        { part: 'engine', state: 'down' },
        { part: 'worker', state: 'up', detail: '1 at work' },
      ],
      regions: [{ region: 'cn-local', state: 'down' }],
    });
  });

  test('the description names every path, each operation once, and is OpenAPI 3.1', async () => {
    const document = (await (await fetch(`${api.url}/openapi.json`)).json()) as {
      openapi: string;
      paths: Record<string, object>;
    };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/webhooks/{provider}/{project}',
        '/api/v1/projects/{project}/releases',
        '/api/v1/releases/{id}/approve',
        '/api/v1/environments/{id}/rollback',
        '/api/v1/events',
        '/api/v1/audit',
        '/healthz',
        '/readyz',
        '/metrics',
      ]),
    );
    const operations = Object.values(document.paths).flatMap((item) => Object.values(item) as object[]);
    const ids = operations.map((operation) => (operation as { operationId?: string }).operationId);
    expect(ids).toContain('postReleasesByIdApprove');
    expect(ids).not.toContain(undefined);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
