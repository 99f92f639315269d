import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FcClient } from '../../src/fc/client.ts';
import { manifest, runActivity, startActivityWorld, type ActivityWorld } from './activity-world.ts';

let world: ActivityWorld;
beforeAll(async () => {
  world = await startActivityWorld({} as FcClient);
}, 60_000);
afterAll(() => world?.close());

test('a work folder that cannot be cleared away does not hold up the report — the lane waits for it', async () => {
  const { releaseId } = await world.release('stale', { 's.yml': manifest('stale'), 'code/index.js': 'x' });
  const parts = world.parts();
  // Below a plain file nothing can be removed.
  const home = join(parts.home, 'a-file');
  writeFileSync(home, '');
  expect(await runActivity({ ...parts, home }, 'report', { releaseId })).toEqual({ summary: 'queued' });
});
