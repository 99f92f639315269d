/** Heartbeats from a timer of their own, so that a slow disk or a busy child process does not look like a dead worker. */
import { Context } from '@temporalio/activity';

/**
 * Runs `work`; the signal aborts when the workflow cancels the activity.
 *
 * @param everyMs time between two beats, well below the activity's heartbeat time-out
 */
export async function beating<T>(everyMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
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
