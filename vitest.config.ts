/**
 * Two kinds of tests. Units lie beside their file. What crosses rooms starts real processes, each stack some hundred
 * megabytes; most of its time is holds and waits, so three of those files run side by side on two cores.
 * The faults run alone: they measure what holds when everything is killed. Of the faults only the worst run here (`isBrief`); `npm run test:faults` runs all of them.
 */
import { defineConfig } from 'vitest/config';

/** A poll ends when its condition holds; a busy machine may need more than the second that is the default. */
const PATIENT = { poll: { timeout: 10_000 } };

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'src/**/*.test.tsx'],
          expect: PATIENT,
          testTimeout: 15_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/**/*.test.ts'],
          exclude: ['test/faults/**'],
          expect: PATIENT,
          testTimeout: 180_000,
          hookTimeout: 120_000,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          expect: PATIENT,
          testTimeout: 180_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
