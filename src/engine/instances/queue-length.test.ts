import { expect, test } from 'vitest';
import { QueueLength, STANDING_MS } from './queue-length.ts';

test('is that of a burst until calls have waited all the time, and again after a pause that is as long', () => {
  const queue = new QueueLength();
  const limit = (nowMs: number, canGrow = false) => queue.limit(100, 8, canGrow, nowMs);
  expect(limit(0)).toBe(100);
  queue.note(true, 10);
  queue.note(true, 500);
  expect(limit(10 + STANDING_MS - 1)).toBe(100);
  expect(limit(10 + STANDING_MS)).toBe(8);
  expect(queue.limit(4, 8, false, 10 + STANDING_MS)).toBe(4);
  expect(limit(10 + STANDING_MS, true)).toBe(100);
  queue.note(false, 5_000);
  queue.note(true, 5_000 + STANDING_MS - 1);
  expect(limit(5_000 + STANDING_MS)).toBe(8);
  queue.note(false, 8_000);
  queue.note(true, 8_000 + STANDING_MS);
  expect(limit(8_001 + STANDING_MS)).toBe(100);
});

test('stays that of a burst where each one ends before the next — they are no overload', () => {
  const queue = new QueueLength();
  for (let at = 0; at < 5 * STANDING_MS; at += STANDING_MS / 2) {
    queue.note(true, at);
    expect(queue.limit(100, 8, false, at + 100)).toBe(100);
    queue.note(false, at + 100);
  }
});
