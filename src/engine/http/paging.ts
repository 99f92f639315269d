/** Pages of lists by name: `limit`, `prefix`, `startKey` (inclusive), `nextToken` (the next name; wins over startKey). */
import { invalidArgument } from './api-error.ts';
import type { Call } from './operation.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

export interface Page<T> {
  readonly items: readonly T[];
  /** Absent on the last page. */
  readonly nextToken?: string;
}

/** `limit` of the query, 1…100. */
export function pageLimit(call: Call): number {
  const text = call.optional('limit');
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT)
    throw invalidArgument(`limit must be a whole number from 1 to ${MAX_LIMIT}, not '${text}'`);
  return limit;
}

/** One page of `names`, in byte order. */
export function pageOfNames(call: Call, names: Iterable<string>): Page<string> {
  const limit = pageLimit(call);
  const prefix = call.optional('prefix') ?? '';
  const start = call.optional('nextToken') ?? call.optional('startKey') ?? '';
  const fitting = [...names].filter((name) => name >= start && name.startsWith(prefix)).sort();
  const next = fitting[limit];
  return next === undefined ? { items: fitting } : { items: fitting.slice(0, limit), nextToken: next };
}
