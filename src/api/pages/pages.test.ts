import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PRODUCTION } from '../../../test/support/production.ts';
import { startApiServer, type ApiServer } from '../../../test/support/api-server.ts';
import { newRelease } from '../../../test/support/new-release.ts';
import { resolvePlan } from '../../domain/plan/resolve.ts';
import type { ReleaseEvent } from '../../domain/release/events.ts';
import { recordEvent } from '../../store/events.ts';
import { addFreeze, endFreeze, listBypasses } from '../../store/freezes.ts';
import { createRelease } from '../../store/releases.ts';
import { createToken, revokeToken } from '../../store/tokens.ts';

let api: ApiServer;
let releaseId: string;

beforeAll(async () => {
  api = await startApiServer();
  await api.call('POST', '/api/v1/projects', {
    name: 'shop',
    repository: 'https://git.example/x.git',
    webhookSecret: 'hush-hush',
  });
  releaseId = ulid();
  await createRelease(
    api.store.db,
    newRelease('shop', {
      id: releaseId,
      author: '<script>alert(1)</script>',
      message: '<img src=x onerror=alert(1)>',
      dedupeKey: 'x',
    }),
  );
}, 60_000);
afterAll(() => api.stop());

function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(api.url + path, { redirect: 'manual', headers: { accept: 'text/html', ...headers } });
}

function post(
  path: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(api.url + path, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams(form),
    headers: { accept: 'text/html', ...headers },
  });
}

async function formKey(): Promise<string> {
  return /name="csrf" value="([^"]+)"/.exec(await (await get('/sign-in')).text())?.[1] ?? '';
}

async function signIn(token = api.adminToken): Promise<{ cookie: string; csrf: string }> {
  const answer = await post('/sign-in', { token, csrf: await formKey(), next: '/' });
  const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
  const page = await (await get('/', { cookie })).text();
  return { cookie, csrf: /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '' };
}

describe('signing in', () => {
  test('gives a cookie that scripts and other sites cannot use', async () => {
    const answer = await post('/sign-in', {
      token: api.adminToken,
      csrf: await formKey(),
      next: '/releases/x',
    });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe('/releases/x');
    expect(answer.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Strict/);
  });

  test('leads nowhere but to this console', async () => {
    for (const next of ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)'])
      expect(
        (await post('/sign-in', { token: api.adminToken, csrf: await formKey(), next })).headers.get(
          'location',
        ),
      ).toBe('/');
  });

  test('refuses a wrong token and a form of another site', async () => {
    expect((await post('/sign-in', { token: 'wrong', csrf: await formKey() })).status).toBe(401);
    expect((await post('/sign-in', { token: api.adminToken, csrf: 'made-up' })).status).toBe(401);
    const foreign = await post(
      '/sign-in',
      { token: api.adminToken, csrf: await formKey() },
      { origin: 'https://evil.example' },
    );
    expect(foreign.headers.get('set-cookie')).toBeNull();
  });

  test('comes first: pages without it lead there and back', async () => {
    const answer = await get('/releases/1?x=2');
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe('/sign-in?next=%2Freleases%2F1%3Fx%3D2');
    // A strict cookie stays away when a link elsewhere leads here: one more load from here brings it.
    expect((await get('/', { 'sec-fetch-site': 'cross-site' })).headers.get('refresh')).toBe('0');
  });

  test('ends with its token, and a forged or changed cookie is none', async () => {
    const { token, secret } = await createToken(api.store.db, {
      name: 't',
      role: 'viewer',
      projects: [],
      createdBy: 'test',
      expiresAt: null,
    });
    const { cookie } = await signIn(secret);
    expect((await get('/', { cookie })).status).toBe(200);
    expect((await get('/', { cookie: `${cookie}x` })).status).toBe(303);
    const body = Buffer.from('{"sub":"admin","exp":9e15,"csrf":""}').toString('base64url');
    expect((await get('/', { cookie: `sluice_session=${body}.${'A'.repeat(43)}` })).status).toBe(303);
    await revokeToken(api.store.db, token.id);
    expect((await get('/', { cookie })).status).toBe(303);
  });

  test('ends by signing out', async () => {
    const { cookie, csrf } = await signIn();
    const answer = await post('/sign-out', { csrf }, { cookie });
    expect(answer.headers.get('set-cookie')).toMatch(/sluice_session=;.*Max-Age=0/);
  });
});

describe('a cookie alone changes nothing', () => {
  test('a form without the session’s key, or from another site, is refused', async () => {
    const { cookie, csrf } = await signIn();
    const path = `/releases/${releaseId}/abort`;
    expect((await post(path, {}, { cookie })).status).toBe(403);
    expect((await post(path, { csrf: 'x' }, { cookie })).status).toBe(403);
    expect((await post(path, { csrf }, { cookie, origin: 'https://evil.example' })).status).toBe(403);
    expect((await post(path, { csrf }, { cookie, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  });

  test('the API reads with a cookie, and writes only with the key as a header', async () => {
    const { cookie, csrf } = await signIn();
    const call = (headers: Record<string, string>) =>
      fetch(`${api.url}/api/v1/projects/shop`, {
        method: 'PATCH',
        body: '{"defaultBranch":"main"}',
        headers: { cookie, 'content-type': 'application/json', ...headers },
      });
    expect((await fetch(`${api.url}/api/v1/projects`, { headers: { cookie } })).status).toBe(200);
    expect((await call({})).status).toBe(403);
    expect((await call({ 'x-sluice-csrf': csrf })).status).toBe(200);
  });
});

describe('pages', () => {
  test('show what is stored, never as markup', async () => {
    const { cookie } = await signIn();
    for (const path of ['/', `/releases/${releaseId}`, '/environments/shop.production']) {
      const answer = await get(path, { cookie });
      expect(answer.status).toBe(200);
      const page = await answer.text();
      expect(page).toMatch(/^<!doctype html><html lang="en">/i);
      expect(page).not.toMatch(/<script>alert|<img src=x/);
      expect(page).not.toMatch(/<style|<[^>]*\s(?:style|on[a-z]+)=/);
    }
  });

  test('come with a policy that runs nothing inline and lies in no frame', async () => {
    const policy = (await get('/sign-in')).headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
  });

  test('tell the outcome of a form on the page it leads back to, once', async () => {
    const { cookie, csrf } = await signIn();
    const answer = await post('/environments/shop.production/rollback', { csrf }, { cookie });
    expect(answer.status).toBe(303);
    const [notice = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
    const page = await get('/environments/shop.production', { cookie: `${cookie}; ${notice}` });
    expect(await page.text()).toContain('Not done: nothing runs in this environment yet');
    expect(page.headers.get('set-cookie')).toMatch(/sluice_notice=;.*Max-Age=0/);
  });

  test('let who may do so give a frozen release a way through, with a reason that stays', async () => {
    const freeze = await addFreeze(api.store.db, {
      id: ulid(),
      project: 'shop',
      environment: null,
      reason: 'incident 812',
      window: { kind: 'once', from: 0, until: null },
      underWay: 'finish',
      createdBy: 'ann',
    });
    const event = {
      type: 'queued',
      reason: 'freeze',
      behind: null,
      message: 'frozen: incident 812',
    } as const;
    await recordEvent(api.store.db, { releaseId, seq: 1, at: Date.now(), event });
    const { cookie, csrf } = await signIn();
    const path = `/releases/${releaseId}`;
    expect(await (await get(path, { cookie })).text()).toContain(`action="${path}/pass"`);
    const page = await (await get('/environments/shop.production', { cookie })).text();
    expect(page).toContain('Frozen until somebody ends it: incident 812. New releases wait');

    const said = async (comment: string): Promise<string> => {
      const answer = await post(`${path}/pass`, { csrf, comment }, { cookie });
      const [notice = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
      return (await get(path, { cookie: `${cookie}; ${notice}` })).text();
    };
    expect(await said(' ')).toContain('Not done: /comment: say why');
    expect(await said('fixes it')).toContain('May pass: incident 812');
    expect(await said('again')).toContain('Not done: no freeze stops this release now');
    const bypasses = await listBypasses(api.store.db, [freeze], Date.now());
    expect(bypasses).toMatchObject([{ releaseId, comment: 'fixes it', actor: 'admin', until: null }]);
    await endFreeze(api.store.db, { id: freeze.id, by: 'ann' });
  });

  test.each([
    ['changed-outside', 'Take over'],
    ['stable-gone', 'Try again'],
    ['rollback-refused', 'Try again'],
  ])('offer a release that is paused as %s a way out, and no pause', async (reason, text) => {
    const seq = 100 + reason.length;
    const actor = { kind: 'system', name: 'Sluice' } as const;
    const event = { type: 'paused', reason, actor, message: 'somebody must say' } as const;
    await recordEvent(api.store.db, { releaseId, seq, at: Date.now(), event });
    const { cookie } = await signIn();
    const page = await (await get(`/releases/${releaseId}`, { cookie })).text();
    expect(page).toMatch(new RegExp(`formaction="/releases/${releaseId}/take-over">\\s*${text}`));
    expect(page).toContain(`formaction="/releases/${releaseId}/yield"`);
    expect(page).not.toContain(`formaction="/releases/${releaseId}/pause"`);
  });

  test('what is not there is a page for people and a problem for programs', async () => {
    const { cookie } = await signIn();
    const page = await get('/releases/none', { cookie });
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=UTF-8']);
    const data = await fetch(`${api.url}/nowhere`);
    expect(data.headers.get('content-type')).toContain('application/problem+json');
  });

  test('assets are sent with a hash, and nothing beside them', async () => {
    const sheet = await get('/assets/sluice.css');
    const again = await get('/assets/sluice.css', { 'if-none-match': sheet.headers.get('etag') ?? '' });
    expect([sheet.status, again.status]).toEqual([200, 304]);
    expect((await get('/assets/..%2Findex.ts')).status).toBe(404);
  });
});

test('a rollback by a person waits for no look and has no stages, and its page has room for neither', async () => {
  const id = ulid();
  await createRelease(api.store.db, newRelease('shop', { id, cause: 'rollback', startedBy: 'ann' }));
  const { cookie } = await signIn();
  const headings = async (of: string): Promise<string[]> =>
    [...(await (await get(`/releases/${of}`, { cookie })).text()).matchAll(/<h2[^>]*>([^<]*)/g)].map(
      ([, text]) => text ?? '',
    );
  expect(await headings(id)).toEqual(['Traffic', 'History']);
  expect(await headings(releaseId)).toEqual(
    expect.arrayContaining(['Traffic', 'Evidence that the canary is worse', 'Stages', 'History']),
  );
});

describe('a dry run', () => {
  test('shows what it would change and how, and what the hooks of a release said — as text, whatever it is', async () => {
    const id = ulid();
    await createRelease(
      api.store.db,
      newRelease('shop', {
        id,
        commit: 'b'.repeat(40),
        author: '',
        message: '',
        cause: 'manual',
        startedBy: 'ann',
        dryRun: true,
      }),
    );
    const code = { digest: `sha256:${'a'.repeat(64)}`, bytes: 2048, files: 2 };
    const events: readonly ReleaseEvent[] = [
      { type: 'planned', plan: resolvePlan(null, PRODUCTION) },
      { type: 'hook-started', step: 0, when: 'after', name: '<b>check</b>' },
      {
        type: 'hook-finished',
        step: 0,
        when: 'after',
        name: '<b>check</b>',
        ok: false,
        durationMs: 10,
        summary: 'exit code 3',
        logTail: ['<i>no</i>'],
        onFailure: 'continue',
      },
      {
        type: 'dry-run-finished',
        sentence: 'nothing was touched',
        difference: [
          {
            service: 'shop',
            change: 'changed',
            live: '3',
            settings: [],
            functions: [
              {
                name: 'greet',
                change: 'changed',
                settings: [{ member: 'handler', change: 'changed', from: 'a.b', to: '<u>', hidden: false }],
                code: { changed: false, from: code, to: code },
              },
            ],
            kept: [],
            leftOut: 0,
          },
        ],
      },
    ];
    for (const [i, event] of events.entries())
      await recordEvent(api.store.db, { releaseId: id, seq: i + 1, at: Date.now(), event });
    const page = await (await get(`/releases/${id}`, { cookie: (await signIn()).cookie })).text();
    expect(page).toContain('What it would change');
    expect(page).toContain('handler: &quot;a.b&quot; → &quot;&lt;u&gt;&quot;');
    expect(page).toContain('step 1: 5 % for 10m');
    expect(page).toContain('&lt;b&gt;check&lt;/b&gt;');
    expect(page).toContain('exit code 3');
    expect(page).not.toMatch(/<b>check|<i>no|<u>"/);
  });
});
