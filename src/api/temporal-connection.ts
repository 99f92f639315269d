/**
 * The API's connection to Temporal: made when first needed, mending itself. The SDK repeats a call from a bare timer,
 * also after the caller has left; a repeat on a closed channel throws where nobody can catch it. So closing begins with
 * no more repeats, and waits for the last one that is due.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';

/** Longest time between two tries; closing may have to wait for it. */
const LONGEST_DELAY_MS = 500;

export interface TemporalConnection {
  readonly connection: Connection;
  /**
   * Does what asks Temporal something; all calls go through here. The SDK remembers a call's deadline in an
   * `AsyncLocalStorage`, which from its first use on makes Node.js (before version 24) follow every promise of the process:
   * a fifth of the processor time of a webhook, measured. So it is turned off whenever nothing is asked.
   */
  readonly asking: <T>(ask: () => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
}

export function createTemporalConnection(address: string): TemporalConnection {
  const retry = defaultGrpcRetryOptions();
  let closing = false;
  let lastDueAt = 0;
  const connection = Connection.lazy({
    address,
    interceptors: [
      makeGrpcRetryInterceptor({
        delayFunction: (attempt, status) => {
          const delayMs = Math.min(retry.delayFunction(attempt, status), LONGEST_DELAY_MS);
          lastDueAt = Math.max(lastDueAt, performance.now() + delayMs);
          return delayMs;
        },
        retryableDecider: (attempt, status) => !closing && retry.retryableDecider(attempt, status),
      }),
    ],
  });
  let asked = 0;
  async function asking<T>(ask: () => Promise<T>): Promise<T> {
    asked += 1;
    try {
      return await ask();
    } finally {
      asked -= 1;
      if (asked === 0) connection.callContextStorage.disable();
    }
  }
  async function close(): Promise<void> {
    closing = true;
    const restMs = lastDueAt - performance.now();
    // A timer may fire a little after its time.
    if (restMs > 0) await pause(restMs + 50);
    await connection.close();
  }
  return { connection, asking, close };
}
