import { expect, test, vi } from 'vitest';
import { Preparation } from './preparation.ts';

test('is done once, also for callers at the same time', async () => {
  const act = vi.fn(() => Promise.resolve());
  const preparation = new Preparation(act);
  await Promise.all([preparation.start(), preparation.start()]);
  expect(preparation.start()).toBeUndefined();
  expect(act).toHaveBeenCalledOnce();
});

test('a failure is said and not tried again at once — a fetch without network takes long to fail', async () => {
  let nowMs = 5;
  let isThere = false;
  const act = vi.fn(() => (isThere ? Promise.resolve() : Promise.reject(new Error('no network'))));
  const preparation = new Preparation(act, { nowMs: () => nowMs });
  await preparation.start();
  expect(preparation.start()).toBeUndefined();
  expect(act).toHaveBeenCalledOnce();
  expect(preparation.failure).toBe('no network');
  isThere = true;
  nowMs += 60_000;
  await preparation.start();
  expect(preparation.failure).toBe('');
});
