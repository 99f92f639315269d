/** Calls of a function of the release by one of its versions (smoke calls, hooks): what came of it, and what is tried again. */
import { ApplicationFailure } from '@temporalio/common';
import { FAILURES } from '../domain/release/failures.ts';
import type { FcInvocation } from '../fc/client.ts';
import { FcError } from '../fc/errors.ts';
import { engineCall } from './failure.ts';

/** Characters of a function's answer that are shown. */
const SHOWN = 1_000;

/**
 * What FC refuses for good is the call's answer. An engine that is away, denies access or asks to come later says
 * nothing of the function: the activity's policy tries again.
 */
export async function invocation(invoke: () => Promise<FcInvocation>): Promise<FcInvocation | FcError> {
  try {
    return await engineCall(invoke);
  } catch (error) {
    if (
      error instanceof ApplicationFailure &&
      error.type === FAILURES.engineRefused &&
      error.cause instanceof FcError
    )
      return error.cause;
    throw error;
  }
}

/** What went wrong, in words, or `null`. @param note takes the lines that the function logged */
export function faultIn(answer: FcInvocation | FcError, note: (line: string) => void): string | null {
  if (answer instanceof FcError) return `${answer.code}: ${answer.message}`;
  for (const line of answer.log.split('\n')) if (line.trim() !== '') note(`  ${line}`);
  return answer.errorType === null ? null : `${answer.errorType}: ${bodyText(answer)}`;
}

/** The beginning of what the function answered. */
export function bodyText({ body }: FcInvocation): string {
  return body.toString('utf8').slice(0, SHOWN);
}
