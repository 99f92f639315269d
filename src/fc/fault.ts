/**
 * What `@alicloud/fc2` throws, as the one error of this boundary. The SDK puts status and request id into the
 * message only ("GET /services/x failed with 404. requestid: …, message: ….") and throws transport errors as they are.
 */
import { ensureError } from '../platform/errors.ts';
import { FcError } from './errors.ts';

const ANSWERED = /failed with (\d{3})\. requestid: (\S+), message: ([\s\S]*)\.$/;

/** The FcError for a caught value; status 0 when no answer came. */
export function toFcError(thrown: unknown): FcError {
  if (thrown instanceof FcError) return thrown;
  const error = ensureError(thrown);
  const answered = ANSWERED.exec(error.message);
  if (!answered)
    return new FcError(`Function Compute did not answer: ${error.message}`, {
      status: 0,
      code: 'Unreachable',
      cause: error,
    });
  const [, status, requestId = '', message = ''] = answered;
  const code = (error as { readonly code?: unknown }).code;
  return new FcError(message === 'undefined' ? error.message : message, {
    status: Number(status),
    code: typeof code === 'string' ? code : 'Unknown',
    requestId,
    cause: error,
  });
}

/** Runs a call; whatever it throws becomes an FcError. */
export async function faultsNamed<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toFcError(error);
  }
}

/** Like `faultsNamed`, but what is missing (404) is `null`. */
export async function nullWhenMissing<T>(call: () => Promise<T>): Promise<T | null> {
  try {
    return await call();
  } catch (error) {
    const fault = toFcError(error);
    if (fault.isMissing) return null;
    throw fault;
  }
}
