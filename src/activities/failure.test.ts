/** Which answers of Function Compute are worth repeating, and which are not. */
import { expect, test } from 'vitest';
import { FAILURES } from '../domain/release/failures.ts';
import { FcError } from '../fc/errors.ts';
import { engineCall } from './failure.ts';

test.each([
  { status: 0, type: FAILURES.engineUnreachable, nonRetryable: false, why: 'no answer' },
  { status: 503, type: FAILURES.engineUnreachable, nonRetryable: false, why: 'an outage' },
  { status: 429, type: FAILURES.engineUnreachable, nonRetryable: false, why: 'a limit of the moment' },
  { status: 403, type: FAILURES.engineDenied, nonRetryable: false, why: 'a clock or a key is wrong' },
  { status: 401, type: FAILURES.engineDenied, nonRetryable: false, why: 'the key was rotated' },
  { status: 400, type: FAILURES.engineRefused, nonRetryable: true, why: 'the argument stays as bad' },
])(
  '$status: a rollback must outlast what an operator can mend — $why',
  async ({ status, type, nonRetryable }) => {
    const call = engineCall(() => Promise.reject(new FcError('said', { status, code: 'Code' })));
    await expect(call).rejects.toMatchObject({ type, nonRetryable });
  },
);
