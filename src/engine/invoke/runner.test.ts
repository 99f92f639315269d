import { readFileSync, readdirSync } from 'node:fs';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { ownFunctionRunner } from '../../../test/support/function-runner.ts';
import { isAlive } from '../../../test/support/is-alive.ts';

/** Answers after `event` milliseconds with the number of calls that this instance has in work. */
const SLOW = `let now = 0;
exports.handler = (event, context, callback) => {
  now += 1;
  const seen = now;
  setTimeout(() => { now -= 1; callback(null, String(seen)); }, Number(event.toString() || 50));
};`;
const ECHO = 'exports.handler = (event, context, callback) => callback(null, event);';

const times = <T>(count: number, make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));

describe('instances', () => {
  test('are reused while warm; only the first call is a cold start', async () => {
    const functions = ownFunctionRunner();
    const revision = functions.define(ECHO);
    const first = await functions.invoke(revision);
    const second = await functions.invoke(revision);
    expect([first.coldStart, second.coldStart]).toEqual([true, false]);
    expect(second.instanceId).toBe(first.instanceId);
    expect(first.maxMemoryMb).toBeGreaterThan(2);
    expect(functions.runner.stats).toMatchObject({ instances: 1, busy: 0 });
  });

  test('take one call at a time where concurrency is 1', async () => {
    const functions = ownFunctionRunner();
    const revision = functions.define(SLOW);
    // Long enough that one instance alone is not done with all before the second one is there.
    const results = await times(6, () => functions.invoke(revision, { payload: Buffer.from('500') }));
    expect(results.map((result) => result.body.toString())).toEqual(Array.from({ length: 6 }, () => '1'));
    expect(new Set(results.map((result) => result.instanceId)).size).toBeGreaterThan(1);
  });

  test('take exactly as many calls as the concurrency says', async () => {
    const functions = ownFunctionRunner();
    const revision = functions.define(SLOW, { instanceConcurrency: 3 });
    const results = await times(9, () => functions.invoke(revision, { payload: Buffer.from('300') }));
    const seen = results.map((result) => Number(result.body.toString()));
    expect(Math.max(...seen)).toBe(3);
    expect(functions.runner.stats.instances).toBe(3);
  });

  test('of different revisions are never shared', async () => {
    const functions = ownFunctionRunner();
    const [a, b] = [functions.define(ECHO), functions.define(ECHO)];
    const ids = [(await functions.invoke(a)).instanceId, (await functions.invoke(b)).instanceId];
    expect(new Set(ids).size).toBe(2);
  });

  test('that a call waits for may be overtaken by one that becomes free', async () => {
    const functions = ownFunctionRunner({ startsAtOnce: 1 });
    const revision = functions.define(ECHO);
    const results = await times(20, (index) =>
      functions.invoke(revision, { payload: Buffer.from(String(index)) }),
    );
    expect(results.map((result) => result.body.toString())).toEqual(
      Array.from({ length: 20 }, (_, index) => String(index)),
    );
    expect(functions.runner.stats.instances).toBeLessThan(5);
  });

  test('are ended when idle', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    try {
      const functions = ownFunctionRunner({ idleMs: 0 });
      await functions.invoke(functions.define(ECHO));
      vi.advanceTimersByTime(10_000);
      await expect.poll(() => functions.runner.stats.instances).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test('of a retired revision end, busy ones after their call', async () => {
    const functions = ownFunctionRunner();
    const revision = functions.define(SLOW);
    const running = functions.invoke(revision, { payload: Buffer.from('200') });
    await expect.poll(() => functions.runner.stats.busy).toBe(1);
    functions.runner.retire(revision.key);
    expect((await running).outcome).toBe('ok');
    await expect.poll(() => functions.runner.stats.instances).toBe(0);
  });
});

describe('limits', () => {
  test('over the region limit a call waits its turn, and over the queue it is refused by name', async () => {
    const functions = ownFunctionRunner({ instances: 1, queueLength: 1 });
    const revision = functions.define(SLOW);
    await functions.invoke(revision);
    const calls = await Promise.allSettled(
      Array.from({ length: 3 }, () => functions.invoke(revision, { payload: Buffer.from('100') })),
    );
    expect(calls.map((call) => call.status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(calls[2]).toMatchObject({
      reason: {
        status: 429,
        code: 'ResourceExhausted',
        message: 'the limit of 1 on-demand instances in region cn-test is reached',
      },
    });
  });

  test('a call does not wait for ever', async () => {
    const functions = ownFunctionRunner({ instances: 1, queueWaitMs: 50 });
    const revision = functions.define(SLOW);
    await functions.invoke(revision);
    const long = functions.invoke(revision, { payload: Buffer.from('400') });
    await expect(functions.invoke(revision)).rejects.toMatchObject({ code: 'ResourceExhausted' });
    expect((await long).outcome).toBe('ok');
  });

  test('at the region limit the longest idle instance gives way to another function', async () => {
    const functions = ownFunctionRunner({ instances: 1 });
    await functions.invoke(functions.define(ECHO));
    expect((await functions.invoke(functions.define(ECHO))).outcome).toBe('ok');
    expect(functions.runner.stats.instances).toBe(1);
  });

  test('payloads of 6 MB pass both ways byte for byte, larger ones are refused', async () => {
    const functions = ownFunctionRunner();
    const revision = functions.define(ECHO);
    const payload = Buffer.alloc(6 * 1024 * 1024);
    for (let at = 0; at < payload.length; at += 1) payload[at] = (at * 31) & 0xff;
    const { body } = await functions.invoke(revision, { payload });
    expect(body.equals(payload)).toBe(true);
    const over = Buffer.alloc(payload.length + 1);
    await expect(functions.invoke(revision, { payload: over })).rejects.toMatchObject({ status: 413 });
    const big = functions.define(
      'exports.handler = (e, c, callback) => callback(null, Buffer.alloc(6 * 1024 * 1024 + 1));',
    );
    await expect(functions.invoke(big)).rejects.toMatchObject({ status: 413, code: 'EntityTooLarge' });
  });

  test('a runtime without interpreter is named, not replaced', async () => {
    const functions = ownFunctionRunner();
    const revision = functions.define(ECHO, { runtime: 'python2.7' });
    await expect(functions.invoke(revision)).rejects.toMatchObject({
      status: 502,
      code: 'RuntimeNotAvailable',
      message: expect.stringContaining("runtime 'python2.7' needs python 2.7 on the engine host"),
    });
  });
});

describe('time limit', () => {
  test('with concurrency 1 the instance gets SIGTERM and is gone; the next call has a new one', async () => {
    const functions = ownFunctionRunner();
    const revision = functions.define(
      "process.on('SIGTERM', () => console.log('asked to end')); exports.handler = (event, c, callback) => { if (event.length === 0) callback(null, 'ok'); };",
      { timeoutMs: 300 },
    );
    const first = await functions.invoke(revision);
    const late = await functions.invoke(revision, { payload: Buffer.from('x') });
    expect(late).toMatchObject({ outcome: 'unhandled-error', instanceId: first.instanceId });
    expect(late.log.toString()).toContain(', Error: Function timed out after 0.3 seconds\n');
    const next = await functions.invoke(revision);
    expect(next.instanceId).not.toBe(first.instanceId);
    await expect.poll(() => functions.runner.stats.instances).toBe(1);
    const messages = functions.lines(revision);
    expect(messages).toContainEqual(expect.stringContaining('asked to end'));
  });

  test('with several calls only the late one is answered, the others end well, then the instance goes', async () => {
    const functions = ownFunctionRunner();
    const revision = functions.define(SLOW, { instanceConcurrency: 4, timeoutMs: 400 });
    await functions.invoke(revision, { payload: Buffer.from('1') });
    const late = functions.invoke(revision, { payload: Buffer.from('5000') });
    await new Promise((resolve) => {
      setTimeout(resolve, 250);
    });
    const good = functions.invoke(revision, { payload: Buffer.from('200') });
    const [lateResult, goodResult] = await Promise.all([late, good]);
    expect([lateResult.outcome, goodResult.outcome]).toEqual(['unhandled-error', 'ok']);
    expect(goodResult.instanceId).toBe(lateResult.instanceId);
    await expect.poll(() => functions.runner.stats.instances).toBe(0);
  });
});

describe('a hostile or dying instance', () => {
  const HOSTILE: [string, string][] = [
    ['garbage', "Buffer.from('garbage that is no frame at all')"],
    ['an answer to a call that does not exist', 'Buffer.from([0, 0, 0, 0, 0x82, 0, 0, 0, 99])'],
    ['a length over every limit', 'Buffer.from([0xff, 0xff, 0xff, 0xff, 0x82, 0, 0, 0, 2])'],
    ['a second ready', 'Buffer.from([0, 0, 0, 0, 0x81, 0, 0, 0, 0])'],
  ];
  for (const [title, bytes] of HOSTILE)
    test(`that writes ${title} to its socket is ended, and nobody else`, async () => {
      const functions = ownFunctionRunner();
      const neighbour = functions.define(ECHO);
      const before = await functions.invoke(neighbour);
      const hostile = functions.define(`exports.handler = () => { require('fs').writeSync(3, ${bytes}); };`);
      const result = await functions.invoke(hostile);
      expect(result.outcome).toBe('unhandled-error');
      expect(result.log.toString()).toContain(', Error: Process ended by the engine: ');
      const after = await functions.invoke(neighbour);
      expect(after).toMatchObject({ outcome: 'ok', coldStart: false, instanceId: before.instanceId });
    });

  test('that makes up numbers of calls in its log keeps one unfinished line for all of them', async () => {
    const functions = ownFunctionRunner();
    const revision = functions.define(`const frame = (call, text) =>
      require('fs').writeSync(3, Buffer.concat([Buffer.from([0, 0, 0, text.length, 0x86, 0, 0, 1, call]), Buffer.from(text)]));
    exports.handler = async () => { for (let call = 0; call < 100; call += 1) frame(call, 'x'); frame(100, '\\n'); };`);
    await functions.invoke(revision);
    expect(functions.lines(revision)).toContain('x'.repeat(100));
  });

  test('that closes its socket is ended', async () => {
    const functions = ownFunctionRunner();
    const revision = functions.define("exports.handler = () => { require('fs').closeSync(3); };");
    expect(await functions.invoke(revision)).toMatchObject({ outcome: 'unhandled-error' });
    await expect.poll(() => functions.runner.stats.instances).toBe(0);
  });

  test('that died between two calls costs the next call nothing', async () => {
    const functions = ownFunctionRunner();
    const revision = functions.define(
      "exports.handler = (event, c, callback) => { callback(null, 'ok'); if (event.length > 0) setTimeout(() => process.exit(0), 1); };",
    );
    for (let round = 0; round < 5; round += 1) {
      await functions.invoke(revision, { payload: Buffer.from('die') });
      await expect.poll(() => functions.runner.stats.instances).toBe(0);
      expect((await functions.invoke(revision)).outcome).toBe('ok');
    }
  });

  test('that is dead before it takes the request is replaced, and the call runs once', async () => {
    const functions = ownFunctionRunner();
    const revision = functions.define(ECHO, { environment: { MARK: 'dead-before' } });
    const first = await functions.invoke(revision);
    for (const pid of processesWith('MARK=dead-before')) process.kill(pid, 'SIGKILL');
    // Blocks this process, so that the engine has no chance to hear of the death before it writes.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    const second = await functions.invoke(revision, { payload: Buffer.from('again') });
    expect(second).toMatchObject({ outcome: 'ok', coldStart: true });
    expect(second.body.toString()).toBe('again');
    expect(second.instanceId).not.toBe(first.instanceId);
  });

  test('that crashes with several calls answers each of them', async () => {
    const functions = ownFunctionRunner();
    const revision = functions.define(
      "exports.handler = (event) => { if (event.length > 0) setTimeout(() => process.kill(process.pid, 'SIGKILL'), 50); };",
      { instanceConcurrency: 5 },
    );
    const results = await times(5, (index) =>
      functions.invoke(revision, { payload: Buffer.from(index === 4 ? 'x' : '') }),
    );
    for (const result of results) {
      expect(result.outcome).toBe('unhandled-error');
      expect(result.body.toString()).toContain('Process exited unexpectedly before completing request');
    }
    const messages = functions.lines(revision);
    expect(
      messages.filter((message) => message.endsWith(', Error: Process exited with signal SIGKILL')),
    ).toHaveLength(5);
  });
});

describe('logs', () => {
  test('lines of overlapping calls carry their own request id, console included', async () => {
    const functions = ownFunctionRunner();
    const revision = functions.define(
      "exports.handler = async (event, context) => { console.log('begin'); await new Promise((r) => setTimeout(r, 30)); console.log('end'); context.logger.info('own'); };",
      { instanceConcurrency: 8 },
    );
    await functions.invoke(revision);
    await times(8, (index) => functions.invoke(revision, { requestId: `call-${index}` }));
    const lines = functions.runner.recentLog(revision.service, revision.function);
    for (let index = 0; index < 8; index += 1) {
      const own = lines.filter((line) => line.requestId === `call-${index}`).map((line) => line.message);
      expect(own).toEqual([
        `FC Invoke Start RequestId: call-${index}`,
        expect.stringContaining(` call-${index} [verbose] begin`),
        expect.stringContaining(` call-${index} [verbose] end`),
        expect.stringContaining(` call-${index} [info] own`),
        `FC Invoke End RequestId: call-${index}`,
      ]);
    }
  });

  test('with several calls at once no tail is given out', async () => {
    const functions = ownFunctionRunner();
    const { log } = await functions.invoke(functions.define(ECHO, { instanceConcurrency: 2 }));
    expect(log).toHaveLength(0);
  });

  test('a function that writes without end costs bounded memory', async () => {
    const functions = ownFunctionRunner();
    const revision = functions.define(
      "exports.handler = async () => { const text = 'x'.repeat(80); for (let i = 0; i < 200000; i += 1) console.log(text); return 1; };",
      { timeoutMs: 60_000 },
    );
    const before = process.memoryUsage().rss;
    const result = await functions.invoke(revision);
    expect(result.outcome).toBe('ok');
    expect(functions.lines(revision).length).toBeLessThanOrEqual(1000);
    expect((process.memoryUsage().rss - before) / 1024 ** 2).toBeLessThan(150);
  }, 60_000);

  test('lines reach the file', async () => {
    const functions = ownFunctionRunner();
    await functions.invoke(functions.define("exports.handler = async () => console.log('kept');"));
    const path = `${functions.home}/engine/logs/functions.log`;
    await expect
      .poll(() => readFileSync(path, 'utf8'))
      .toMatch(/\tshop\/f1\tLATEST\tc-[0-9a-f]+\trequest-1\t.*kept\n/);
  });
});

describe('close', () => {
  test('lets running calls finish within the grace, refuses new ones and leaves no process', async () => {
    const functions = ownFunctionRunner();
    const revision = functions.define(SLOW, { environment: { MARK: 'close-test' } });
    const running = functions.invoke(revision, { payload: Buffer.from('300') });
    await expect.poll(() => functions.runner.stats.busy).toBe(1);
    const closed = functions.runner.close(5_000);
    await expect(functions.invoke(revision)).rejects.toMatchObject({ status: 503 });
    expect((await running).outcome).toBe('ok');
    await closed;
    expect(functions.runner.stats).toMatchObject({ instances: 0, busy: 0 });
    expect(processesWith('MARK=close-test')).toEqual([]);
  });

  test('ends calls that run longer than the grace', async () => {
    const functions = ownFunctionRunner();
    const running = functions.invoke(functions.define(SLOW), { payload: Buffer.from('4000') });
    await expect.poll(() => functions.runner.stats.busy).toBe(1);
    await functions.runner.close(50);
    expect((await running).outcome).toBe('unhandled-error');
  });
});

describe('without a sandbox', () => {
  test('the same shim runs as a plain child, and its children end with it', async () => {
    const functions = ownFunctionRunner({}, 'off');
    const revision = functions.define(
      "const child = require('child_process').spawn('sleep', ['300'], {stdio: 'ignore'}); exports.handler = async () => ({code: process.env.FC_FUNC_CODE_PATH, cwd: process.cwd(), home: process.env.HOME, secret: process.env.SLUICE_TEST_SECRET, pid: child.pid});",
    );
    process.env['SLUICE_TEST_SECRET'] = 'must not be seen';
    const seen = JSON.parse((await functions.invoke(revision)).body.toString()) as Record<string, string>;
    expect(seen).toMatchObject({ code: `${revision.codeFolder}/`, cwd: revision.codeFolder, home: '/tmp' });
    expect(seen['secret']).toBeUndefined();
    await functions.runner.close(0);
    await expect.poll(() => isAlive(Number(seen['pid']))).toBe(false);
  });
});

afterAll(() => {
  delete process.env['SLUICE_TEST_SECRET'];
});

/** Numbers of the processes that were started with `text` in their environment. */
function processesWith(text: string): number[] {
  const numbers = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return numbers.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(text);
    } catch {
      return false;
    }
  });
}
