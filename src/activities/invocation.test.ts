import { expect, test } from 'vitest';
import { FcError } from '../fc/errors.ts';
import { faultIn, invocation } from './invocation.ts';

const refusing = (status: number) => () => Promise.reject(new FcError('no', { status, code: 'Because' }));

test.each([400, 404, 412])('FC’s refusal with %d is the answer to the call', async (status) => {
  const answer = await invocation(refusing(status));
  expect(answer).toMatchObject({ status });
  expect(faultIn(answer, () => undefined)).toBe('Because: no');
});

test.each([
  [401, 'EngineDenied'],
  [403, 'EngineDenied'],
  [429, 'EngineUnreachable'],
  [503, 'EngineUnreachable'],
  [0, 'EngineUnreachable'],
])('%d says nothing of the function, so it is tried again', async (status, type) => {
  await expect(invocation(refusing(status))).rejects.toMatchObject({ type, nonRetryable: false });
});

test('a function’s own error is told with the beginning of its document, its lines go to the log', async () => {
  const lines: string[] = [];
  const body = Buffer.from(`{"errorMessage":"${'x'.repeat(2_000)}"}`);
  const answer = { body, log: 'one\n\ntwo\n', errorType: 'UnhandledInvocationError' };
  const fault = faultIn(answer as Parameters<typeof faultIn>[0], (line) => lines.push(line));
  expect(fault?.startsWith('UnhandledInvocationError: {"errorMessage":"xxx')).toBe(true);
  expect(fault?.length).toBe('UnhandledInvocationError: '.length + 1_000);
  expect(lines).toEqual(['  one', '  two']);
});
