import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApiServer, type ApiServer } from '../../../test/support/api-server.ts';
import { recordEvent } from '../../store/events.ts';
import { createRelease } from '../../store/releases.ts';
import type { BypassView, EnvironmentView, FreezeView, ReleaseView } from '../views.ts';
import { newRelease } from '../../../test/support/new-release.ts';

let api: ApiServer;
let manager: string;
let developer: string;
beforeAll(async () => {
  api = await startApiServer();
  for (const name of ['shop', 'cart']) {
    const project = { name, repository: 'https://git.example/x.git' };
    expect((await api.call('POST', '/api/v1/projects', project)).status).toBe(201);
  }
  manager = await tokenOf('release-manager', ['shop']);
  developer = await tokenOf('developer');
}, 60_000);
afterAll(() => api.stop());

const ONCE = { kind: 'once' } as const;
const NIGHT = { kind: 'weekly', days: ['fri'], from: '22:00', until: '06:00', timeZone: 'Europe/Berlin' };

async function tokenOf(role: string, projects: string[] = []): Promise<string> {
  const answer = await api.call('POST', '/api/v1/tokens', { name: role, role, projects });
  return ((await answer.json()) as { token: string }).token;
}

async function read<T>(answer: Promise<Response>, status: number): Promise<T> {
  const given = await answer;
  const text = await given.text();
  expect([given.status, text]).toEqual([status, expect.anything()]);
  return JSON.parse(text) as T;
}

function add(body: object, token?: string): Promise<FreezeView> {
  return read(api.call('POST', '/api/v1/freezes', { reason: 'audit', window: ONCE, ...body }, token), 201);
}

function refuse(
  status: number,
  path: string,
  body: object,
  token?: string,
): Promise<{ detail: string; code: string }> {
  return read(api.call('POST', path, body, token), status);
}

async function list(query = ''): Promise<FreezeView[]> {
  return (await read<{ freezes: FreezeView[] }>(api.call('GET', `/api/v1/freezes${query}`), 200)).freezes;
}

async function release(project: string): Promise<string> {
  const id = ulid();
  await createRelease(
    api.store.db,
    newRelease(project, { id, commit: 'a1b2c3d4'.repeat(5), author: '', message: '' }),
  );
  return id;
}

async function audit(
  target: string,
): Promise<{ action: string; actor: string; outcome: string; detail: object }[]> {
  const { entries } = await read<{
    entries: { target: string; action: string; actor: string; outcome: string; detail: object }[];
  }>(api.call('GET', '/api/v1/audit'), 200);
  return entries.filter((entry) => entry.target === target);
}

describe('a freeze', () => {
  test('begins at once, is listed with its stretch, stands on its environment, and can be ended', async () => {
    const made = await add({ project: 'shop', underWay: 'hold' }, manager);
    expect(made).toMatchObject({
      project: 'shop',
      environment: null,
      underWay: 'hold',
      createdBy: 'release-manager',
      on: { until: null },
      next: null,
      bypasses: [],
    });
    expect(await list('?project=shop')).toMatchObject([{ id: made.id }]);
    expect(await list('?project=cart')).toEqual([]);
    const shop = await read<EnvironmentView>(api.call('GET', '/api/v1/environments/shop.production'), 200);
    expect(shop.freeze).toMatchObject({
      id: made.id,
      until: null,
      text: 'frozen until somebody ends it: audit',
    });
    const cart = await read<EnvironmentView>(api.call('GET', '/api/v1/environments/cart.production'), 200);
    expect(cart.freeze).toBeNull();
    const path = `/api/v1/freezes/${made.id}`;
    expect((await api.call('DELETE', `${path}?comment=done`)).status).toBe(204);
    expect((await api.call('DELETE', path)).status).toBe(404);
    expect(await list()).toEqual([]);
    expect(await audit(`freeze:${made.id}`)).toMatchObject([
      { action: 'freeze.end', actor: 'admin', outcome: 'ok', detail: { comment: 'done' } },
      { action: 'freeze.create', actor: 'release-manager', outcome: 'ok' },
    ]);
  });

  test('of every week is told by the clock of its zone', async () => {
    const made = await add({ window: NIGHT, reason: 'nights' });
    expect(made.window).toEqual(NIGHT);
    expect(made.next).not.toBeNull();
    await api.call('DELETE', `/api/v1/freezes/${made.id}`);
  });

  test.each<[string, object, string]>([
    [
      'that ends before it begins',
      { window: { ...ONCE, from: '2030-01-02T00:00:00Z', until: '2030-01-01T00:00:00Z' } },
      '/window/until: the window ends before it begins',
    ],
    [
      'that is over',
      { window: { ...ONCE, from: '2001-01-01T00:00:00Z', until: '2001-01-02T00:00:00Z' } },
      '/window/until: the window is over already',
    ],
    [
      'in a time zone that nobody knows',
      { window: { ...NIGHT, timeZone: 'Mars/Olympus' } },
      '/window/timeZone: no time zone of that name',
    ],
    ['on no day', { window: { ...NIGHT, days: [] } }, '/window/days: name one day at least'],
    [
      'at a time that no clock shows',
      { window: { ...NIGHT, from: '25:00' } },
      '/window/from: a time as HH:MM',
    ],
    [
      'without a zone in its time',
      { window: { ...ONCE, from: '2030-01-02T00:00:00' } },
      '/window/from: a time with its zone',
    ],
    ['of a project that is not there', { project: 'nowhere' }, '/project: there is no project nowhere'],
    [
      'of an environment that is not there',
      { project: 'shop', environment: 'moon' },
      '/environment: shop has no environment moon; there is production',
    ],
    [
      'of an environment that no project has',
      { environment: 'moon' },
      '/environment: no project has an environment moon; there is production',
    ],
    ['without a reason', { reason: ' ' }, '/reason: say why'],
  ])('%s is refused, with the place and the mend', async (_what, body, detail) => {
    const full = { reason: 'audit', window: ONCE, ...body };
    expect((await refuse(422, '/api/v1/freezes', full)).detail).toContain(detail);
  });

  test('needs a release-manager, and for all projects a token that is bound to none; the attempt is in the audit', async () => {
    const body = { reason: 'audit', window: ONCE };
    expect((await refuse(403, '/api/v1/freezes', body, developer)).code).toBe('role-needed');
    expect((await refuse(403, '/api/v1/freezes', body, manager)).code).toBe('scope-needed');
    expect((await refuse(422, '/api/v1/freezes', { ...body, project: 'cart' }, manager)).detail).toContain(
      'there is no project cart',
    );
    const all = await add({});
    expect((await api.call('DELETE', `/api/v1/freezes/${all.id}`, undefined, manager)).status).toBe(403);
    expect((await audit(`freeze:${all.id}`)).map(({ outcome }) => outcome)).toEqual(['scope-needed', 'ok']);
    await api.call('DELETE', `/api/v1/freezes/${all.id}`);
  });
});

describe('a bypass', () => {
  test('lets one release pass until the stretch ends, with who and why in list and audit', async () => {
    const until = '2031-01-02T08:00:00.000Z';
    const freeze = await add({ project: 'shop', window: { ...ONCE, until } });
    const id = await release('shop');
    const made = await read<BypassView>(
      api.call(
        'POST',
        `/api/v1/freezes/${freeze.id}/bypass`,
        { release: id, comment: 'checkout is down' },
        manager,
      ),
      201,
    );
    expect(made).toMatchObject({
      project: 'shop',
      environment: 'production',
      release: id,
      until,
      actor: 'release-manager',
    });
    const [listed] = await list();
    expect(listed?.bypasses).toMatchObject([{ release: id, comment: 'checkout is down' }]);
    const [entry] = await audit(`freeze:${freeze.id}`);
    expect(entry).toMatchObject({
      action: 'freeze.bypass',
      outcome: 'ok',
      detail: { comment: 'checkout is down', releaseId: id },
    });
    const shop = await read<EnvironmentView>(api.call('GET', '/api/v1/environments/shop.production'), 200);
    expect(shop.freeze).toMatchObject({ id: freeze.id });
    await api.call('DELETE', `/api/v1/freezes/${freeze.id}`);
  });

  test('of a whole environment opens it; a freeze of several places must be told which', async () => {
    const freeze = await add({});
    const path = `/api/v1/freezes/${freeze.id}/bypass`;
    expect((await refuse(422, path, { comment: 'x' })).detail).toContain(
      '/project: this freeze stands in several places',
    );
    const made = await read<BypassView>(
      api.call('POST', path, { project: 'shop', environment: 'production', comment: 'x' }),
      201,
    );
    expect(made).toMatchObject({ release: null, until: null });
    const of = (project: string) =>
      read<EnvironmentView>(api.call('GET', `/api/v1/environments/${project}.production`), 200);
    expect((await of('shop')).freeze).toBeNull();
    expect((await of('cart')).freeze).toMatchObject({ id: freeze.id });
    await api.call('DELETE', `/api/v1/freezes/${freeze.id}`);
  });

  test('takes the role that the environment’s record asks for', async () => {
    const environment = { name: 'production', branches: ['main'], alias: 'PROD' };
    const ask = (bypassRole?: string) =>
      api.call('PATCH', '/api/v1/projects/shop', {
        environments: [{ ...environment, protection: bypassRole ? { bypassRole } : {} }],
      });
    const freeze = await add({ project: 'shop' });
    const path = `/api/v1/freezes/${freeze.id}/bypass`;
    const wish = { environment: 'production', comment: 'x' };
    expect((await ask('admin')).status).toBe(200);
    expect((await refuse(403, path, wish, manager)).detail).toContain('needs the role admin');
    await ask('developer');
    await read(api.call('POST', path, wish, developer), 201);
    await ask();
    expect((await refuse(403, path, wish, developer)).detail).toContain('needs the role release-manager');
    await api.call('DELETE', `/api/v1/freezes/${freeze.id}`);
  });

  test('needs a comment, a release-manager, and a release that waits in a frozen place', async () => {
    const freeze = await add({ project: 'shop' });
    const path = `/api/v1/freezes/${freeze.id}/bypass`;
    const id = await release('shop');
    expect((await refuse(422, path, { release: id })).detail).toContain('/comment');
    expect((await refuse(422, path, { release: id, comment: ' ' })).detail).toContain('/comment: say why');
    expect((await refuse(403, path, { release: id, comment: 'x' }, developer)).code).toBe('role-needed');
    const [entry] = await audit(`freeze:${freeze.id}`);
    expect(entry).toMatchObject({ action: 'freeze.bypass', actor: 'developer', outcome: 'role-needed' });
    expect((await refuse(422, path, { release: 'none', comment: 'x' })).detail).toContain(
      'there is no release none',
    );
    expect((await refuse(422, path, { release: await release('cart'), comment: 'x' })).detail).toContain(
      'cart.production is not in shop.any environment',
    );
    const event = { type: 'failed', stage: 'build', sentence: 'no' } as const;
    await recordEvent(api.store.db, { releaseId: id, seq: 1, at: Date.now(), event });
    expect((await refuse(409, path, { release: id, comment: 'x' })).code).toBe('release-ended');
    await api.call('DELETE', `/api/v1/freezes/${freeze.id}`);
    expect((await refuse(404, path, { release: id, comment: 'x' })).code).toBe('not-found');
  });
});

test('a release that waits says behind whom, and what that one waits for and since when', async () => {
  const [front, id] = [await release('cart'), await release('cart')];
  const at = Date.now();
  const { db } = api.store;
  await recordEvent(db, { releaseId: front, seq: 1, at, event: { type: 'started' } });
  const asked = {
    type: 'approval-requested',
    step: 0,
    role: 'release-manager',
    count: 1,
    notAuthor: false,
    until: null,
  } as const;
  await recordEvent(db, { releaseId: front, seq: 2, at, event: asked });
  await recordEvent(db, {
    releaseId: id,
    seq: 1,
    at,
    event: { type: 'queued', reason: 'behind', behind: front },
  });
  const said =
    /^behind release \d+ \(a1b2c3d4 of cart\), which waits for release-manager since .*\d\d:\d\d UTC$/;
  const view = await read<ReleaseView>(api.call('GET', `/api/v1/releases/${id}`), 200);
  expect(view).toMatchObject({
    state: 'queued',
    reason: 'behind',
    behind: front,
    sentence: expect.stringMatching(said),
  });
  const environment = await read<EnvironmentView>(
    api.call('GET', '/api/v1/environments/cart.production'),
    200,
  );
  expect(environment.queued.find((one) => one.id === id)?.sentence).toMatch(said);
  const page = await read<{ releases: ReleaseView[] }>(
    api.call('GET', '/api/v1/releases?state=queued&project=cart'),
    200,
  );
  expect(page.releases.find((one) => one.id === id)?.sentence).toMatch(said);
});
