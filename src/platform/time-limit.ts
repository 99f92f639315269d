/** A limit in time that can be a part of `AbortSignal.any`. */

/**
 * A signal that aborts with a `TimeoutError` after `ms` milliseconds, whoever holds it meanwhile. `AbortSignal.any`
 * holds its parts weakly, so that a plain `AbortSignal.timeout` which is nothing but such a part is collected, and then
 * never aborts (seen with Node.js 20).
 */
export function timeLimit(ms: number): AbortSignal {
  const limit = AbortSignal.timeout(ms);
  // Node.js holds a timeout that has a listener until it fired.
  limit.addEventListener('abort', () => undefined, { once: true });
  return limit;
}
