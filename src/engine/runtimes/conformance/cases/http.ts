/** HTTP handlers (runtimes.md §2 to §6, §11): requests in, responses or error documents out. */
import { expect } from 'vitest';
import type { FunctionResponse } from '../../../../../test/support/function-runner.ts';
import type { HttpRequestHead, Invocation } from '../../../invoke/contract.ts';
import type { ConformanceCase } from '../case.ts';
import type { FixtureName } from '../fixtures.ts';
import type { Subject } from '../subject.ts';

const MAX_BYTES = 6 * 1024 * 1024;

async function request(
  subject: Subject,
  name: FixtureName,
  head: Partial<HttpRequestHead> = {},
  call: Partial<Invocation> = {},
): Promise<FunctionResponse> {
  return subject.functions.request(await subject.define(name), head, call);
}

function expectFailure({ status, result }: FunctionResponse, document: object): void {
  expect({ status, outcome: result.outcome }).toEqual({ status: 0, outcome: 'unhandled-error' });
  expect(JSON.parse(result.body.toString())).toMatchObject(document);
}

export const HTTP: readonly ConformanceCase[] = [
  {
    title: 'a request has method, path, query, address, headers and body',
    fixture: 'httpRequest',
    check: async (subject) => {
      const answer = await request(
        subject,
        'httpRequest',
        {
          method: 'POST',
          path: '/a/b',
          base: '/2016-08-15/proxy/shop/f',
          query: 'k=1&k=2&q=x+y%21',
          clientIp: '10.1.2.3',
          headers: [
            ['content-type', 'text/plain'],
            ['x-one', 'one'],
          ],
        },
        { payload: Buffer.from('the body'), requestId: 'id-9' },
      );
      expect(answer).toMatchObject({
        status: 200,
        body: 'POST /a/b k=1&k=2&q=x+y%21 10.1.2.3 one id-9 the body',
        isComplete: true,
      });
    },
  },
  {
    title: 'a response has status, headers with one or several values, and body',
    fixture: 'httpResponse',
    check: async (subject) => {
      const { status, headers, body, isComplete, result } = await request(subject, 'httpResponse');
      const own = headers
        .map(([name, value]) => [name.toLowerCase(), value] as const)
        .filter(([name]) => name === 'x-a' || name === 'set-cookie');
      expect({ status, own, body, isComplete }).toEqual({
        status: 201,
        own: expect.arrayContaining([
          ['x-a', '1'],
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
        ]),
        body: 'made é',
        isComplete: true,
      });
      expect(own).toHaveLength(3);
      expect(result).toMatchObject({ outcome: 'ok', body: Buffer.alloc(0) });
    },
  },
  {
    title: 'a response is 200 and empty unless told otherwise',
    fixture: 'httpEmpty',
    check: async (subject) => {
      expect(await request(subject, 'httpEmpty')).toMatchObject({ status: 200, body: '', isComplete: true });
    },
  },
  {
    title: 'the largest body passes both ways',
    fixture: 'httpEcho',
    check: async (subject) => {
      const payload = Buffer.alloc(MAX_BYTES, 'xyz');
      const { body, isComplete } = await request(subject, 'httpEcho', { method: 'PUT' }, { payload });
      expect(body === payload.toString()).toBe(true);
      expect(isComplete).toBe(true);
    },
  },
  {
    title: 'a body over the limit is refused by name',
    fixture: 'httpLarge',
    check: async (subject) => {
      const payload = Buffer.from(String(MAX_BYTES + 1));
      await expect(request(subject, 'httpLarge', {}, { payload })).rejects.toMatchObject({
        status: 413,
        code: 'EntityTooLarge',
      });
    },
  },
  {
    title: 'an exception leaves the response untouched and has the document of event calls',
    fixture: 'httpThrows',
    check: async (subject) =>
      expectFailure(await request(subject, 'httpThrows'), {
        errorMessage: 'far',
        stackTrace: expect.any(Array),
      }),
  },
  {
    title: "a header that would split the response is the function's failure",
    fixture: 'httpSplit',
    check: async (subject) =>
      expectFailure(await request(subject, 'httpSplit'), { errorMessage: expect.any(String) }),
  },
  {
    title: 'a handler that is missing has the document of event calls',
    fixture: 'memberMissing',
    check: async (subject) =>
      expectFailure(await request(subject, 'memberMissing'), { errorType: 'HandlerNotFound' }),
  },
  {
    title: 'the time limit holds',
    fixture: 'spins',
    check: async (subject) => {
      const revision = await subject.define('spins', { timeoutMs: 300 });
      expectFailure(await subject.functions.request(revision), {
        errorMessage: expect.stringContaining('Function timed out after 0.3 seconds'),
      });
    },
  },
];
