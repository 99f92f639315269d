import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApiServer, type ApiServer } from '../../../test/support/api-server.ts';
import { listAudit } from '../../store/audit.ts';
import type { EnvironmentDetailView, ProjectView } from '../views.ts';

let api: ApiServer;
beforeAll(async () => {
  api = await startApiServer();
  const project = {
    name: 'shop',
    repository: 'https://git.example/x.git',
    environments: [
      { name: 'production', branches: ['main'], alias: 'PROD' },
      { name: 'staging', branches: ['main'], alias: 'STAGING', variables: { TABLE: 'try' } },
    ],
  };
  expect((await api.call('POST', '/api/v1/projects', project)).status).toBe(201);
}, 60_000);
afterAll(() => api?.stop());

const PATH = '/api/v1/environments/shop.production/variables';

async function tokenOf(role: string): Promise<string> {
  const answer = await api.call('POST', '/api/v1/tokens', { name: role, role });
  return ((await answer.json()) as { token: string }).token;
}

async function shown(id: string): Promise<Record<string, string>> {
  const answer = await api.call('GET', `/api/v1/environments/${id}`);
  return ((await answer.json()) as EnvironmentDetailView).variables;
}

test('are set, kept and removed one by one, by release managers and not by developers', async () => {
  const manager = await tokenOf('release-manager');
  const set = (variables: object, token = manager) => api.call('PATCH', PATH, { variables }, token);
  expect(await (await set({ TABLE: 'prices', OLD: '1' })).json()).toEqual({
    variables: { OLD: '1', TABLE: 'prices' },
  });
  expect(await (await set({ MEMORY: '256', OLD: null })).json()).toEqual({
    variables: { MEMORY: '256', TABLE: 'prices' },
  });
  expect((await set({ TABLE: 'x' }, await tokenOf('developer'))).status).toBe(403);
  expect(await shown('shop.production')).toEqual({ MEMORY: '256', TABLE: 'prices' });
  expect(await shown('shop.staging')).toEqual({ TABLE: 'try' });
});

test('outlast a change of the record that names none — two kinds of people change the two', async () => {
  await api.call('PATCH', PATH, { variables: { KEPT: 'yes' } });
  const environments = [{ name: 'production', branches: ['main', 'next'], alias: 'PROD' }];
  const answer = await api.call('PATCH', '/api/v1/projects/shop', { environments });
  const [production] = ((await answer.json()) as ProjectView).environments;
  expect(production).toMatchObject({ branches: ['main', 'next'], variables: { KEPT: 'yes' } });
  const named = [{ ...environments[0], variables: {} }];
  await api.call('PATCH', '/api/v1/projects/shop', { environments: named });
  expect(await shown('shop.production')).toEqual({});
});

test.each([
  [{ KEY: `LTAI${'a'.repeat(16)}` }, 'this is a key'],
  [{ KEY: '-----BEGIN RSA PRIVATE KEY-----' }, 'this is a key'],
  [{ '2X': 'y' }, 'a name: a letter or _'],
  [Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`V${i}`, ''])), '100 variables at most'],
])('are plain values by name — refused: %#', async (variables, message) => {
  const answer = await api.call('PATCH', PATH, { variables });
  expect(answer.status).toBe(422);
  expect(JSON.stringify(await answer.json())).toContain(message);
});

test('stand in the audit by name only — what was set by mistake must not stay there for ever', async () => {
  await api.call('PATCH', PATH, { variables: { PASSWORD: 'by mistake' } });
  const entries = await listAudit(api.store.db, { limit: 50 });
  const entry = entries.find(({ action }) => action === 'environment.variables');
  expect(entry).toMatchObject({ target: 'environment:shop.production', detail: { set: ['PASSWORD'] } });
  expect(JSON.stringify(entries)).not.toContain('by mistake');
});
