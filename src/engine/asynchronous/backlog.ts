/**
 * Holds callers back while more asynchronous calls wait than may: their events lie in the database until they are called.
 * Calls that the engine makes for an outcome or a timer are let in always; each has a call or a trigger that it is of.
 */
import { sql, type Kysely } from 'kysely';
import { answered } from '../catalog/database-fault.ts';
import type { EngineTables } from '../catalog/tables.ts';
import { ApiError } from '../http/api-error.ts';
import type { FunctionAddress } from '../http/function-address.ts';

export interface BacklogLimits {
  /** Most calls of the account that have not ended. */
  readonly all: number;
  /** Most of them to one function. */
  readonly perFunction: number;
}

type Name = Pick<FunctionAddress, 'service' | 'function'>;

const DEFAULT_ALL = 50_000;
/** So many functions have to be behind before they hold back others. */
const SHARES = 5;
/** How old a count may be: other engines on the database add to it unseen meanwhile, and calls that end still count. */
const COUNT_MS = 1_000;

/** @param all as the operator set it */
export function backlogLimits(all: number | undefined = DEFAULT_ALL): BacklogLimits {
  return { all, perFunction: Math.ceil(all / SHARES) };
}

export class Backlog {
  readonly #db: Kysely<EngineTables>;
  readonly #limits: BacklogLimits;
  readonly #now: () => number;
  #counts = new Map<string, number>();
  #all = 0;
  #countedAt = -Infinity;
  #counting: Promise<void> | undefined;

  /** @param now milliseconds, of any clock */
  constructor(db: Kysely<EngineTables>, limits: BacklogLimits, now: () => number) {
    this.#db = db;
    this.#limits = limits;
    this.#now = now;
  }

  /** Takes calls in, all or none. @throws ApiError 429 `ResourceExhausted` where they would be too many */
  async admit(calls: readonly Name[]): Promise<void> {
    if (this.#now() - this.#countedAt > COUNT_MS) {
      this.#counting ??= this.#count().finally(() => {
        this.#counting = undefined;
      });
      await this.#counting;
    }
    const { all, perFunction } = this.#limits;
    if (this.#all + calls.length > all)
      throw exhausted(`${this.#all} asynchronous calls of the account wait, and ${all} may`);
    const added = new Map<string, number>();
    for (const call of calls) {
      const key = keyOf(call);
      const count = (added.get(key) ?? this.#counts.get(key) ?? 0) + 1;
      if (count > perFunction)
        throw exhausted(
          `${count - 1} asynchronous calls of function '${call.function}' of service '${call.service}' wait, and ${perFunction} may`,
        );
      added.set(key, count);
    }
    for (const [key, count] of added) this.#counts.set(key, count);
    this.#all += calls.length;
  }

  async #count(): Promise<void> {
    const rows = await answered(() =>
      this.#db
        .selectFrom('async_calls')
        .select(['service', 'function', sql<number>`count(*)::int`.as('count')])
        .where('ended_at', 'is', null)
        .groupBy(['service', 'function'])
        .execute(),
    );
    this.#counts = new Map(rows.map((row) => [keyOf(row), row.count]));
    this.#all = rows.reduce((sum, { count }) => sum + count, 0);
    this.#countedAt = this.#now();
  }
}

function keyOf({ service, function: name }: Name): string {
  return `${service}/${name}`;
}

function exhausted(what: string): ApiError {
  return new ApiError(429, 'ResourceExhausted', `${what}; call again when some have ended`);
}
