/** What a database that is lost, or takes no writes, means to the API: try again for a moment, then say so. */
import { setTimeout as pause } from 'node:timers/promises';
import { Problem, unreachable503 } from './problem.ts';

/**
 * SQLSTATE classes of a server that goes or comes (08, 57P), is short of something (53: disk, memory, connections), is
 * read-only (25006) or cannot write its files (58030); and Node's own codes of a broken connection.
 */
const LOST = /^(?:08|57P|53|25006|58030|ECONN|ENOENT|EPIPE|ETIMEDOUT)/;
const LOST_MESSAGE =
  /connection terminated|timeout exceeded when trying to connect|client has encountered a connection error/i;

/** True when the statement did not fail by itself: PostgreSQL could not be reached, or is in no state to serve it. */
export function isDatabaseLost(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof Problem) return false;
  const code = (error as { code?: unknown }).code;
  return (typeof code === 'string' && LOST.test(code)) || LOST_MESSAGE.test(error.message);
}

/** True when PostgreSQL refused a text that it cannot store (SQLSTATE 22021), e.g. a NUL in a path. */
export function isTextRefused(error: unknown): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === '22021';
}

export function databaseLost(cause: unknown): Problem {
  return unreachable503(
    'database-unreachable',
    'the database does not answer or takes no writes; try again',
    cause,
  );
}

/**
 * Repeats `work` while the database is lost. Only for work that may run twice.
 *
 * @param forMs how long to go on, milliseconds
 * @throws Problem 503 `database-unreachable`
 */
export async function retryWhileLost<T>(work: () => Promise<T>, forMs: number): Promise<T> {
  const deadline = performance.now() + forMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isDatabaseLost(error)) throw error;
      if (performance.now() > deadline) throw databaseLost(error);
      await pause(100);
    }
  }
}
