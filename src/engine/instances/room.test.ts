/** Who gets an instance when there is not enough room for all: memory, hang-ups, overload. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { describe, expect, test } from 'vitest';
import { ownFunctionRunner, type FunctionRunner } from '../../../test/support/function-runner.ts';
import type { Revision } from '../invoke/contract.ts';

const PATIENT = { timeout: 10_000 };
const SLOW =
  "exports.handler = (event, context, callback) => setTimeout(() => callback(null, 'ok'), Number(event.toString() || 50));";

/** A function whose calls end once a file of their event's name is there: outside of a sandbox, where it sees it. */
function gated(limits: Parameters<typeof ownFunctionRunner>[0] = {}, settings: Partial<Revision> = {}) {
  const functions = ownFunctionRunner(limits, 'off');
  const code = `const fs = require('fs'); exports.handler = (event, context, callback) => { console.log('has ' + event); const look = () => (fs.existsSync('${functions.home}/' + event) ? callback(null, event) : setTimeout(look, 5)); look(); };`;
  const revision = functions.define(code, { timeoutMs: 60_000, ...settings });
  const release = (event: string) => writeFileSync(join(functions.home, event), '');
  /** Calls it and waits until it has the call. */
  const begin = async (event: string) => {
    const result = functions.invoke(revision, { payload: Buffer.from(event) });
    await expect
      .poll(() => functions.lines(revision), PATIENT)
      .toContainEqual(expect.stringContaining(`has ${event}`));
    return { result };
  };
  return { functions, revision, release, begin };
}

/**
 * Customers of one function, who call it again and again. Resolves when it has so many instances.
 *
 * @returns lets them go; how often each was served
 */
async function crowd(functions: FunctionRunner, customers: number, instances: number) {
  const hot = functions.define(SLOW);
  const over = new AbortController();
  const customer = async (): Promise<number> => {
    let served = 0;
    while (!over.signal.aborted)
      try {
        await functions.invoke(hot, { payload: Buffer.from('100') });
        served += 1;
      } catch {
        // Refused: with fewer instances fewer may wait. It comes again.
        await new Promise((resolve) => {
          setTimeout(resolve, 20);
        });
      }
    return served;
  };
  const all = Array.from({ length: customers }, customer);
  await expect.poll(() => functions.runner.stats, PATIENT).toMatchObject({ instances, busy: instances });
  return () => {
    over.abort();
    return Promise.all(all);
  };
}

describe('a call', () => {
  test('goes to the instance with the fewest calls, of equal ones to the oldest', async () => {
    const { functions, revision, release, begin } = gated({}, { instanceConcurrency: 3 });
    release('warm');
    const { instanceId: first } = await functions.invoke(revision, { payload: Buffer.from('warm') });
    const calls = [];
    // Three fill the first instance, the fourth needs another.
    for (const event of ['a', 'b', 'c', 'd']) calls.push(await begin(event));
    const [a, b, c, d] = calls;
    const next = async (event: string) => {
      const call = await begin(event);
      calls.push(call);
      return call;
    };
    release('a');
    await a?.result;
    // Two in the first, one in the second.
    const e = await next('e');
    release('b');
    await b?.result;
    // One in the first, two in the second.
    const f = await next('f');
    release('e');
    await e.result;
    release('f');
    await f.result;
    // One in each.
    const g = await next('g');
    for (const event of ['c', 'd', 'g']) release(event);
    const ids = await Promise.all(
      [a, b, c, d, e, f, g].map(async (call) => (await call?.result)?.instanceId),
    );
    const second = ids[3];
    expect(second).not.toBe(first);
    expect(ids).toEqual([first, first, first, second, second, first, first]);
  });

  test('that waits is served in the order in which it came', async () => {
    const { functions, revision, release, begin } = gated({ instances: 1 });
    const running = await begin('first');
    const events = ['a', 'b', 'c', 'd', 'e'];
    for (const event of events) release(event);
    const order: string[] = [];
    const waiting = events.map(async (event) => {
      order.push((await functions.invoke(revision, { payload: Buffer.from(event) })).body.toString());
    });
    release('first');
    await Promise.all([running.result, ...waiting]);
    expect(order).toEqual(events);
  });

  test('of another function has an instance as soon as one is idle', async () => {
    const { functions, release, begin } = gated({ instances: 1, queueWaitMs: 60_000 });
    const other = functions.define(SLOW);
    const running = await begin('first');
    const waiting = functions.invoke(other);
    release('first');
    await running.result;
    expect((await waiting).outcome).toBe('ok');
  });

  test('of another function is not left out by one that is asked for more than there is room for', async () => {
    const functions = ownFunctionRunner({ instances: 1, queueWaitMs: 60_000 }, 'off');
    // One of them always waits, so that its instance is never idle.
    const leave = await crowd(functions, 2, 1);
    const other = functions.define(SLOW);
    for (const _ of ['first', 'again']) expect((await functions.invoke(other)).outcome).toBe('ok');
    for (const served of await leave()) expect(served).toBeGreaterThan(0);
  });

  test('of a large function has the memory of several small instances in its turn', async () => {
    const functions = ownFunctionRunner({ memoryMb: 512, queueWaitMs: 60_000 }, 'off');
    const leave = await crowd(functions, 6, 4);
    expect((await functions.invoke(functions.define(SLOW, { memoryMb: 384 }))).outcome).toBe('ok');
    for (const served of await leave()) expect(served).toBeGreaterThan(0);
  });
});

describe('memory of the host', () => {
  test('for a new instance the longest idle ones give way, as many as it needs', async () => {
    const functions = ownFunctionRunner({ memoryMb: 512 });
    const small = [functions.define(SLOW), functions.define(SLOW), functions.define(SLOW)];
    const ids: string[] = [];
    for (const revision of small) ids.push((await functions.invoke(revision)).instanceId);
    const large = functions.define(SLOW, { memoryMb: 384 });
    expect((await functions.invoke(large)).outcome).toBe('ok');
    // The newest of the small ones still fits beside it.
    expect(functions.runner.stats.instances).toBe(2);
    const again = await functions.invoke(small[2] ?? large);
    expect(again).toMatchObject({ coldStart: false, instanceId: ids[2] });
  });

  test('a call that finds no memory waits, and is refused with the numbers', async () => {
    const functions = ownFunctionRunner({ memoryMb: 256, queueWaitMs: 100 });
    const busy = functions.invoke(functions.define(SLOW, { memoryMb: 192 }), {
      payload: Buffer.from('1500'),
    });
    await expect.poll(() => functions.runner.stats.busy).toBe(1);
    await expect(functions.invoke(functions.define(SLOW))).rejects.toMatchObject({
      status: 429,
      code: 'ResourceExhausted',
      message:
        'the limit of 256 MB for all instances of this host is reached: 192 MB are taken, 128 MB are needed',
    });
    expect((await busy).outcome).toBe('ok');
  });
});

describe('starts at once', () => {
  test('a call that waits behind them in vain is told so, by both limits', async () => {
    const functions = ownFunctionRunner({ startsAtOnce: 1, queueWaitMs: 100 });
    const slow = functions.define(
      'exports.begin = (context, callback) => setTimeout(callback, 1500); exports.handler = async () => 1;',
      { initializer: 'index.begin' },
    );
    const starting = functions.invoke(slow);
    await expect(functions.invoke(functions.define(SLOW))).rejects.toMatchObject({
      status: 429,
      message:
        'no instance had room within the limit of 0.1 s, and the limit of 1 instances that start at once is reached',
    });
    expect((await starting).outcome).toBe('ok');
  });
});

describe('a caller that hangs up', () => {
  test('while it waits leaves the queue to those behind it, and its function is not called', async () => {
    const functions = ownFunctionRunner({ instances: 1, queueLength: 1 });
    const revision = functions.define(
      'let calls = 0; exports.handler = (event, context, callback) => { calls += 1; setTimeout(() => callback(null, String(calls)), 300); };',
    );
    await functions.invoke(revision);
    const running = functions.invoke(revision);
    let hangUp = (): void => undefined;
    const waiting = functions.invoke(revision, {
      onGone: (callback) => {
        hangUp = callback;
      },
    });
    const refused = expect(waiting).rejects.toMatchObject({ status: 499 });
    hangUp();
    await refused;
    const next = functions.invoke(revision);
    expect((await running).body.toString()).toBe('2');
    expect((await next).body.toString()).toBe('3');
  });
});

describe('ten times more calls than there is room for', () => {
  test('those over the queue are refused before any call ends, the rest are served in order', async () => {
    const functions = ownFunctionRunner({ instances: 4, queueLength: 8, queueWaitMs: 60_000 });
    const revision = functions.define(SLOW);
    await Promise.all(
      Array.from({ length: 4 }, () => functions.invoke(revision, { payload: Buffer.from('400') })),
    );
    const startedAt = performance.now();
    const order: string[] = [];
    const calls = Array.from({ length: 120 }, (_, index) =>
      functions.invoke(revision, { payload: Buffer.from('400') }).then(
        () => order.push(`served ${index}`),
        (error: { code: string }) => order.push(`${error.code} ${index}`),
      ),
    );
    await Promise.all(calls);
    expect(order.slice(0, 108).every((line) => line.startsWith('ResourceExhausted'))).toBe(true);
    expect(order.slice(108).sort()).toEqual(
      Array.from({ length: 12 }, (_, index) => `served ${index}`).sort(),
    );
    // Three turns of four; whoever is refused does not make the others wait.
    expect(performance.now() - startedAt).toBeGreaterThan(1_200 - 50);
    expect(functions.runner.stats).toMatchObject({ instances: 4, busy: 0 });
  });

  test('where that goes on, no more wait than run', async () => {
    const functions = ownFunctionRunner({ instances: 2, queueLength: 1_000, queueWaitMs: 60_000 }, 'off');
    const go = join(functions.home, 'go');
    const revision = functions.define(
      `exports.handler = (event, context, callback) => { const look = () => (require('fs').existsSync('${go}') ? callback(null, 'ok') : setTimeout(look, 5)); look(); };`,
      { timeoutMs: 60_000 },
    );
    const call = () =>
      functions.invoke(revision).then(
        () => 'served',
        (error: Error) => error.message,
      );
    const running = [call(), call()];
    await expect.poll(() => functions.runner.stats.busy, PATIENT).toBe(2);
    const waiting: Promise<string>[] = [];
    let refused = '';
    // Each look is one more that waits, until it may not.
    await expect
      .poll(() => {
        const one = call();
        waiting.push(one);
        void one.then((outcome) => {
          refused ||= outcome === 'served' ? '' : outcome;
          return outcome;
        });
        return refused;
      }, PATIENT)
      .toBe('the limit of 2 on-demand instances in region cn-test is reached');
    writeFileSync(go, '');
    expect(await Promise.all(running)).toEqual(['served', 'served']);
    await Promise.all(waiting);
  });
});
