/** Heartbeats from a timer of their own, so that a slow disk or a busy child process does not look like a dead worker. */
import { Context } from '@temporalio/activity';

/** A cancellation reaches the activity by the next beat's answer; a dead worker is seen by the lack of some. */
const BEAT_MS = 1_000;

/** Runs `work`; the signal aborts when the workflow cancels the activity, or the worker shuts down. */
export async function beating<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const context = Context.current();
  context.heartbeat();
  const timer = setInterval(() => context.heartbeat(), BEAT_MS);
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
