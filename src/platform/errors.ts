/** The one place where a caught `unknown` becomes an `Error`. */

/** `value` itself when it is an Error, else an Error that carries its text. */
export function ensureError(value: unknown): Error {
  if (value instanceof Error) return value;
  return new Error(typeof value === 'string' ? value : JSON.stringify(value));
}

/** Ends the compile where a union has a member that a `switch` forgot; throws if reached all the same. */
export function unreachable(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`);
}
