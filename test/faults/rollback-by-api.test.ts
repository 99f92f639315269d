/**
 * The API is killed between its own rollback, which it does when no workflow answers, and the record of it. Temporal is held
 * from before the rollback until its record stands, so that nobody but the next API can have ended it.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReleaseView } from '../../src/api/views.ts';
import { functionFiles } from '../support/function-files.ts';
import { createGitProject } from '../support/git-project.ts';
import { aliasOf } from '../support/sdk.ts';
import { poll } from '../support/stack.ts';
import { startWorld, type World } from './world.ts';

const SERVICE = 'paged';
const END = 90_000;
/** No test of the others' releases is in this environment: its records are this test's. */
const RECORDS = `/api/v1/releases?project=${SERVICE}&limit=50`;

/** `npm test` has three minutes for faults and shows the same with an API in its own process (`test/api/rollback.test.ts`). */
const isWanted = ['all', 'rollback'].includes(process.env['SLUICE_FAULTS'] ?? 'brief');

let world: World;
beforeAll(async () => {
  if (isWanted) world = await startWorld();
}, 150_000);
afterAll(() => world?.stop(), 40_000);

test.skipIf(!isWanted)(
  'an API killed between its rollback and the record of it: the next one tells the end, and nobody has to ask again',
  async () => {
    const { api, fc, proxy, stack } = world;
    const project = await createGitProject(api, join(stack.home, 'demo'), SERVICE);
    for (const tag of ['v1', 'v2']) {
      const files = functionFiles({ service: SERVICE, handler: 'good', tag, steps: [], more: ['bake: 0s'] });
      const { id } = await project.push(files, tag);
      await api.until(id, ['promoted'], END);
    }
    stack.kill('temporal', 'SIGSTOP');
    const gate = proxy.holdNext(
      (method, path) => method === 'PUT' && path.includes(`/services/${SERVICE}/aliases/`),
    );
    const asked = fetch(`${stack.url}/api/v1/environments/${SERVICE}.production/rollback`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${stack.credentials.adminToken}`,
        'content-type': 'application/json',
        'idempotency-key': randomUUID(),
      },
      body: JSON.stringify({ version: '1', comment: 'pager' }),
    });
    const lost = expect(asked).rejects.toThrow();
    await gate.reached;
    expect((await aliasOf(fc, SERVICE)).versionId).toBe('1');
    stack.kill('api');
    gate.open('drop');
    await lost;

    const record = async (): Promise<ReleaseView | undefined> => {
      const { releases } = await api.get<{ releases: ReleaseView[] }>(RECORDS);
      return releases.find(({ cause }) => cause === 'rollback');
    };
    await poll('the record to tell the end', async () => ((await record())?.endedAt ?? null) !== null, END);
    stack.kill('temporal', 'SIGCONT');
    const told = await record();
    expect(told).toMatchObject({
      state: 'rolled-back',
      startedBy: 'admin',
      sentence: `by admin, to version 1 of ${SERVICE}: pager`,
    });
    const events = await api.events(told?.id ?? '');
    expect(events.map(({ event }) => event.type)).toEqual([
      'started',
      'rollback-started',
      'traffic',
      'rolled-back',
    ]);
    expect(await aliasOf(fc, SERVICE)).toMatchObject({ versionId: '1', additionalVersionWeight: {} });
    const { entries } = await api.get<{ entries: { action: string; outcome: string; detail: object }[] }>(
      '/api/v1/audit?limit=50',
    );
    expect(entries.filter(({ action }) => action === 'environment.rollback')).toMatchObject([
      { outcome: 'ok', detail: { past: 'workflow', comment: 'pager', release: told?.id } },
    ]);
  },
  300_000,
);
