/**
 * The order of writes to what is held both in PostgreSQL and in memory: writes to one thing follow each other, and after
 * one that may or may not have been committed the thing is read again, before the next write and as soon as that works.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ensureError } from '../../platform/errors.ts';
import { ApiError } from '../http/api-error.ts';
import { answered, databaseFault, isUniqueViolation } from './database-fault.ts';

const RECOVERY_PAUSE_MS = 500;

/** Thrown by a commit: another engine on the same database wrote it first. */
export class Outpaced extends Error {
  override readonly name = 'Outpaced';
}

export class Turns {
  readonly #read: (name: string) => Promise<void>;
  /** End of the newest write by name. */
  readonly #queues = new Map<string, Promise<unknown>>();
  /** Whose last write may or may not have been committed. */
  readonly #doubtful = new Set<string>();

  /** @param read brings what is stored under a name into memory */
  constructor(read: (name: string) => Promise<void>) {
    this.#read = read;
  }

  /** Runs `write` when the writes before it are over. */
  async take<T>(name: string, write: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(name) ?? Promise.resolve();
    const turn = before.then(async () => {
      if (this.#doubtful.has(name)) await this.reload(name);
      return write();
    });
    const settled = turn.catch(() => undefined);
    this.#queues.set(name, settled);
    try {
      return await turn;
    } finally {
      if (this.#queues.get(name) === settled) this.#queues.delete(name);
    }
  }

  /** @throws ApiError 503 where the database is away; what `commit` says itself goes through */
  async commit<T>(name: string, commit: () => Promise<T>): Promise<T> {
    try {
      return await commit();
    } catch (thrown) {
      const error = ensureError(thrown);
      if (error instanceof ApiError || error instanceof Outpaced || isUniqueViolation(error)) throw error;
      // The connection may have broken during the commit: what is stored is known only by reading it again.
      if (!this.#doubtful.has(name)) {
        this.#doubtful.add(name);
        void this.#recover(name);
      }
      throw databaseFault(error);
    }
  }

  /**
   * Like `commit`, for what was there.
   *
   * @param what is written, for the error
   * @throws ApiError 409 where `Outpaced` was thrown; memory has what was stored then
   */
  async commitNext<T>(name: string, what: string, commit: () => Promise<T>): Promise<T> {
    try {
      return await this.commit(name, commit);
    } catch (error) {
      if (!(error instanceof Outpaced)) throw error;
      await this.reload(name);
      const message = `${what} was changed at the same time; read it again`;
      throw new ApiError(409, 'ConcurrentUpdateError', message);
    }
  }

  async reload(name: string): Promise<void> {
    await answered(() => this.#read(name));
    this.#doubtful.delete(name);
  }

  async #recover(name: string): Promise<void> {
    while (this.#doubtful.has(name)) {
      await pause(RECOVERY_PAUSE_MS, undefined, { ref: false });
      await this.take(name, () => Promise.resolve()).catch(() => undefined);
    }
  }
}
