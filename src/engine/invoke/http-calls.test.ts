/** HTTP calls from the runner's side: what happens to a response when its instance lies, fails or is slow. */
import { afterAll, describe, expect, test } from 'vitest';
import { createFunctionRunner, ownFunctionRunner } from '../../../test/support/function-runner.ts';
import type { HttpSink } from './contract.ts';

const functions = createFunctionRunner();
afterAll(() => functions.close());

/** User code that writes frames of its own for the first call of its instance, which has number 2. */
const FRAMES = `const frame = (type, text = '') => {
  const payload = Buffer.from(text);
  const head = Buffer.alloc(9);
  head.writeUInt32BE(payload.length, 0);
  head[4] = type;
  head.writeUInt32BE(2, 5);
  const bytes = Buffer.concat([head, payload]);
  for (let at = 0; at < bytes.length; )
    try { at += require('fs').writeSync(3, bytes, at); } catch (error) { if (error.code !== 'EAGAIN') throw error; }
};
const HEAD = '{"status":200,"headers":[["x-a","1"]]}';
`;
const lying = (body: string) => functions.define(`${FRAMES}exports.handler = (req, resp) => { ${body} };`);

describe('an instance that breaks the order of a response is ended', () => {
  test.each([
    ['a body before its head', "frame(0x88, 'x')", 'it sent a body before its head'],
    ['an end before its head', 'frame(0x89)', 'it sent a body before its head'],
    ['two heads', 'frame(0x87, HEAD); frame(0x87, HEAD)', 'it sent two heads for one response'],
    [
      'the answer of an event call',
      "frame(0x87, HEAD); frame(0x82, 'x')",
      'it answered an HTTP call as an event call',
    ],
    [
      'more than 6 MB',
      "frame(0x87, HEAD); for (let i = 0; i < 25; i += 1) frame(0x88, 'x'.repeat(256 * 1024))",
      'the body of a response is larger than 6291456 bytes',
    ],
  ])('%s', async (_, code, cause) => {
    const revision = lying(code);
    const { result, isComplete } = await functions.request(revision);
    expect({ outcome: result.outcome, isComplete }).toEqual({
      outcome: 'unhandled-error',
      isComplete: false,
    });
    expect(functions.lines(revision).join('\n')).toContain(`Process ended by the engine: ${cause}`);
  });

  test('a response where an event call was asked for', async () => {
    const result = await functions.invoke(lying('frame(0x87, HEAD)'));
    expect(result.outcome).toBe('unhandled-error');
  });

  test.each([
    ['no JSON', 'nonsense'],
    ['no object', '[]'],
    ['no status', '{"headers":[]}'],
    ['no list of headers', '{"status":200,"headers":{}}'],
    ['a header without a value', '{"status":200,"headers":[["x"]]}'],
    ['a header without a name', '{"status":200,"headers":[["","x"]]}'],
  ])('but a head that has %s is the failure of its call alone', async (_, head) => {
    const { status, result } = await functions.request(lying(`frame(0x87, '${head}')`));
    expect(status).toBe(0);
    expect(result.body.toString()).toContain("the function's response cannot be sent: ");
  });
});

describe('a response that has begun', () => {
  test('arrives piece by piece', async () => {
    const revision = lying(
      "frame(0x87, HEAD); frame(0x88, 'one'); frame(0x88, ''); frame(0x88, 'two'); frame(0x89)",
    );
    expect(await functions.request(revision)).toMatchObject({
      status: 200,
      headers: [['x-a', '1']],
      body: 'onetwo',
      pieces: 2,
      isComplete: true,
    });
  });

  test('is left incomplete by an error, and the result has the reason', async () => {
    const { status, body, isComplete, result } = await functions.request(
      lying("frame(0x87, HEAD); frame(0x88, 'half'); throw new Error('torn');"),
    );
    expect({ status, body, isComplete }).toEqual({ status: 200, body: 'half', isComplete: false });
    expect(result.outcome).toBe('unhandled-error');
    expect(result.body.toString()).toContain('torn');
  });
});

test('a caller that hung up while it waited costs no call', async () => {
  const limited = ownFunctionRunner({ instances: 1 });
  const revision = limited.define(
    'let calls = 0; exports.handler = (req, resp) => { calls += 1; setTimeout(() => resp.send(String(calls)), 200); };',
  );
  await limited.request(revision);
  const running = limited.request(revision);
  const gone: HttpSink = {
    head: () => expect.unreachable('it was called'),
    piece: () => undefined,
    end: () => undefined,
    upgrade: () => undefined,
    isGone: true,
    onGone: () => undefined,
  };
  const waiting = limited.runner.request(revision, {
    requestId: 'gone',
    qualifier: 'LATEST',
    payload: Buffer.alloc(0),
    wantsLog: false,
    retryCount: 0,
    isProbe: false,
    head: { method: 'GET', path: '/', uri: '/', base: '', query: '', clientIp: '127.0.0.1', headers: [] },
    wantsUpgrade: false,
    sink: gone,
  });
  await expect(waiting).rejects.toMatchObject({ code: 'ClientClosedRequest' });
  expect((await running).body).toBe('2');
  expect((await limited.request(revision)).body).toBe('3');
});
