/** Stateful asynchronous calls: looked at, listed, stopped (fc-api.md §3, §4 Invocation). */
import { sql, type Kysely, type Selectable } from 'kysely';
import type { Catalog } from '../catalog/catalog.ts';
import { answered } from '../catalog/database-fault.ts';
import { qualifiedFunction } from '../catalog/qualified.ts';
import type { EngineTables } from '../catalog/tables.ts';
import { ApiError, invalidArgument } from '../http/api-error.ts';
import type { FunctionAddress } from '../http/function-address.ts';
import { json, nothing, type Call, type Operation } from '../http/operation.ts';
import { pageLimit } from '../http/paging.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { AsyncQueue } from './queue.ts';
import { ASYNC_STATUSES, type AsyncStatus } from './status.ts';
import { z } from 'zod';
import { pageOf } from '../http/answers.ts';

export interface AsyncCallOptions {
  readonly catalog: Catalog;
  readonly db: Kysely<EngineTables>;
  readonly queue: AsyncQueue;
  readonly dispatcher: Dispatcher;
  readonly now: () => number;
}

type Row = Omit<Selectable<EngineTables['async_calls']>, 'payload' | 'http'> & { readonly payload?: Buffer };

const InvocationAnswer = z.object({
  functionName: z.string(),
  serviceName: z.string(),
  qualifier: z.string(),
  invocationId: z.string(),
  requestId: z.string(),
  status: z.enum(ASYNC_STATUSES),
  /** Unix milliseconds; 0: not yet. */
  startedTime: z.int(),
  endTime: z.int(),
  destinationStatus: z.string(),
  invocationErrorMessage: z.string(),
  alreadyRetriedTimes: z.int(),
  invocationPayload: z.string().exactOptional(),
});

const COLLECTION = '/services/{service}/functions/{function}/stateful-async-invocations';
const ITEM = `${COLLECTION}/{invocation}`;
const COLUMNS = [
  'id',
  'service',
  'function',
  'qualifier',
  'invocation_id',
  'request_id',
  'config',
  'status',
  'due_at',
  'expires_at',
  'started_at',
  'ended_at',
  'failures',
  'refusals',
  'error',
  'destination_status',
] as const;

export function asyncCallOperations(options: AsyncCallOptions): Operation[] {
  const { catalog, db, queue, dispatcher, now } = options;

  const stateful = (of: FunctionAddress) =>
    db
      .selectFrom('async_calls')
      .where('service', '=', of.service)
      .where('function', '=', of.function)
      .where('qualifier', '=', of.qualifier)
      .where(sql<boolean>`(config ->> 'statefulInvocation')::boolean`);

  return [
    {
      name: 'GetStatefulAsyncInvocation',
      method: 'GET',
      path: ITEM,
      output: InvocationAnswer,
      async run(call) {
        const of = qualifiedFunction(catalog, call);
        const row = await answered(() =>
          stateful(of)
            .select([...COLUMNS, 'payload'])
            .where('invocation_id', '=', call.param('invocation'))
            .executeTakeFirst(),
        );
        if (!row) throw notThere(of, call.param('invocation'));
        return json(viewOf(row));
      },
    },
    {
      name: 'ListStatefulAsyncInvocations',
      method: 'GET',
      path: COLLECTION,
      output: pageOf('invocations', InvocationAnswer),
      query: [
        'limit',
        'nextToken',
        'status',
        'startedTimeBegin',
        'startedTimeEnd',
        'sortOrderByTime',
        'invocationIdPrefix',
        'includePayload',
      ],
      async run(call) {
        const of = qualifiedFunction(catalog, call);
        const limit = pageLimit(call);
        const status = oneOf(call, 'status', ASYNC_STATUSES);
        const order = oneOf(call, 'sortOrderByTime', ['asc', 'desc'] as const) ?? 'desc';
        const prefix = call.optional('invocationIdPrefix');
        const begin = time(call, 'startedTimeBegin');
        const end = time(call, 'startedTimeEnd');
        const token = call.optional('nextToken');
        if (token !== undefined && !/^\d{1,18}$/.test(token))
          throw invalidArgument('nextToken is none of ours');
        const withPayload = call.optional('includePayload') === 'true';
        const rows = await answered(() =>
          stateful(of)
            .select(withPayload ? [...COLUMNS, 'payload'] : [...COLUMNS])
            .$if(status !== undefined, (q) => q.where('status', '=', status ?? 'Enqueued'))
            .$if(prefix !== undefined, (q) =>
              q.where(sql<boolean>`starts_with(invocation_id, ${prefix ?? ''})`),
            )
            .$if(begin !== undefined, (q) => q.where('started_at', '>=', new Date(begin ?? 0)))
            .$if(end !== undefined, (q) => q.where('started_at', '<=', new Date(end ?? 0)))
            .$if(token !== undefined, (q) => q.where('id', order === 'asc' ? '>=' : '<=', token ?? ''))
            .orderBy('id', order)
            .limit(limit + 1)
            .execute(),
        );
        const next = rows[limit];
        return json({
          invocations: rows.slice(0, limit).map((row) => viewOf(row as Row)),
          ...(next && { nextToken: next.id }),
        });
      },
    },
    {
      name: 'StopStatefulAsyncInvocation',
      method: 'PUT',
      path: ITEM,
      async run(call) {
        const of = qualifiedFunction(catalog, call);
        const id = call.param('invocation');
        const row = await answered(() =>
          stateful(of).select(COLUMNS).where('invocation_id', '=', id).executeTakeFirst(),
        );
        if (!row) throw notThere(of, id);
        const stopped = await answered(() =>
          db
            .updateTable('async_calls')
            // One that nobody runs has its end here; one that runs keeps its lease until its runner has ended it.
            .set({
              status: sql<AsyncStatus>`case when status = 'Running' then 'Stopping' else 'Stopped' end`,
              ended_at: sql<Date | null>`case when status = 'Running' then null else ${new Date(now())}::timestamptz end`,
              http: sql<null>`case when status = 'Running' then http end`,
            })
            .where('id', '=', row.id)
            .where('ended_at', 'is', null)
            .where('status', '<>', 'Stopping')
            .returning('id')
            .executeTakeFirst(),
        );
        if (!stopped)
          throw new ApiError(
            412,
            'PreconditionFailed',
            `invocation '${id}' is '${row.status}' and cannot be stopped`,
          );
        dispatcher.stop(row.id);
        await answered(() => queue.endStopped());
        return nothing;
      },
    },
  ];
}

function viewOf(row: Row): z.infer<typeof InvocationAnswer> {
  return {
    functionName: row.function,
    serviceName: row.service,
    qualifier: row.qualifier,
    invocationId: row.invocation_id,
    requestId: row.request_id,
    status: row.status,
    startedTime: row.started_at?.getTime() ?? 0,
    endTime: row.ended_at?.getTime() ?? 0,
    destinationStatus: row.destination_status,
    invocationErrorMessage: row.error,
    alreadyRetriedTimes: Math.max(0, row.status === 'Failed' ? row.failures - 1 : row.failures),
    ...(row.payload && { invocationPayload: row.payload.toString('utf8') }),
  };
}

function notThere(of: FunctionAddress, id: string): ApiError {
  return new ApiError(
    404,
    'StatefulAsyncInvocationNotFound',
    `function '${of.function}' has no stateful invocation '${id}' under qualifier '${of.qualifier}'`,
  );
}

function oneOf<T extends string>(call: Call, name: string, allowed: readonly T[]): T | undefined {
  const given = call.optional(name);
  if (given === undefined) return undefined;
  const found = allowed.find((value) => value.toLowerCase() === given.toLowerCase());
  if (found === undefined)
    throw invalidArgument(`${name} must be one of ${allowed.join(', ')}, not '${given}'`);
  return found;
}

function time(call: Call, name: string): number | undefined {
  const text = call.optional(name);
  if (text === undefined) return undefined;
  if (!/^\d{1,14}$/.test(text)) throw invalidArgument(`${name} must be Unix milliseconds, not '${text}'`);
  return Number(text);
}
