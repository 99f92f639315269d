/**
 * Reads away what a caller still sends of a body that is refused: closing on it would reset the connection, and the
 * caller would see a broken pipe instead of the answer.
 */

/** Longest wait for the rest, milliseconds. */
const DISCARD_MS = 2_000;

export async function discardBody(body: ReadableStream<Uint8Array> | null): Promise<void> {
  if (!body || body.locked) return;
  try {
    await body.pipeTo(new WritableStream(), { signal: AbortSignal.timeout(DISCARD_MS) });
  } catch {
    // The caller went away, or is too slow to be waited for.
  }
}
