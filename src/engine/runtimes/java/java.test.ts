/** What only Java has (runtimes.md §4): its handlers' kinds, class loader, heap, servlets. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFunctionRunner, ownFunctionRunner } from '../../../../test/support/function-runner.ts';
import { expectHooksOfOneObject } from '../../../../test/support/hooks.ts';
import { compileJava, jarOf, type ClassFiles } from '../../../../test/support/java-classes.ts';
import { prepareRuntime } from '../../../../test/support/prepared-runtime.ts';
import { loadConfig } from '../../../platform/config.ts';
import type { Invocation, InvocationResult, Revision } from '../../invoke/contract.ts';
import { findJres } from './jre.ts';
import { LIBRARIES, verifyLibraries } from './libraries.ts';
import { JAVA } from './runtime.ts';
import { ShimBuild } from './shim-build.ts';
import { SOURCES } from './java-test-sources.ts';

const { cache } = loadConfig();
const state = await prepareRuntime('java8');

test('an interpreter that is none is said, and not used', () => {
  const { state } = JAVA.look('java11', { interpreters: { java11: '/bin/true' }, cache });
  expect(state).toEqual({
    state: 'missing',
    reason: expect.stringContaining("'java11' needs a JRE >= 11 on the engine host; found: /bin/true"),
  });
});

describe.skipIf(state.state === 'missing')('functions', () => {
  const functions = createFunctionRunner({}, 'on', { cache });
  let classes: ReadonlyMap<string, ClassFiles> = new Map();
  beforeAll(async () => {
    classes = await compileJava(SOURCES);
  });
  afterAll(() => functions.close());

  function define(name: string, settings: Partial<Revision> = {}, more: ClassFiles = {}): Revision {
    return functions.define(
      { ...classes.get(name), ...more },
      { runtime: 'java8', handler: `${name}::handleRequest`, ...settings },
    );
  }
  function call(name: string, event = '', settings: Partial<Revision> = {}, more: Partial<Invocation> = {}) {
    return functions.invoke(define(name, settings), { payload: Buffer.from(event), ...more });
  }
  const textOf = ({ body }: InvocationResult) => body.toString();
  const errorOf = ({ outcome, body }: InvocationResult) => {
    expect(outcome).toBe('unhandled-error');
    return JSON.parse(body.toString()) as Record<string, unknown>;
  };

  describe('a Pojo handler', () => {
    test('gets its own type, and answers its own — JSON by properties, members unknown to the type left out', async () => {
      const result = await call('t.Greeter', '{"name":"Ada","age":36,"tags":["a"],"other":1}');
      expect(textOf(result)).toBe('{"greeting":"Hello Ada a","older":37}');
    });

    test('gets null for an empty event, and answers null by its word', async () => {
      expect(textOf(await call('t.Greeter'))).toBe('null');
    });

    test('is not called with what is no JSON of its type', async () => {
      expect(errorOf(await call('t.Greeter', '{"age":"x"}'))).toMatchObject({
        errorType: 'java.lang.IllegalArgumentException',
        errorMessage: expect.stringContaining('the event is not JSON of t.Greeter$Person: '),
      });
    });
  });

  test('an event call needs a handler of events — the error names what would be one', async () => {
    expect(errorOf(await call('t.Servlet'))).toEqual({
      errorType: 'HandlerNotFound',
      errorMessage:
        "Handler 'handleRequest' of class 't.Servlet' is not StreamRequestHandler.handleRequest or PojoRequestHandler.handleRequest, which this call needs",
    });
  });

  test('byte code of a newer Java than the JRE is said with both versions', async () => {
    const bytes = Buffer.from(classes.get('t.Own')?.['t/Own.class'] ?? []);
    bytes.writeUInt16BE(200, 6);
    const revision = define('t.Own', {}, { 't/Own.class': bytes });
    expect(errorOf(await functions.invoke(revision))).toMatchObject({
      errorType: 'java.lang.UnsupportedClassVersionError',
      errorMessage: expect.stringContaining('class file version 200.0'),
    });
  });

  test('a package may carry its own libraries and the interfaces, the shim and its libraries stay unseen', async () => {
    const api = new ShimBuild(cache, findJres()).folder;
    const revision = define(
      't.Own',
      {},
      { 'copy.jar': await jarOf(classes.get('com.fasterxml.jackson.core.Version') ?? {}) },
    );
    cpSync(join(api, 'fc-java-core-1.4.1.jar'), join(revision.codeFolder, 'fc-java-core.jar'));
    expect(textOf(await functions.invoke(revision))).toBe('own absent absent');
  });

  test('the heap is at most 90 % of the memory, and what does not fit is an error of the call', async () => {
    const revision = define('t.Memory', { memoryMb: 256 });
    const limitMb = Number(textOf(await functions.invoke(revision)));
    expect(limitMb).toBeGreaterThan(200);
    expect(limitMb).toBeLessThanOrEqual(230);
    const failed = await functions.invoke(revision, { payload: Buffer.from('300') });
    expect(errorOf(failed)).toMatchObject({ errorType: 'java.lang.OutOfMemoryError' });
    expect((await functions.invoke(revision)).instanceId).toBe(failed.instanceId);
  });

  test('the logger has six levels, and leaves out those below its own; one message is one line', async () => {
    const { log } = await call('t.Levels', '', {}, { requestId: 'id-1' });
    const lines = log.toString().split('\n');
    const texts = lines.filter((line) => line.includes('] [id-1] ')).map((line) => line.slice(24));
    expect(texts).toEqual([
      '[TRACE] [id-1] 1',
      '[DEBUG] [id-1] 2',
      '[INFO] [id-1] 3',
      '[WARN] [id-1] 4\rand 5',
      '[ERROR] [id-1] 6',
      '[FATAL] [id-1] null',
    ]);
  });

  test('what is printed belongs to the call whose thread, or whose thread’s child, printed it', async () => {
    const revision = define('t.Printer', { instanceConcurrency: 2 });
    await functions.invoke(revision, { payload: Buffer.from('warm') });
    await Promise.all(
      ['a', 'b'].map((event) =>
        functions.invoke(revision, { requestId: `id-${event}`, payload: Buffer.from(event) }),
      ),
    );
    const lines = functions.runner.recentLog(revision.service, revision.function);
    for (const event of ['a', 'b'])
      expect(
        lines.filter(({ message }) => message.endsWith(` ${event}`)).map(({ requestId }) => requestId),
      ).toEqual([`id-${event}`, `id-${event}`]);
  });

  test('reflection reaches what Java 8 let it reach', async () => {
    expect(textOf(await call('t.Reflection', 'abc'))).toBe('true');
  });

  describe('a servlet', () => {
    test('reads parameters of query and form, cookies, dates, languages', async () => {
      const { body, status } = await functions.request(
        define('t.Servlet'),
        {
          method: 'POST',
          path: '/read/a%20b+c',
          base: '/2016-08-15/proxy/shop/f',
          query: 'k=1&k=x+y%21&%zz=odd',
          headers: [
            ['host', 'example.com:8080'],
            ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
            ['cookie', 'c=1; path=x; d="2"'],
            ['accept-language', 'de;q=0.5, fr'],
            ['if-modified-since', 'Sun, 06 Nov 1994 08:49:37 GMT'],
          ],
        },
        { payload: Buffer.from('k=form&e=') },
      );
      expect(status).toBe(200);
      expect(body.split('\n')).toEqual([
        'k=1,x y!,form %zz=odd e=',
        'c=1 d="2"',
        '784111777000 fr de',
        '/read/a b+c|/2016-08-15/proxy/shop/f/read/a%20b+c|http://example.com:8080/2016-08-15/proxy/shop/f/read/a%20b+c',
        'example.com 8080 utf-8 9 null',
      ]);
    });

    test('may redirect, and send an error in place of what it wrote', async () => {
      const revision = define('t.Servlet');
      const moved = await functions.request(revision, { path: '/redirect' });
      expect(moved).toMatchObject({ status: 302, headers: [['Location', '/other']], body: '' });
      const failed = await functions.request(revision, { path: '/error' });
      expect(failed).toMatchObject({
        status: 418,
        headers: [['Content-Type', 'text/plain; charset=utf-8']],
        body: 'é',
      });
    });

    test('writes in the charset that it names', async () => {
      const { headers, body } = await functions.request(define('t.Servlet'), { path: '/charset' });
      expect(headers).toEqual([
        ['Content-Type', 'text/html; charset=utf-16be'],
        ['X-Date', 'Thu, 01 Jan 1970 00:00:00 GMT'],
        ['Set-Cookie', 's=1; Path=/; Max-Age=60; Secure; HttpOnly'],
      ]);
      expect(body).toBe('\0h\0i');
    });
  });

  test("hooks run on the handler's own object, before the instance is frozen and before it goes", async () => {
    const own = ownFunctionRunner({ freezeMs: 0 }, 'on', { cache });
    const revision = own.define(
      { ...classes.get('t.Hooks') },
      {
        runtime: 'java8',
        handler: 't.Hooks::handleRequest',
        hooks: {
          preFreeze: { handler: 't.Hooks::preFreeze', timeoutMs: 10_000 },
          preStop: { handler: 't.Hooks::preStop', timeoutMs: 10_000 },
        },
      },
    );
    await expectHooksOfOneObject(own, revision);
  });

  test('runs without a sandbox where the operator switched it off', async () => {
    const bare = ownFunctionRunner({}, 'off', { cache });
    const revision = bare.define(
      { ...classes.get('t.Own') },
      { runtime: 'java11', handler: 't.Own::handleRequest' },
    );
    expect((await bare.invoke(revision)).body.toString()).toBe('absent absent absent');
  });

  test('a library with other bytes than the pinned ones is refused by name', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-libraries-'));
    try {
      for (const name of Object.keys(LIBRARIES))
        cpSync(join(new ShimBuild(cache, findJres()).folder, name), join(folder, name));
      expect(() => verifyLibraries(folder)).not.toThrow();
      writeFileSync(join(folder, 'jackson-core-2.17.3.jar'), 'other');
      expect(() => verifyLibraries(folder)).toThrow('Maven brought another jackson-core-2.17.3.jar');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
