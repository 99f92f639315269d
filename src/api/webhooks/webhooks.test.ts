import { createHash, createHmac, randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApiServer, type ApiServer } from '../../../test/support/api-server.ts';

const SECRET = 'whsec-test';
const COMMIT = 'a'.repeat(40);
let api: ApiServer;

beforeAll(async () => {
  api = await startApiServer();
  const environments = [
    { name: 'production', branches: ['main'], alias: 'PROD' },
    { name: 'staging', branches: ['main', 'next/*'], tags: ['v*'], alias: 'STAGING' },
  ];
  await add('shop');
  await add('both', { environments });
}, 60_000);
afterAll(() => api.stop());

async function add(name: string, more: object = {}): Promise<void> {
  const project = {
    name,
    repository: 'https://git.example/x.git',
    provider: 'github',
    webhookSecret: SECRET,
  };
  const answer = await api.call('POST', '/api/v1/projects', { ...project, ...more });
  expect(answer.status).toBe(201);
}

function sign(body: string, secret = SECRET): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

function push(over: object = {}): string {
  return JSON.stringify({
    ref: 'refs/heads/main',
    before: 'b'.repeat(40),
    after: COMMIT,
    deleted: false,
    head_commit: { message: 'Greet by name', author: { name: 'Kim', username: 'kim' } },
    repository: { pushed_at: 1_764_000_000 },
    ...over,
  });
}

function github(
  body: string,
  {
    event = 'push',
    delivery = `d-${randomUUID()}`,
    project = 'shop',
    signature = sign(body),
    type = 'json',
  } = {},
): Promise<Response> {
  return fetch(`${api.url}/webhooks/github/${project}`, {
    method: 'POST',
    body,
    headers: {
      'content-type': type === 'json' ? 'application/json' : 'application/x-www-form-urlencoded',
      'x-github-event': event,
      'x-github-delivery': delivery,
      'x-hub-signature-256': signature,
    },
  });
}

function generic(body: object, project = 'shop', delivery: string = randomUUID()): Promise<Response> {
  const text = JSON.stringify(body);
  return fetch(`${api.url}/webhooks/generic/${project}`, {
    method: 'POST',
    body: text,
    headers: { 'x-sluice-signature': sign(text), 'x-sluice-delivery': delivery },
  });
}

async function counts() {
  const count = async (table: 'releases' | 'deliveries' | 'audit' | 'outbox') =>
    (await api.store.db.selectFrom(table).select('id').execute()).length;
  return {
    releases: await count('releases'),
    deliveries: await count('deliveries'),
    audit: await count('audit'),
    outbox: await count('outbox'),
  };
}

describe('a signed push', () => {
  test('is answered with its release, though Temporal is down — one transaction is all it takes', async () => {
    const answer = await github(push({ after: '1'.repeat(40) }));
    expect(answer.status).toBe(202);
    const release = (await answer.json()) as { id: string; state: string; url: string };
    expect(release).toEqual({
      id: expect.stringMatching(/^[0-9A-Z]{26}$/),
      state: 'queued',
      url: `${api.url}/releases/${release.id}`,
    });
    const shown = await (await api.call('GET', `/api/v1/releases/${release.id}`)).json();
    expect(shown).toMatchObject({
      project: 'shop',
      environment: 'production',
      environmentId: 'shop.production',
      commit: '1'.repeat(40),
      author: 'kim',
      message: 'Greet by name',
      cause: 'push',
    });
  });

  test('that comes five times at once is one release with five equal answers', async () => {
    const before = await counts();
    const body = push({ after: '2'.repeat(40) });
    const answers = await Promise.all(Array.from({ length: 5 }, () => github(body, { delivery: 'same' })));
    expect(answers.map((a) => a.status)).toEqual([202, 202, 202, 202, 202]);
    const bodies = await Promise.all(answers.map((a) => a.text()));
    expect(new Set(bodies).size).toBe(1);
    // And once more when all is over.
    expect(await (await github(body, { delivery: 'same' })).text()).toBe(bodies[0]);
    const after = await counts();
    expect(after).toEqual({
      releases: before.releases + 1,
      deliveries: before.deliveries + 1,
      outbox: before.outbox + 1,
      audit: before.audit,
    });
  });

  test('that is replayed under other delivery ids, also at once, is the same release — ids are not signed', async () => {
    const body = push({ after: '3'.repeat(40) });
    const answers = await Promise.all(Array.from({ length: 4 }, () => github(body)));
    const ids = await Promise.all(answers.map(async (a) => ((await a.json()) as { id: string }).id));
    expect(new Set(ids).size).toBe(1);
  });

  test('back and forth between two commits is released each time — the provider’s own time tells them apart', async () => {
    const one = await (await github(push({ after: '4'.repeat(40), repository: { pushed_at: 1 } }))).json();
    const two = await (await github(push({ after: '4'.repeat(40), repository: { pushed_at: 2 } }))).json();
    expect((one as { id: string }).id).not.toBe((two as { id: string }).id);
  });

  test('for several environments names the first and lists all', async () => {
    const answer = (await (await github(push(), { project: 'both' })).json()) as {
      id: string;
      releases: { id: string }[];
    };
    expect(answer.releases).toHaveLength(2);
    expect(answer.releases[0]?.id).toBe(answer.id);
  });

  test('may come as a form, as GitHub sends it when told so', async () => {
    const body = new URLSearchParams({ payload: push({ after: '5'.repeat(40) }) }).toString();
    expect((await github(body, { type: 'form' })).status).toBe(202);
  });

  test('of the generic provider takes a bare branch, and a NUL in its text does no harm', async () => {
    const answer = await generic({ ref: 'main', commit: '6'.repeat(40), message: 'a\u0000b', author: 'dev' });
    expect(answer.status).toBe(202);
    const { id } = (await answer.json()) as { id: string };
    const shown = await (await api.call('GET', `/api/v1/releases/${id}`)).json();
    expect(shown).toMatchObject({ ref: 'refs/heads/main', message: 'ab', author: 'dev' });
  });
});

describe('what is not released is answered with the reason', () => {
  test.each([
    ['a ping', () => github('{"zen":"x"}', { event: 'ping' }), 'ping'],
    ['another event', () => github('{}', { event: 'issues' }), 'event-not-released'],
    ['a deleted branch', () => github(push({ after: '0'.repeat(40), deleted: true })), 'ref-deleted'],
    [
      'a deleted branch (generic)',
      () => generic({ ref: 'refs/heads/main', commit: '0'.repeat(40) }),
      'ref-deleted',
    ],
    ['a branch of no environment', () => github(push({ ref: 'refs/heads/wip' })), 'ref-not-released'],
    ['a tag of no environment', () => github(push({ ref: 'refs/tags/v1' })), 'ref-not-released'],
  ])('%s', async (_name, send, code) => {
    const before = await counts();
    const answer = await send();
    expect(answer.status).toBe(202);
    expect(await answer.json()).toEqual({ ignored: true, code, reason: expect.any(String) });
    expect((await counts()).releases).toBe(before.releases);
  });

  test('a tag goes to the environment that takes it, and to no other', async () => {
    const answer = await (await github(push({ ref: 'refs/tags/v2' }), { project: 'both' })).json();
    expect(answer).toMatchObject({ id: expect.any(String) });
    expect(answer).not.toHaveProperty('releases');
  });
});

describe('what is not signed stores nothing but an audit entry', () => {
  const body = push({ after: '7'.repeat(40) });
  test.each([
    ['another secret', sign(body, 'other')],
    ['another body', sign(`${body} `)],
    ['a body of which one byte was changed', sign(body.replace('Greet', 'Creet'))],
    ['no signature', ''],
    ['half a signature', sign(body).slice(0, 40)],
    ['SHA-1', `sha1=${createHmac('sha1', SECRET).update(body).digest('hex')}`],
  ])('%s', async (name, signature) => {
    // Of one project they would be counted together.
    const project = `unsigned-${name.replaceAll(/\W/g, '-').toLowerCase()}`;
    await add(project);
    const before = await counts();
    const answer = await github(body, { signature, project });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(await answer.json()).toMatchObject({ status: 401, code: 'signature-invalid' });
    expect(await counts()).toEqual({ ...before, audit: before.audit + 1 });
  });

  test('a project without a webhookSecret takes no delivery at all', async () => {
    await add('mute', { webhookSecret: undefined });
    expect((await github(body, { project: 'mute', signature: sign(body, '') })).status).toBe(401);
  });
});

describe('what cannot be read is refused by name', () => {
  test('an unknown project, an unknown provider, one that comes later', async () => {
    expect((await github(push(), { project: 'nobody' })).status).toBe(404);
    const unknown = await fetch(`${api.url}/webhooks/subversion/shop`, { method: 'POST', body: '{}' });
    expect(await unknown.json()).toMatchObject({ status: 404, code: 'not-found' });
    const later = await fetch(`${api.url}/webhooks/gitlab/shop`, { method: 'POST', body: '{}' });
    expect(await later.json()).toMatchObject({ status: 404, code: 'provider-unsupported' });
  });

  test('a body over 5 MB, announced or not; one of just 5 MB is read', async () => {
    const large = 'x'.repeat(5 * 1024 * 1024 + 1);
    // Repeated: a connection that is cut while the caller still sends loses the answer now and then only.
    for (let tries = 0; tries < 40; tries += 1) expect((await github(large)).status).toBe(413);
    expect(await sendChunked(large)).toBe(413);
    expect((await github(large.slice(1))).status).toBe(400);
  });

  test('broken JSON, a short commit, a missing delivery id, an id used for another body', async () => {
    expect(await (await github('{')).json()).toMatchObject({ status: 400, code: 'malformed-json' });
    expect(await (await generic({ ref: 'main', commit: 'abc' })).json()).toMatchObject({
      status: 400,
      errors: [{ pointer: '/commit' }],
    });
    expect(await (await generic({ ref: '--upload-pack=x', commit: COMMIT })).json()).toMatchObject({
      status: 400,
      errors: [{ pointer: '/ref' }],
    });
    expect(await (await github(push(), { delivery: '' })).json()).toMatchObject({
      code: 'delivery-id-missing',
    });
    await github(push({ after: '8'.repeat(40) }), { delivery: 'once' });
    const reused = await github(push({ after: '9'.repeat(40) }), { delivery: 'once' });
    expect(await reused.json()).toMatchObject({ status: 409, code: 'delivery-id-reused' });
  });
});

describe('a project that was changed since its last push', () => {
  const pushed = (project: string, over: object = {}, secret = SECRET) => {
    const body = push({ after: randomUUID().replaceAll('-', '').padEnd(40, '0'), ...over });
    return github(body, { project, signature: sign(body, secret) });
  };
  /** By another API over the same database. */
  const change = (project: string, set: string) =>
    statement(`update sluice.projects set ${set} where id = '${project}'`);

  test.each([
    [
      'here',
      (project: string) => api.call('PATCH', `/api/v1/projects/${project}`, { webhookSecret: 'next' }),
    ],
    ['elsewhere', (project: string) => change(project, `webhook_secret = 'next'`)],
  ])('takes its new secret alone, set %s', async (where, set) => {
    const project = `secret-${where}`;
    await add(project);
    expect((await pushed(project)).status).toBe(202);
    await set(project);
    expect((await pushed(project)).status).toBe(401);
    expect((await pushed(project, {}, 'next')).status).toBe(202);
  });

  test('takes its new secret at the first push that is signed by it', async () => {
    await add('rotated');
    await pushed('rotated');
    await change('rotated', `webhook_secret = 'next'`);
    expect((await pushed('rotated', {}, 'next')).status).toBe(202);
  });

  test('releases its new branches alone', async () => {
    await add('branches', { environments: [{ name: 'production', branches: ['main'], alias: 'PROD' }] });
    expect(await (await pushed('branches')).json()).toMatchObject({ state: 'queued' });
    const other = { ref: 'refs/heads/other' };
    expect(await (await pushed('branches', other)).json()).toMatchObject({ code: 'ref-not-released' });
    await change('branches', `environments = jsonb_set(environments, '{0,branches}', '["other"]')`);
    expect(await (await pushed('branches')).json()).toMatchObject({ code: 'ref-not-released' });
    expect(await (await pushed('branches', other)).json()).toMatchObject({ state: 'queued' });
    await change('branches', `environments = jsonb_set(environments, '{0,branches}', '["main"]')`);
    expect(await (await pushed('branches', other)).json()).toMatchObject({ code: 'ref-not-released' });
    expect(await (await pushed('branches')).json()).toMatchObject({ state: 'queued' });
  });

  test('is not there any more once it was removed, and is another one when it is made again', async () => {
    await add('removed');
    expect((await pushed('removed')).status).toBe(202);
    await statement(`delete from sluice.projects where id = 'removed'`);
    const before = await counts();
    expect((await pushed('removed')).status).toBe(404);
    expect(await counts()).toEqual(before);
    await add('removed', { webhookSecret: 'next' });
    expect((await pushed('removed')).status).toBe(401);
    expect((await pushed('removed', {}, 'next')).status).toBe(202);
  });
});

test('a delivery waits for a database that restarts instead of being lost', async () => {
  await api.store.postgres.crash();
  const answer = github(push({ after: 'c'.repeat(40) }));
  await api.store.postgres.start();
  expect((await answer).status).toBe(202);
}, 30_000);

describe('a database that takes no writes', () => {
  const fullDisk = `create function refuse() returns trigger language plpgsql as
    $$ begin raise exception 'could not extend file' using errcode = '53100'; end $$`;

  test.each([
    [
      'because it is read-only',
      async () => {
        await statement('alter system set default_transaction_read_only = on');
        await statement('select pg_reload_conf()');
      },
      async () => {
        await statement('alter system reset default_transaction_read_only');
        await statement('select pg_reload_conf()');
      },
    ],
    [
      'because its disk is full',
      async () => {
        await statement(fullDisk);
        await statement(
          'create trigger full_disk before insert on sluice.deliveries execute function refuse()',
        );
      },
      () => statement('drop function refuse cascade'),
    ],
  ])(
    '%s, is said by 503 with a time to come back, and the repetition is one release',
    async (why, strike, mend) => {
      const before = createHash('sha1').update(why).digest('hex');
      const body = push({ after: 'd'.repeat(40), before });
      const { releases } = await counts();
      await strike();
      const refused = await github(body, { delivery: why });
      expect(refused.status).toBe(503);
      expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(await refused.json()).toMatchObject({ code: 'database-unreachable' });
      const waits = github(push({ after: 'e'.repeat(40), before }));
      await mend();
      expect((await waits).status).toBe(202);
      expect((await github(body, { delivery: why })).status).toBe(202);
      expect((await counts()).releases).toBe(releases + 2);
    },
  );
});

/** As the database's owner, whatever the default of transactions. */
async function statement(text: string): Promise<void> {
  const client = new Client({
    connectionString: api.store.postgres.url,
    options: '-c default_transaction_read_only=off',
  });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

/** Without content-length: in chunks. */
function sendChunked(body: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      `${api.url}/webhooks/github/shop`,
      { method: 'POST', headers: { 'transfer-encoding': 'chunked' } },
      (answer) => {
        resolve(answer.statusCode);
        answer.resume();
        sent.destroy();
      },
    );
    sent.on('error', reject);
    for (let at = 0; at < body.length; at += 65_536) sent.write(body.slice(at, at + 65_536));
    sent.end();
  });
}
