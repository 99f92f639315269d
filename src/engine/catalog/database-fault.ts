/** What PostgreSQL's faults mean to a caller of the API. */
import { DatabaseError } from 'pg';
import { ensureError } from '../../platform/errors.ts';
import { ApiError, serviceUnavailable } from '../http/api-error.ts';

/** Classes of SQLSTATE that say "not now": connection, resources, operator. */
const PASSING = new Set(['08', '53', '57']);

export function isUniqueViolation(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '23505';
}

/** 503 when the database is away (also when no answer came at all), the error itself when it is our fault. */
export function databaseFault(error: Error): Error {
  if (error instanceof ApiError) return error;
  if (error instanceof DatabaseError && !PASSING.has((error.code ?? '').slice(0, 2))) return error;
  return serviceUnavailable(
    'the catalog cannot be written at the moment; functions keep being served. Try again.',
    error,
  );
}

/** What a query gives; its faults as `databaseFault` has them. */
export async function answered<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    throw databaseFault(ensureError(error));
  }
}
