/** How much of everything the running side may use. */
import { availableParallelism, totalmem } from 'node:os';

export interface RunnerLimits {
  /** Most instances at once, all functions together. */
  readonly instances: number;
  /** Most memory of all instances together if each takes what it may, in MB. */
  readonly memoryMb: number;
  readonly startsAtOnce: number;
  /** Most runtimes of a kind that wait for a function; 0: none. */
  readonly waiting: number;
  /** So long after the last start of a kind they stay. */
  readonly waitingMs: number;
  /** Most calls of one revision that wait without an instance to count on. */
  readonly queueLength: number;
  readonly queueWaitMs: number;
  /** Idle instances stand still after this time, where the host has cgroups. Calls in a row do not pay for it. */
  readonly freezeMs: number;
  /** Idle instances are ended after this time. */
  readonly idleMs: number;
  /** How long the server of a custom runtime may take until it listens (runtimes.md §8). */
  readonly listenMs: number;
  /** How long a call waits for the image of its container. */
  readonly imageWaitMs: number;
  /** Largest event and largest answer, in bytes. */
  readonly payloadBytes: number;
  /** How long a call waits for its runtime to be fetched. */
  readonly fetchWaitMs: number;
}

export const DEFAULT_LIMITS: RunnerLimits = {
  instances: 300,
  memoryMb: Math.floor((totalmem() / 1024 / 1024) * 0.75),
  startsAtOnce: Math.max(4, availableParallelism() * 2),
  waiting: 4,
  waitingMs: 3 * 60_000,
  queueLength: 100,
  queueWaitMs: 5_000,
  freezeMs: 200,
  idleMs: 5 * 60_000,
  listenMs: 120_000,
  imageWaitMs: 120_000,
  payloadBytes: 6 * 1024 * 1024,
  fetchWaitMs: 60_000,
};
