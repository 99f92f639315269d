/** What a caught failure of an activity says: its type tells the workflow what to do next, its details tell people. */
import { ActivityFailure, ApplicationFailure, TemporalFailure } from '@temporalio/workflow';

export interface Fault {
  /** Type of the innermost application failure; empty for anything else (a time-out, a fault of ours). */
  readonly type: string;
  readonly message: string;
  /** First entry of its details. */
  readonly detail: unknown;
}

/** Reads a caught value; never throws. */
export function faultOf(thrown: unknown): Fault {
  let cause = thrown;
  while (cause instanceof ActivityFailure && cause.cause !== undefined) cause = cause.cause;
  if (cause instanceof ApplicationFailure)
    return { type: cause.type ?? '', message: cause.message, detail: cause.details?.[0] };
  if (cause instanceof TemporalFailure || cause instanceof Error)
    return { type: '', message: cause.message, detail: undefined };
  return { type: '', message: String(cause), detail: undefined };
}
