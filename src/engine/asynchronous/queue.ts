/**
 * Asynchronous calls in PostgreSQL. A call is there before its 202 goes out, and until it ended: whoever runs it holds a
 * lease that a kill lets run out, and then it is run again. So every call is made at least once.
 */
import { randomUUID } from 'node:crypto';
import { sql, type Kysely, type Transaction } from 'kysely';
import { DatabaseError } from 'pg';
import { ensureError } from '../../platform/errors.ts';
import type { AsyncConfig } from '../catalog/async-configs.ts';
import { databaseFault, isUniqueViolation } from '../catalog/database-fault.ts';
import type { EngineTables } from '../catalog/tables.ts';
import { ApiError, serviceNotFound } from '../http/api-error.ts';
import type { FunctionAddress } from '../http/function-address.ts';
import type { HttpRequestHead } from '../invoke/contract.ts';
import type { AsyncEnd, AsyncStatus } from './status.ts';

export interface AsyncCall extends FunctionAddress {
  readonly id: string;
  readonly invocationId: string;
  readonly requestId: string;
  readonly payload: Buffer;
  /** Of a request to an HTTP function, whose body is `payload`. */
  readonly http: HttpRequestHead | undefined;
  readonly config: AsyncConfig;
  readonly expiresAt: number;
  /** Tries that the function failed. */
  readonly failures: number;
  /** Tries in a row that the platform refused. */
  readonly refusals: number;
}

export interface NewAsyncCall extends FunctionAddress {
  readonly invocationId: string;
  readonly requestId: string;
  readonly payload: Buffer;
  readonly http?: HttpRequestHead | undefined;
  readonly config: AsyncConfig;
  readonly delayMs: number;
}

/** A call that the engine makes for an event or an outcome: nobody named it, and it is due at once. */
export function namelessCall(
  address: FunctionAddress,
  event: string | Buffer,
  config: AsyncConfig,
): NewAsyncCall {
  const { service, qualifier, function: name } = address;
  const requestId = randomUUID();
  return {
    service,
    qualifier,
    function: name,
    invocationId: requestId,
    requestId,
    payload: typeof event === 'string' ? Buffer.from(event) : event,
    config,
    delayMs: 0,
  };
}

export interface Ending {
  readonly status: AsyncEnd;
  readonly error: string;
  readonly failures: number;
  /** The call that the outcome goes to. */
  readonly next: NewAsyncCall | undefined;
}

/** How long a running call is taken for running without word of it: what a kill delays. */
export const LEASE_MS = 10_000;

type Executor = Kysely<EngineTables> | Transaction<EngineTables>;

export class AsyncQueue {
  readonly #db: Kysely<EngineTables>;
  readonly #now: () => number;

  constructor(db: Kysely<EngineTables>, now: () => number) {
    this.#db = db;
    this.#now = now;
  }

  /**
   * Durable when it returns.
   *
   * @throws ApiError 409 where a stateful call has that id already, 503 where the database is away
   */
  async add(call: NewAsyncCall): Promise<void> {
    try {
      await insertCall(this.#db, call, this.#now());
    } catch (error) {
      if (isUniqueViolation(error))
        throw new ApiError(
          409,
          'StatefulAsyncInvocationAlreadyExists',
          `function '${call.function}' has an invocation '${call.invocationId}' already`,
        );
      if (isForeignKeyViolation(error)) throw serviceNotFound(call.service);
      throw databaseFault(ensureError(error));
    }
  }

  /**
   * Takes up to `count` due calls; of each function those that have waited longest, functions with the fewest running
   * calls first and none with more than `perFunction` at once.
   */
  async claim(count: number, perFunction: number): Promise<AsyncCall[]> {
    const now = new Date(this.#now());
    const until = new Date(this.#now() + LEASE_MS);
    const { rows } = await sql<
      EngineTables['async_calls'] & { id: string; failures: number; refusals: number }
    >`
      with recursive lanes as (
        (select service, function from async_calls where ended_at is null order by service, function limit 1)
        union all
        select next.service, next.function from lanes cross join lateral (
          select service, function from async_calls
          where ended_at is null and (service, function) > (lanes.service, lanes.function)
          order by service, function limit 1
        ) next
      ),
      waiting as (
        select due.id, due.due_at, row_number() over (partition by service, function order by due.due_at, due.id)
          + (select count(*) from async_calls r where r.service = lanes.service and r.function = lanes.function
              and r.ended_at is null and r.status = 'Running' and r.due_at > ${now}) as place
        from lanes cross join lateral (
          select id, due_at from async_calls c
          where c.service = lanes.service and c.function = lanes.function
            and ended_at is null and status <> 'Stopping' and due_at <= ${now}
          order by due_at, id limit ${perFunction}
        ) due
      ),
      picked as (select id from waiting where place <= ${perFunction} order by place, due_at limit ${count}),
      locked as (
        select id from async_calls
        where id in (select id from picked) and ended_at is null and status <> 'Stopping' and due_at <= ${now}
        for update skip locked
      )
      update async_calls set status = 'Running', due_at = ${until}, started_at = coalesce(started_at, ${now})
      where id in (select id from locked)
      returning *`.execute(this.#db);
    return rows.map((row) => ({
      id: row.id,
      service: row.service,
      qualifier: row.qualifier,
      function: row.function,
      invocationId: row.invocation_id,
      requestId: row.request_id,
      payload: row.payload,
      http: (row.http as unknown as HttpRequestHead | null) ?? undefined,
      config: row.config as unknown as AsyncConfig,
      expiresAt: row.expires_at.getTime(),
      failures: row.failures,
      refusals: row.refusals,
    }));
  }

  /** Says that these still run; returns those that are to be stopped. */
  async renew(ids: readonly string[]): Promise<string[]> {
    if (ids.length === 0) return [];
    const rows = await this.#db
      .updateTable('async_calls')
      .set({ due_at: new Date(this.#now() + LEASE_MS) })
      .where('id', 'in', [...ids])
      .where('ended_at', 'is', null)
      .returning(['id', 'status'])
      .execute();
    return rows.filter(({ status }) => status === 'Stopping').map(({ id }) => id);
  }

  /** Unix milliseconds of the next time that something is due; `undefined` when nothing waits. */
  async nextDue(): Promise<number | undefined> {
    const row = await this.#db
      .selectFrom('async_calls')
      .select((of) => of.fn.min('due_at').as('due'))
      .where('ended_at', 'is', null)
      .executeTakeFirst();
    const due = row?.due as Date | null | undefined;
    return due?.getTime();
  }

  /** To be tried again. Nothing happens to a call that was stopped meanwhile: `endStopped` is for that one. */
  async retry(id: string, dueAt: number, counts: Pick<AsyncCall, 'failures' | 'refusals'>): Promise<void> {
    const status: AsyncStatus = counts.failures > 0 ? 'Retrying' : 'Enqueued';
    await this.#db
      .updateTable('async_calls')
      .set({ status, due_at: new Date(dueAt), ...counts })
      .where('id', '=', id)
      .where('status', '=', 'Running')
      .execute();
  }

  /** Running calls that are given up: due at once, whoever takes them. */
  async release(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.#db
      .updateTable('async_calls')
      .set({ due_at: new Date(this.#now()) })
      .where('id', 'in', [...ids])
      .where('ended_at', 'is', null)
      .execute();
  }

  /**
   * The end of a call and the call that its outcome goes to, both or none. The head of a request goes with the end: a caller's
   * cookies and tokens may be in it, and nobody asks for it any more.
   */
  async end(call: AsyncCall, ending: Ending): Promise<void> {
    await this.#db.transaction().execute(async (rows) => {
      const now = this.#now();
      if (!call.config.statefulInvocation)
        await rows.deleteFrom('async_calls').where('id', '=', call.id).execute();
      else
        await rows
          .updateTable('async_calls')
          .set({
            status: ending.status,
            ended_at: new Date(now),
            http: null,
            failures: ending.failures,
            // A function may say any bytes; PostgreSQL's texts have no zero.
            error: ending.error.replaceAll('\0', '\ufffd'),
            destination_status: ending.next ? 'Succeeded' : '',
          })
          .where('id', '=', call.id)
          .execute();
      if (!ending.next) return;
      // A destination that is gone by now must not keep the call from ending.
      const { service } = ending.next;
      const there = await rows
        .selectFrom('services')
        .select('name')
        .where('name', '=', service)
        .forKeyShare()
        .execute();
      if (there.length > 0) await insertCall(rows, ending.next, now);
    });
  }

  /** Calls that were to be stopped and that nobody runs any more. */
  async endStopped(): Promise<void> {
    const now = new Date(this.#now());
    await this.#db
      .updateTable('async_calls')
      .set({ status: 'Stopped', ended_at: now, http: null })
      .where('ended_at', 'is', null)
      .where('status', '=', 'Stopping')
      .where('due_at', '<=', now)
      .execute();
  }

  /** Forgets calls that ended before `atMs`. */
  async forget(atMs: number): Promise<void> {
    await this.#db.deleteFrom('async_calls').where('ended_at', '<', new Date(atMs)).execute();
  }
}

/** Stores a call, also as part of a transaction. */
export async function insertCall(db: Executor, call: NewAsyncCall, now: number): Promise<void> {
  const dueAt = now + call.delayMs;
  await db
    .insertInto('async_calls')
    .values({
      service: call.service,
      function: call.function,
      qualifier: call.qualifier,
      invocation_id: call.invocationId,
      request_id: call.requestId,
      payload: call.payload,
      http: call.http ? JSON.stringify(call.http) : null,
      config: JSON.stringify(call.config),
      status: 'Enqueued',
      due_at: new Date(dueAt),
      expires_at: new Date(dueAt + call.config.maxAsyncEventAgeInSeconds * 1_000),
    })
    .execute();
}

function isForeignKeyViolation(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '23503';
}
