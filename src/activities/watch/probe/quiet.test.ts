import { expect, test } from 'vitest';
import { isQuiet } from './quiet.ts';

/** What users did in the last minute, `ago` seconds ago. */
function ring(canary: number, stable: number, ago = 10) {
  const now = 1_750_000_000_000;
  const version = (id: string, requests: number) => ({
    version: id,
    totals: { requests: 1_000, failures: 0, coldStarts: 0 },
    consecutiveFailures: 0,
    buckets: [{ at: now - ago * 1_000, requests, failures: 0, coldStarts: 0 }],
  });
  return {
    now,
    service: 's',
    function: 'f',
    qualifier: 'PROD',
    versions: [version('1', stable), version('2', canary)],
  };
}

test('a function is quiet while users send its canary less than probes would', () => {
  expect(isQuiet(ring(59, 0), '2', 0.05, 1_000)).toBe(true);
  expect(isQuiet(ring(60, 0), '2', 0.05, 1_000)).toBe(false);
  expect(isQuiet(ring(60, 0), '2', 0.05, 500)).toBe(true);
});

test('what the canary is going to get counts before it has got it — a busy function is not probed at the step’s start', () => {
  expect(isQuiet(ring(0, 1_300), '2', 0.05, 1_000)).toBe(false);
  expect(isQuiet(ring(0, 1_100), '2', 0.05, 1_000)).toBe(true);
});

test('older requests than a minute say nothing about now', () => {
  expect(isQuiet(ring(5_000, 5_000, 66), '2', 0.5, 1_000)).toBe(true);
});
