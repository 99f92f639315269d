import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findTestServer } from '../support/time-skipping.ts';
import { HEALTHY, plan } from './fake-world.ts';
import { startTimeSkippingServer } from './workflow-server.ts';

const DAY_MS = 24 * 3_600_000;

const found = await findTestServer();
const path = 'path' in found ? found.path : '';
/** Stands in the title of what was left out. */
const why = 'missing' in found ? ` (left out: ${found.missing})` : '';

let server: Awaited<ReturnType<typeof startTimeSkippingServer>>;
beforeAll(async () => {
  if (path !== '') server = await startTimeSkippingServer(path);
}, 60_000);
afterAll(() => server?.close());

test.skipIf(path === '')(
  `a push waits ten days for a freeze to end, and goes at that time — however often the lane looks meanwhile${why}`,
  async () => {
    const { world, env } = server;
    const [project, releaseId] = ['patient', randomUUID()];
    const until = (await env.currentTimeMs()) + 10 * DAY_MS;
    world.live('svc');
    world.scripts.set(releaseId, { ...HEALTHY, services: ['svc'], plan: plan([]) });
    world.freezes.set(project, { reason: 'the holidays', until, underWay: 'finish' });
    await server.push(project, releaseId);
    await world.until(releaseId, ({ reason }) => reason === 'freeze');
    await env.sleep(9 * DAY_MS);
    expect(world.progress(releaseId)).toMatchObject({ state: 'queued', until });
    await env.sleep(DAY_MS + 60_000);
    await world.until(releaseId, ({ state }) => state === 'promoted');
    expect(world.progress(releaseId).startedAt).toBeGreaterThanOrEqual(until);
  },
);
