import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApiServer, type ApiServer } from '../../../test/support/api-server.ts';
import { listAudit } from '../../store/audit.ts';

let api: ApiServer;
beforeAll(async () => {
  api = await startApiServer();
  const project = {
    name: 'shop',
    repository: 'https://git.example/x.git',
    environments: [
      { name: 'production', branches: ['main'], alias: 'PROD', protection: { approvalCount: 2 } },
      { name: 'staging', branches: ['main'], alias: 'STAGING' },
    ],
  };
  expect((await api.call('POST', '/api/v1/projects', project)).status).toBe(201);
}, 60_000);
afterAll(() => api?.stop());

const PATH = '/api/v1/environments/shop.production/protection';

test('is changed member by member — what is not named stays, of this environment and of the others', async () => {
  const answer = await api.call('PATCH', PATH, { leastApprovals: 1, approvalFrom: 0.25 });
  const protection = {
    approvalRole: 'release-manager',
    approvalCount: 2,
    notAuthor: false,
    leastSteps: 0,
    leastApprovals: 1,
    approvalFrom: 0.25,
  };
  expect(await answer.json()).toEqual({ protection });
  expect(await (await api.call('PATCH', PATH, { approvalFrom: null })).json()).toEqual({
    protection: { ...protection, approvalFrom: null },
  });
  const staging = await (await api.call('GET', '/api/v1/environments/shop.staging')).json();
  expect(staging).toMatchObject({ protection: { approvalCount: 1, leastApprovals: 0 } });
});

test('two who change two things at once both have their way', async () => {
  const variables = '/api/v1/environments/shop.production/variables';
  const answers = await Promise.all([
    ...[1, 2, 3, 4].map((n) => api.call('PATCH', variables, { variables: { [`V${n}`]: String(n) } })),
    api.call('PATCH', PATH, { leastSteps: 3 }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  expect(await (await api.call('GET', '/api/v1/environments/shop.production')).json()).toMatchObject({
    variables: { V1: '1', V2: '2', V3: '3', V4: '4' },
    protection: { leastSteps: 3 },
  });
});

test('is the admins’ alone, and every change stands in the audit', async () => {
  const made = await api.call('POST', '/api/v1/tokens', { name: 'rm', role: 'release-manager' });
  const { token } = (await made.json()) as { token: string };
  expect((await api.call('PATCH', PATH, { leastApprovals: 0 }, token)).status).toBe(403);
  const entries = await listAudit(api.store.db, { limit: 50 });
  const own = entries.filter(({ action }) => action === 'environment.protection');
  expect(own).toContainEqual(
    expect.objectContaining({
      target: 'environment:shop.production',
      outcome: 'ok',
      detail: expect.objectContaining({ leastApprovals: 1, approvalFrom: 0.25 }),
    }),
  );
  expect(own.filter(({ outcome }) => outcome !== 'ok')).toHaveLength(1);
});

test.each([{ approvalFrom: 25 }, { approvalFrom: 0 }, { leastApprovals: -1 }, { leastStep: 1 }])(
  'refuses %j',
  async (change) => {
    expect((await api.call('PATCH', PATH, change)).status).toBe(422);
  },
);
