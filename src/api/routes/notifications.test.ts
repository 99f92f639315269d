import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApiServer, type ApiServer } from '../../../test/support/api-server.ts';
import { listAudit } from '../../store/audit.ts';
import { claimNotifications } from '../../store/notifications.ts';
import type { DeliveryView, ProblemView, ProjectView } from '../views.ts';

const SECRET = 'a-secret-that-nobody-sees';
const url = 'https://hooks.example/sluice?key=hidden';

let api: ApiServer;
beforeAll(async () => {
  api = await startApiServer();
  const project = {
    name: 'shop',
    repository: 'https://git.example/x.git',
    notifications: [
      { name: 'ops', kind: 'webhook', url, secret: SECRET },
      { name: 'audit', url, secret: SECRET, events: ['promoted'] },
    ],
  };
  expect((await api.call('POST', '/api/v1/projects', project)).status).toBe(201);
}, 60_000);
afterAll(() => api?.stop());

const PROJECT = '/api/v1/projects/shop';
const patch = (notifications: unknown) => api.call('PATCH', PROJECT, { notifications });

async function tokenOf(role: string): Promise<string> {
  const answer = await api.call('POST', '/api/v1/tokens', { name: role, role });
  return ((await answer.json()) as { token: string }).token;
}

test('stand in the record without secret and query — no answer and no audit entry has either', async () => {
  const shown = (await (await api.call('GET', PROJECT)).json()) as ProjectView;
  expect(shown.notifications).toEqual([
    { name: 'audit', kind: 'webhook', url: 'https://hooks.example/…', events: ['promoted'] },
    { name: 'ops', kind: 'webhook', url: 'https://hooks.example/…', events: null },
  ]);
  const audit = JSON.stringify(await listAudit(api.store.db, { limit: 100 }));
  expect(audit).toContain('secretChanged');
  for (const secret of [SECRET, 'hidden']) expect(audit + JSON.stringify(shown)).not.toContain(secret);
});

test('a change keeps what it leaves out and removes what it does not name', async () => {
  const changed = await patch([{ name: 'ops', events: ['failed'] }]);
  expect(((await changed.json()) as ProjectView).notifications).toEqual([
    { name: 'ops', kind: 'webhook', url: 'https://hooks.example/…', events: ['failed'] },
  ]);
  const { channels } = await row('ops');
  expect(channels).toMatchObject({ secret: SECRET, url });
});

async function row(name: string) {
  const channels = await api.store.db
    .selectFrom('notification_channels')
    .selectAll()
    .where('name', '=', name)
    .executeTakeFirst();
  return { channels };
}

test.each([
  [[{ name: 'new', url }], '/notifications/0/secret'],
  [[{ name: 'new', secret: SECRET }], '/notifications/0/url'],
  [[{ name: 'new', url: 'http://hooks.example/', secret: SECRET }], '/notifications/0/url'],
  [[{ name: 'new', url: 'https://169.254.169.254/', secret: SECRET }], '/notifications/0/url'],
  [[{ name: 'new', url, secret: 'short' }], '/notifications/0/secret'],
  [[{ name: 'new', url, secret: SECRET, events: ['promotd'] }], '/notifications/0/events/0'],
])('%j is refused at its place — and nothing of it is kept', async (notifications, pointer) => {
  const answer = await patch(notifications);
  expect(answer.status).toBe(422);
  expect(((await answer.json()) as ProblemView).errors).toContainEqual(expect.objectContaining({ pointer }));
  expect(await row('new')).toEqual({ channels: undefined });
  expect((await row('ops')).channels).toBeDefined();
});

test('are changed by admins, tried and listed by release managers', async () => {
  const manager = await tokenOf('release-manager');
  const developer = await tokenOf('developer');
  expect((await api.call('PATCH', PROJECT, { notifications: [] }, manager)).status).toBe(403);
  const attempt = (name: string, token: string) =>
    api.call('POST', `${PROJECT}/notifications/${name}/test`, undefined, token);
  expect((await attempt('ops', developer)).status).toBe(403);
  expect((await attempt('nobody', manager)).status).toBe(404);
  const tried = await attempt('ops', manager);
  expect(tried.status).toBe(202);
  const { delivery } = (await tried.json()) as { delivery: string };

  const listed = await api.call('GET', `${PROJECT}/notifications?limit=5`, undefined, manager);
  const { deliveries } = (await listed.json()) as { deliveries: DeliveryView[] };
  expect(deliveries).toMatchObject([{ id: delivery, channel: 'ops', event: 'test', state: 'waiting' }]);
  expect((await api.call('GET', `${PROJECT}/notifications`, undefined, developer)).status).toBe(403);
  expect(await claimNotifications(api.store.db, { limit: 5, leaseMs: 1_000 })).toMatchObject([
    { delivery, actor: 'release-manager', target: { url, secret: SECRET }, told: null },
  ]);
});
