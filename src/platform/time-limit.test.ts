import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { timeLimit } from './time-limit.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('a limit that is only a part of another signal outlives the collection of garbage', async () => {
  const { signal } = new AbortController();
  const either = AbortSignal.any([signal, timeLimit(200)]);
  const aborted = once(either, 'abort');
  await pause(20);
  collect();
  expect(either.aborted).toBe(false);
  await aborted;
  expect(either.reason).toMatchObject({ name: 'TimeoutError' });
});
