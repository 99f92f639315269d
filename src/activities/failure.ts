/** Failures that cross to the workflow. Their type says what it does next; everything else is retried. */
import { ApplicationFailure } from '@temporalio/common';
import { FAILURES, type FailureType } from '../domain/release/failures.ts';
import { FcError } from '../fc/errors.ts';

/** A failure that no repetition mends. */
export function finalFailure(type: FailureType, message: string, detail?: object): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: true,
    ...(detail === undefined ? {} : { details: [detail] }),
  });
}

/** The commit cannot be released as it is; `lines` are shown below the message. */
export function invalid(message: string, lines: readonly string[] = []): ApplicationFailure {
  return finalFailure(FAILURES.invalid, message, { logTail: lines });
}

/** Calls FC; what it throws becomes a failure that says whether to try again. */
export async function engineCall<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toEngineFailure(error);
  }
}

const TOO_MANY_REQUESTS = 429;
/** A wrong key, a missing right, or clocks too far apart. */
const DENIED: readonly number[] = [401, 403];

function toEngineFailure(error: unknown): unknown {
  if (!(error instanceof FcError)) return error;
  if (error.isUnreachable || error.status === TOO_MANY_REQUESTS)
    return ApplicationFailure.create({
      type: FAILURES.engineUnreachable,
      message: error.message,
      cause: error,
    });
  if (DENIED.includes(error.status))
    return ApplicationFailure.create({
      type: FAILURES.engineDenied,
      message: `Function Compute denies access (${error.code}): ${error.message}`,
      cause: error,
    });
  return refused(error);
}

/** What FC refused, as a failure that is not repeated. */
export function refused(error: FcError): ApplicationFailure {
  return ApplicationFailure.create({
    type: FAILURES.engineRefused,
    message: `Function Compute refused (${error.code}): ${error.message}`,
    nonRetryable: true,
    cause: error,
  });
}
