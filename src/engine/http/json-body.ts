/** JSON bodies: bytes → checked value, with one `InvalidArgument` that names every member that does not fit. */
import type { z } from 'zod';
import { ApiError, invalidArgument } from './api-error.ts';
import { canonicalKeys } from './canonical-keys.ts';

/**
 * Parses a JSON body by `schema`. No body at all is an empty object: PublishVersion may come without.
 *
 * @throws ApiError 415 for another content type, 400 `InvalidArgument` for what cannot be read or does not fit
 */
export function parseJsonBody<T>(schema: z.ZodType<T>, body: Buffer, contentType: string): T {
  if (body.length > 0 && !/^application\/json\s*(;|$)/i.test(contentType))
    throw new ApiError(
      415,
      'UnsupportedMediaType',
      `the Content-Type must be application/json, not '${contentType}'`,
    );
  return parseValue(schema, body.length === 0 ? {} : readJson(body));
}

/** Checks a value that was read from outside; `query` strings use it as well as bodies. */
export function parseValue<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(canonicalKeys(schema, value));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) =>
    issue.path.length > 0 ? `${issue.path.join('.')}: ${issue.message}` : issue.message,
  );
  throw invalidArgument(faults.join('; '));
}

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw invalidArgument(`the body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
