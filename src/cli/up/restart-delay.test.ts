import { describe, expect, test } from 'vitest';
import { restartDelayMs } from './restart-delay.ts';

describe('restartDelayMs', () => {
  test('begins at 0.1 s and doubles up to 10 s — a part that keeps dying must not take the machine', () => {
    const pauses: number[] = [];
    for (let pause = 0; pauses.length < 9; pauses.push(pause)) pause = restartDelayMs(pause, 50);
    expect(pauses).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  });

  test('begins anew after a minute of health — an old pattern says nothing of a new fault', () => {
    expect(restartDelayMs(10_000, 59_999)).toBe(10_000);
    expect(restartDelayMs(10_000, 60_000)).toBe(100);
  });
});
