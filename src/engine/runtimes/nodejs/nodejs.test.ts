/** What only Node.js has (runtimes.md §2): forms of a handler, callbacks and promises, its console. */
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

const FORMS: Case[] = [
  {
    title: 'the event is a Buffer, also for JSON',
    files: value('String(Buffer.isBuffer(event)) + event.length'),
    call: { payload: Buffer.from('{"a":1}') },
    outcome: 'ok',
    body: 'true7',
  },
  { title: 'undefined is an empty body', files: value('undefined'), outcome: 'ok', body: '' },
  {
    title: "a function is its constructor's text",
    files: value('() => 1'),
    outcome: 'ok',
    body: 'function Function() { [native code] }',
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
    title: 'an initializer may be an async function',
    files: 'let n = 0; exports.init = async () => { n = 5; }; exports.handler = async () => String(n);',
    settings: { initializer: 'index.init' },
    outcome: 'ok',
    body: '5',
  },
];

const FAILURES: Case[] = [
  {
    title: 'callback with a text has a message only',
    files: "exports.handler = (e, c, callback) => callback('wrong');",
    outcome: 'handled-error',
    body: '{"errorMessage":"wrong"}',
  },
  {
    title: 'a rejected promise',
    files: "exports.handler = async () => { throw new Error('later'); };",
    outcome: 'unhandled-error',
    body: { errorMessage: 'later', errorType: 'Error' },
  },
  {
    title: 'a SyntaxError that code throws while loading is no fault of the code itself',
    files: "JSON.parse('{');",
    outcome: 'unhandled-error',
    body: { errorType: 'SyntaxError', errorMessage: expect.stringContaining('JSON') },
  },
  {
    title: 'an exception of the handler is its error document',
    files: "exports.handler = () => { throw new RangeError('far'); };",
    outcome: 'unhandled-error',
    body: { errorMessage: 'far', errorType: 'RangeError' },
  },
  {
    title: 'in the oldest runtimes it ends the process instead',
    files: "exports.handler = () => { throw new RangeError('far'); };",
    settings: { runtime: 'nodejs6' },
    outcome: 'unhandled-error',
    body: { errorMessage: expect.stringContaining('Process exited unexpectedly') },
  },
  {
    title: 'an uncaught exception ends the process',
    files: "exports.handler = () => setTimeout(() => { throw new Error('lost'); });",
    outcome: 'unhandled-error',
    body: { errorMessage: expect.stringContaining('Process exited unexpectedly') },
  },
];

describe('forms of a handler', () => {
  for (const each of FORMS) test(each.title, () => check(each));
});
describe('failures', () => {
  for (const each of FAILURES) test(each.title, () => check(each));
});

test("the context's logger has its six levels, and stays out of its JSON", async () => {
  const revision = functions.define(
    "exports.handler = async (event, context) => Object.keys(Object.getPrototypeOf(context.logger)).join() + ('logger' in JSON.parse(JSON.stringify(context)));",
  );
  expect((await functions.invoke(revision)).body.toString()).toBe('silly,debug,verbose,info,warn,errorfalse');
});

test('each level of it is written, what lies below its own is not, and one message is one line', async () => {
  const revision = functions.define(
    "exports.handler = async (event, { logger }) => { for (const level of ['silly', 'debug', 'verbose', 'info', 'warn', 'error']) logger[level]('%s\\nand more', level); logger.setLogLevel('warn'); logger.info('low'); logger.error('high'); };",
  );
  const { log } = await functions.invoke(revision, { requestId: 'id-2' });
  const lines = log.toString().split('\n');
  expect(lines.filter((line) => line.includes(' id-2 [')).map((line) => line.slice(25))).toEqual([
    ...['silly', 'debug', 'verbose', 'info', 'warn', 'error'].map(
      (level) => `id-2 [${level}] ${level}\rand more`,
    ),
    'id-2 [error] high',
  ]);
  // The next call's logger has its own level.
  expect((await functions.invoke(revision)).log.toString()).toContain('[silly] silly');
});

describe('console', () => {
  test('each of its functions is a level, its arguments are formatted, its line breaks kept in one line', async () => {
    const revision = functions.define(
      "exports.handler = (e, context, callback) => { console.log('a %d', 1); console.info('two\\nlines'); console.error({b: 2}); console.warn('w'); console.debug('d'); callback(null, ''); };",
    );
    const { log } = await functions.invoke(revision, { requestId: 'id-1' });
    const texts = log
      .toString()
      .split('\n')
      .filter((line) => line.includes(' ['))
      .map((line) => line.slice(line.indexOf(' [') + 1));
    expect(texts).toEqual([
      '[verbose] a 1',
      '[info] two\rlines',
      '[error] { b: 2 }',
      '[warn] w',
      '[debug] d',
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
});
