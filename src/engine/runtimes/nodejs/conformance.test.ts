/** What a Node.js function may rely on, as a table over runtimes.md §2, §7, §11: handler in, outcome and bytes out. */
import { afterAll, describe, expect, test } from 'vitest';
import { createFunctionRunner } from '../../../../test/support/function-runner.ts';
import type { Invocation, Revision } from '../../invoke/contract.ts';

const functions = createFunctionRunner();
afterAll(() => functions.close());

interface Case {
  readonly title: string;
  readonly files: string | Record<string, string>;
  readonly settings?: Partial<Revision>;
  readonly call?: Partial<Invocation>;
  readonly outcome: 'ok' | 'handled-error' | 'unhandled-error';
  /** Text: the exact bytes. Object: the JSON matches. */
  readonly body: string | Record<string, unknown>;
}

async function check({ files, settings, call, outcome, body }: Case): Promise<void> {
  const result = await functions.invoke(functions.define(files, settings), call);
  const text = result.body.toString();
  expect({ outcome: result.outcome, body: text }).toEqual({ outcome, body: expect.any(String) });
  if (typeof body === 'string') expect(text).toBe(body);
  else expect(JSON.parse(text)).toMatchObject(body);
}

const value = (expression: string) =>
  `exports.handler = (event, context, callback) => callback(null, ${expression});`;

const VALUES: Case[] = [
  ['null', 'null', ''],
  ['undefined', 'undefined', ''],
  ['a Buffer', "Buffer.from('bytes')", 'bytes'],
  ['an object', '{a: [1, null]}', '{"a":[1,null]}'],
  ['a string', "'text é'", 'text é'],
  ['a number', '1.5', '1.5'],
  ['a boolean', 'false', 'false'],
  ['an empty string', "''", ''],
  ['a function', '() => 1', 'function Function() { [native code] }'],
].map(([title = '', expression = '', body = '']) => ({
  title,
  files: value(expression),
  outcome: 'ok',
  body,
}));

const FORMS: Case[] = [
  {
    title: 'the event is a Buffer, also for JSON',
    files: value('String(Buffer.isBuffer(event)) + event.length'),
    call: { payload: Buffer.from('{"a":1}') },
    outcome: 'ok',
    body: 'true7',
  },
  {
    title: 'only the first callback counts',
    files: "exports.handler = (e, c, callback) => { callback(null, 'one'); callback(new Error('two')); };",
    outcome: 'ok',
    body: 'one',
  },
  {
    title: 'a promise that resolves with a value answers',
    files: 'exports.handler = async (event, context, callback) => ({id: context.requestId});',
    call: { requestId: 'r-77' },
    outcome: 'ok',
    body: '{"id":"r-77"}',
  },
  {
    title: 'a promise of undefined leaves the answer to a declared callback',
    files: "exports.handler = async (e, c, callback) => { setTimeout(() => callback(null, 'late'), 20); };",
    outcome: 'ok',
    body: 'late',
  },
  {
    title: 'a promise of undefined answers where no callback is declared, for there is no other way',
    files: 'exports.handler = async () => {};',
    outcome: 'ok',
    body: '',
  },
  {
    title: 'a handler file may lie in folders',
    files: { 'src/app/main.js': value("'deep'") },
    settings: { handler: 'src/app/main.handler' },
    outcome: 'ok',
    body: 'deep',
  },
  {
    title: 'an .mjs file is an ES module',
    files: { 'index.mjs': "export const handler = async () => 'module';" },
    outcome: 'ok',
    body: 'module',
  },
  {
    title: 'a package of type module is ES modules',
    files: { 'package.json': '{"type":"module"}', 'index.js': "export const handler = async () => 'typed';" },
    outcome: 'ok',
    body: 'typed',
  },
  {
    title: 'modules of the package are found',
    files: {
      'index.js': "exports.handler = async () => require('dep');",
      'node_modules/dep/index.js': "module.exports = 'dependency';",
    },
    outcome: 'ok',
    body: 'dependency',
  },
];

const FAILURES: Case[] = [
  {
    title: 'callback with an Error',
    files: "exports.handler = (e, c, callback) => callback(new TypeError('no'));",
    outcome: 'handled-error',
    body: {
      errorMessage: 'no',
      errorType: 'TypeError',
      stackTrace: expect.arrayContaining([expect.stringMatching(/^at .*\/code\/index\.js:1:/)]),
    },
  },
  {
    title: 'callback with a text has a message only',
    files: "exports.handler = (e, c, callback) => callback('wrong');",
    outcome: 'handled-error',
    body: '{"errorMessage":"wrong"}',
  },
  {
    title: 'a throw',
    files: "exports.handler = () => { throw new RangeError('far'); };",
    outcome: 'unhandled-error',
    body: { errorMessage: 'far', errorType: 'RangeError', stackTrace: expect.any(Array) },
  },
  {
    title: 'a rejected promise',
    files: "exports.handler = async () => { throw new Error('later'); };",
    outcome: 'unhandled-error',
    body: { errorMessage: 'later', errorType: 'Error' },
  },
  {
    title: 'a value that is no JSON',
    files: 'exports.handler = (e, c, callback) => { const a = {}; a.a = a; callback(null, a); };',
    outcome: 'unhandled-error',
    body: { errorType: 'TypeError' },
  },
  {
    title: 'a handler without a dot',
    files: value('1'),
    settings: { handler: 'handler' },
    outcome: 'unhandled-error',
    body: '{"errorMessage":"Invalid handler \'handler\'","errorType":"InvalidHandlerName"}',
  },
  {
    title: 'a missing file',
    files: value('1'),
    settings: { handler: 'other.handler' },
    outcome: 'unhandled-error',
    body: '{"errorMessage":"Module \'/code/other.js\' is missing.","errorType":"ImportModuleError"}',
  },
  {
    title: 'a missing export',
    files: value('1'),
    settings: { handler: 'index.nothing' },
    outcome: 'unhandled-error',
    body: '{"errorMessage":"Handler \'nothing\' is missing on module \'index\'","errorType":"HandlerNotFound"}',
  },
  {
    title: 'a missing dependency',
    files: "require('not-there');",
    outcome: 'unhandled-error',
    body: {
      errorMessage: expect.stringContaining("Cannot find module 'not-there'"),
      errorType: 'ImportModuleError',
    },
  },
  {
    title: 'a syntax error',
    files: 'exports.handler = (',
    outcome: 'unhandled-error',
    body: { errorMessage: "Syntax error in module 'index'", errorType: 'UserCodeSyntaxError' },
  },
  {
    title: 'a throw while loading',
    files: "JSON.parse('{');",
    outcome: 'unhandled-error',
    body: { errorType: 'SyntaxError', errorMessage: expect.stringContaining('JSON') },
  },
  {
    title: 'process.exit',
    files: 'exports.handler = () => process.exit(3);',
    outcome: 'unhandled-error',
    body: {
      errorMessage: expect.stringMatching(
        /^Process exited unexpectedly before completing request \(duration: \d+ms, maxMemoryUsage: \d+\.\d\dMB\)$/,
      ),
    },
  },
  {
    title: 'an uncaught exception ends the process',
    files: "exports.handler = () => setTimeout(() => { throw new Error('lost'); });",
    outcome: 'unhandled-error',
    body: { errorMessage: expect.stringContaining('Process exited unexpectedly') },
  },
  {
    title: 'the time limit',
    files: 'exports.handler = () => {};',
    settings: { timeoutMs: 300 },
    outcome: 'unhandled-error',
    body: {
      errorMessage: expect.stringMatching(
        /^Function timed out after 0\.3 seconds \(maxMemoryUsage: \d+\.\d\dMB\)$/,
      ),
    },
  },
  {
    title: 'the time limit for a loop that never yields',
    files: 'exports.handler = () => { for (;;); };',
    settings: { timeoutMs: 300 },
    outcome: 'unhandled-error',
    body: { errorMessage: expect.stringContaining('Function timed out after 0.3 seconds') },
  },
];

const INITIALIZERS: Case[] = [
  {
    title: 'runs once before the first call',
    files:
      'let n = 0; exports.init = (context, callback) => { n += 1; callback(); }; exports.handler = async () => String(n);',
    settings: { initializer: 'index.init' },
    outcome: 'ok',
    body: '1',
  },
  {
    title: 'may be an async function',
    files: 'let n = 0; exports.init = async () => { n = 5; }; exports.handler = async () => String(n);',
    settings: { initializer: 'index.init' },
    outcome: 'ok',
    body: '5',
  },
  {
    title: 'its error is the error of the waiting call',
    files:
      "exports.init = (c, callback) => callback(new Error('no database')); exports.handler = async () => 1;",
    settings: { initializer: 'index.init' },
    outcome: 'unhandled-error',
    body: { errorMessage: 'no database', errorType: 'Error' },
  },
  {
    title: 'its exit is a process exit',
    files: 'exports.init = () => process.exit(0); exports.handler = async () => 1;',
    settings: { initializer: 'index.init' },
    outcome: 'unhandled-error',
    body: { errorMessage: expect.stringContaining('Process exited unexpectedly') },
  },
  {
    title: 'its time limit',
    files: 'exports.init = () => {}; exports.handler = async () => 1;',
    settings: { initializer: 'index.init', initializationTimeoutMs: 200 },
    outcome: 'unhandled-error',
    body: '{"errorMessage":"Function initialization timed out after 0.2 seconds"}',
  },
];

describe('values on the wire', () => {
  for (const each of VALUES) test(each.title, () => check(each));
});
describe('forms of a handler', () => {
  for (const each of FORMS) test(each.title, () => check(each));
});
describe('failures', () => {
  for (const each of FAILURES) test(each.title, () => check(each));
});
describe('initializer', () => {
  for (const each of INITIALIZERS) test(each.title, () => check(each));
});

describe('context', () => {
  test('has every member of the contract, and a logger that stays out of its JSON', async () => {
    const revision = functions.define(
      'exports.init = (context, callback) => callback(); exports.handler = async (event, context) => ({context, logger: Object.keys(Object.getPrototypeOf(context.logger)).join()});',
      { versionId: '7', initializer: 'index.init', memoryMb: 256 },
    );
    const result = await functions.invoke(revision, { requestId: 'abc', qualifier: 'PROD', retryCount: 2 });
    expect(JSON.parse(result.body.toString())).toEqual({
      context: {
        requestId: 'abc',
        credentials: { accessKeyId: '', accessKeySecret: '', securityToken: '' },
        function: {
          name: revision.function,
          handler: 'index.handler',
          memory: 256,
          timeout: 5,
          initializer: 'index.init',
          initializationTimeout: 3,
        },
        service: {
          name: 'shop',
          logProject: 'project',
          logStore: 'store',
          qualifier: 'PROD',
          versionId: '7',
        },
        region: 'cn-test',
        accountId: '1234567890123456',
        retryCount: 2,
        tracing: { openTracingSpanContext: '', openTracingSpanBaggages: {}, jaegerEndpoint: '' },
      },
      logger: 'silly,debug,verbose,info,warn,error',
    });
  });

  test('says of a probe that it is one, in the log too — its author may leave out what costs', async () => {
    const revision = functions.define(
      'exports.handler = async (event, context) => [String(context.probe), context.retryCount];',
    );
    const probe = await functions.invoke(revision, { isProbe: true, retryCount: 5 });
    expect(JSON.parse(probe.body.toString())).toEqual(['true', 5]);
    expect(probe.log.toString()).toContain('Sluice probe: a synthetic request');
    const call = await functions.invoke(revision);
    expect(JSON.parse(call.body.toString())).toEqual(['undefined', 0]);
    expect(call.log.toString()).not.toContain('probe');
  });

  test('what one call changes in it, the next does not see', async () => {
    const revision = functions.define(
      "exports.handler = async (event, context) => { const was = context.service.name; context.service.name = 'x'; return was; };",
    );
    await functions.invoke(revision);
    expect((await functions.invoke(revision)).body.toString()).toBe('shop');
  });
});

describe('log', () => {
  const lines = (log: Buffer) => log.toString().trimEnd().split('\n');

  test('console lines carry time, request id and level between the brackets of their call', async () => {
    const revision = functions.define(
      "exports.handler = (e, context, callback) => { console.log('a %d', 1); console.info('two\\nlines'); console.error({b: 2}); context.logger.warn('own'); process.stdout.write('raw\\nopen'); callback(null, ''); };",
    );
    const { log } = await functions.invoke(revision, { requestId: 'id-1' });
    const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
    expect(lines(log)).toEqual([
      'FC Invoke Start RequestId: id-1',
      'load code for handler:index.handler',
      expect.stringMatching(new RegExp(`^${time} id-1 \\[verbose\\] a 1$`)),
      expect.stringMatching(new RegExp(`^${time} id-1 \\[info\\] two\rlines$`)),
      expect.stringMatching(new RegExp(`^${time} id-1 \\[error\\] \\{ b: 2 \\}$`)),
      expect.stringMatching(new RegExp(`^${time} id-1 \\[warn\\] own$`)),
      'raw',
      'open',
      'FC Invoke End RequestId: id-1',
      expect.stringMatching(
        /^Duration: [\d.]+ ms, Billed Duration: \d+ ms, Memory Size: 128 MB, Max Memory Used: [\d.]+ MB$/,
      ),
    ]);
  });

  test('console.setLogLevel filters what lies below', async () => {
    const revision = functions.define(
      "exports.handler = async () => { console.setLogLevel('warn'); console.log('low'); console.warn('high'); return 1; };",
    );
    const text = (await functions.invoke(revision)).log.toString();
    expect(text).toContain('[warn] high');
    expect(text).not.toContain('low');
  });

  test('what child processes write belongs to the call as well', async () => {
    const revision = functions.define(
      "exports.handler = async () => { require('child_process').execSync('echo from a child; echo bad >&2', {stdio: 'inherit'}); return 1; };",
    );
    const text = (await functions.invoke(revision)).log.toString();
    expect(text).toContain('\nfrom a child\n');
    expect(text).toContain('\nbad\n');
  });

  test('the end line names the kind of failure', async () => {
    const handled = functions.define("exports.handler = (e, c, callback) => callback('x');");
    const unhandled = functions.define("exports.handler = () => { throw new Error('x'); };");
    const exit = functions.define('exports.handler = () => process.exit(4);');
    expect((await functions.invoke(handled)).log.toString()).toContain(', Error: Handled function error\n');
    expect((await functions.invoke(unhandled)).log.toString()).toContain(
      ', Error: Unhandled function error\n',
    );
    expect((await functions.invoke(exit)).log.toString()).toContain(', Error: Process exited with code 4\n');
  });

  test('a tail has at most 4 KB, its newest part', async () => {
    const revision = functions.define(
      "exports.handler = async () => { for (let i = 0; i < 500; i += 1) console.log('line ' + i); return 1; };",
    );
    const { log } = await functions.invoke(revision);
    expect(log.length).toBeLessThanOrEqual(4096);
    expect(log.toString()).toContain('line 499\n');
    expect(log.toString()).not.toContain('line 1\n');
  });
});
