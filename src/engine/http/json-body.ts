/** JSON bodies: bytes → checked value, with one `InvalidArgument` that names every member that does not fit. */
import type { z } from 'zod';
import { ApiError, invalidArgument } from './api-error.ts';
import { canonicalKeys } from './canonical-keys.ts';

/** The second is what the public SDK says of a body that it streams, as Funcraft does with code packages. */
const JSON_TYPES = /^application\/(json|octet-stream)\s*(;|$)/i;

/**
 * Parses a JSON body by `schema`. No body at all is an empty object: PublishVersion may come without.
 *
 * @throws ApiError 415 for another content type, 400 `InvalidArgument` for what cannot be read or does not fit
 */
export function parseJsonBody<T>(schema: z.ZodType<T>, body: Buffer, contentType: string): T {
  if (body.length > 0 && !JSON_TYPES.test(contentType))
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
  const text = body.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalidArgument(`the body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  // Only an escape can bring them in, and few bodies have one.
  if (text.includes('\\u')) refuseUnstorable(value);
  return value;
}

/** PostgreSQL's text knows neither the zero character nor half a surrogate pair. */
function refuseUnstorable(value: unknown): void {
  if (typeof value === 'string') {
    if (/\0|\p{Surrogate}/u.test(value))
      throw invalidArgument('the body has a zero character or half a surrogate pair in a string');
  } else if (typeof value === 'object' && value !== null)
    for (const [key, member] of Object.entries(value)) {
      refuseUnstorable(key);
      refuseUnstorable(member);
    }
}
