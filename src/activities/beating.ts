/** Heartbeats from a timer of their own, so that a slow disk or a busy child process does not look like a dead worker. */
import { Context } from '@temporalio/activity';

/** A cancellation reaches the activity by the next beat's answer; a dead worker is seen by the lack of some. */
const BEAT_MS = 1_000;
/**
 * For activities that last for hours and whose end nobody waits for: each beat is some 4 ms of processor time at the Temporal
 * server, which a thousand releases in a hold have not every second. Two may be late within the time-out of 10 s.
 */
export const IDLE_BEAT_MS = 4_000;

/**
 * Runs `work`; the signal aborts when the workflow cancels the activity, or the worker shuts down.
 *
 * @param everyMs between two beats
 */
export async function beating<T>(work: (signal: AbortSignal) => Promise<T>, everyMs = BEAT_MS): Promise<T> {
  const context = Context.current();
  context.heartbeat();
  const timer = setInterval(() => context.heartbeat(), everyMs);
  try {
    return await work(context.cancellationSignal);
  } catch (error) {
    // Whatever an aborted child or file operation threw: the activity was cancelled, and must say so.
    if (context.cancellationSignal.aborted) await context.cancelled;
    throw error;
  } finally {
    clearInterval(timer);
  }
}
