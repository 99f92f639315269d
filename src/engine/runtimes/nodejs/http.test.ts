/** What a Node.js HTTP handler may rely on (runtimes.md §2, §11): requests in, responses or error documents out. */
import { afterAll, describe, expect, test } from 'vitest';
import { createFunctionRunner } from '../../../../test/support/function-runner.ts';

const functions = createFunctionRunner();
afterAll(() => functions.close());

const define = (body: string, settings = {}) =>
  functions.define(`exports.handler = (req, resp, context) => { ${body} };`, settings);

describe('request', () => {
  const TELL = `const chunks = [];
req.on('data', (chunk) => chunks.push(chunk));
req.on('end', () => resp.send(JSON.stringify({
  method: req.method, path: req.path, url: req.url, queries: req.queries, headers: req.headers,
  clientIP: req.clientIP, one: req.getHeader('X-One'), none: req.getHeader('nothing') === undefined,
  body: Buffer.concat(chunks).toString(), id: context.requestId, qualifier: context.service.qualifier,
})));`;

  test('has path, queries, headers, address, body, and the call its context', async () => {
    const { body, status } = await functions.request(
      define(TELL),
      {
        method: 'POST',
        path: '/a%20b',
        base: '/2016-08-15/proxy/shop/f',
        query: 'k=1&k=2&q=x+y%21&empty=',
        clientIp: '10.1.2.3',
        headers: [
          ['x-one', '1'],
          ['x-two', 'a'],
          ['x-two', 'b'],
          ['constructor', 'c'],
        ],
      },
      { payload: Buffer.from('the body'), requestId: 'id-9', qualifier: 'PROD' },
    );
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({
      method: 'POST',
      path: '/a%20b',
      url: '/2016-08-15/proxy/shop/f/a%20b?k=1&k=2&q=x+y%21&empty=',
      queries: { k: ['1', '2'], q: 'x y!', empty: '' },
      headers: { 'x-one': '1', 'x-two': ['a', 'b'], constructor: 'c' },
      clientIP: '10.1.2.3',
      one: '1',
      none: true,
      body: 'the body',
      id: 'id-9',
      qualifier: 'PROD',
    });
  });

  test('streams a body of any size, and none at all', async () => {
    const revision = define(
      "let n = 0; req.on('data', (c) => { n += c.length; }); req.on('end', () => resp.send(String(n)));",
    );
    const large = Buffer.alloc(6 * 1024 * 1024, 'x');
    expect((await functions.request(revision, {}, { payload: large })).body).toBe(String(large.length));
    expect((await functions.request(revision)).body).toBe('0');
  });

  test('can be piped into the response', async () => {
    const revision = define('resp.send(req);');
    const { body, isComplete } = await functions.request(revision, {}, { payload: Buffer.from('around') });
    expect({ body, isComplete }).toEqual({ body: 'around', isComplete: true });
  });
});

describe('response', () => {
  test('has status, headers with one or several values, and the body', async () => {
    const revision = define(
      "resp.setStatusCode(201); resp.setHeader('X-A', 'gone'); resp.setHeader('x-a', '1'); resp.setHeader('Set-Cookie', ['a=1', 'b=2']); resp.setHeader('x-b', 'b'); resp.deleteHeader('X-B'); resp.setHeader('x-has', String(resp.hasHeader('X-A')) + resp.hasHeader('x-b')); resp.send('made');",
    );
    const { status, headers, body, result } = await functions.request(revision);
    expect({ status, headers, body }).toEqual({
      status: 201,
      headers: [
        ['x-a', '1'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
        ['x-has', 'truefalse'],
      ],
      body: 'made',
    });
    expect(result).toMatchObject({ outcome: 'ok', body: Buffer.alloc(0) });
  });

  test('is 200 and empty unless told otherwise', async () => {
    const { status, headers, body, isComplete } = await functions.request(define("resp.send('');"));
    expect({ status, headers, body, isComplete }).toEqual({
      status: 200,
      headers: [],
      body: '',
      isComplete: true,
    });
  });

  test.each([
    ['a Buffer', "resp.send(Buffer.from('bytes'))", 'bytes'],
    ['a stream', "resp.send(require('stream').Readable.from(['one ', Buffer.from('two')]))", 'one two'],
    ['nothing', 'resp.send()', ''],
  ])('takes %s', async (_, code, text) => {
    expect((await functions.request(define(code))).body).toBe(text);
  });

  test('of 6 MB passes whole; a larger one is refused by name, streamed or not', async () => {
    const size = 6 * 1024 * 1024;
    const whole = await functions.request(define(`resp.send(Buffer.alloc(${size}, 'x'));`));
    expect(whole).toMatchObject({ status: 200, isComplete: true });
    expect(whole.body.length).toBe(size);
    const tooLarge = { status: 413, code: 'EntityTooLarge' };
    await expect(functions.request(define(`resp.send(Buffer.alloc(${size + 1}));`))).rejects.toMatchObject(
      tooLarge,
    );
    const endless =
      "resp.send(new (require('stream').Readable)({read() { this.push(Buffer.alloc(1024 * 1024)); }}));";
    await expect(functions.request(define(endless))).rejects.toMatchObject(tooLarge);
  });

  test.each([
    ["resp.setStatusCode('200')", 'statusCode must be an integer, not string'],
    ['resp.setStatusCode(20.5)', 'statusCode must be an integer, not number'],
    ["resp.setHeader('a', 1)", "the value of header 'a' must be a string, not number"],
    ["resp.setHeader('a', ['1', null])", "the value of header 'a' must be a string, not null"],
    ["resp.setHeader(1, 'a')", 'the name of a header must be a string, not number'],
    ['resp.send({})', 'body must be a string, a Buffer or a stream.Readable, not object'],
    ['resp.send(null)', 'body must be a string, a Buffer or a stream.Readable, not null'],
  ])('%s is a TypeError at once', async (code, message) => {
    const revision = define(
      `try { ${code}; } catch (error) { resp.send(error.name + ': ' + error.message); }`,
    );
    expect((await functions.request(revision)).body).toBe(`TypeError: ${message}`);
  });

  test('cannot be changed or sent again', async () => {
    const revision = functions.define(`let seen = [];
exports.handler = (req, resp) => {
  const last = seen;
  seen = [];
  resp.send(JSON.stringify(last));
  for (const act of [() => resp.send('x'), () => resp.setHeader('a', 'b'), () => resp.setStatusCode(500), () => resp.deleteHeader('a')])
    try { act(); seen.push('done'); } catch (error) { seen.push(error.message.split(':')[0]); }
};`);
    await functions.request(revision);
    expect(JSON.parse((await functions.request(revision)).body)).toEqual([
      'send after send',
      'setHeader after send',
      'setStatusCode after send',
      'deleteHeader after send',
    ]);
  });
});

describe('failures leave the response untouched and have the document of event calls', () => {
  test.each([
    ['a throw', "throw new RangeError('far')", { errorMessage: 'far', errorType: 'RangeError' }],
    ['a rejected promise', "return Promise.reject(new Error('later'))", { errorMessage: 'later' }],
    [
      'a stream that breaks',
      "const s = new (require('stream').PassThrough)(); resp.send(s); s.write('half'); setTimeout(() => s.destroy(new Error('torn')), 20)",
      { errorMessage: 'torn' },
    ],
    [
      'a stream that ends too early',
      "const s = new (require('stream').PassThrough)(); resp.send(s); s.write('half'); setTimeout(() => s.destroy(), 20)",
      { errorMessage: 'the stream of the body closed before its end' },
    ],
    [
      'a process that ends',
      'process.exit(3)',
      { errorMessage: expect.stringContaining('Process exited unexpectedly') },
    ],
    [
      'a status that HTTP does not have',
      "resp.setStatusCode(99); resp.send('')",
      {
        errorMessage:
          "the function's response cannot be sent: its status is 99, not a whole number from 200 to 599",
      },
    ],
    [
      'a header that would split the response',
      "resp.setHeader('x-a', 'b\\r\\nset-cookie: c'); resp.send('')",
      { errorMessage: expect.stringContaining("the value of its header 'x-a' has characters") },
    ],
    [
      'headers over 8 KB',
      "resp.setHeader('x-a', 'b'.repeat(8192)); resp.send('')",
      { errorMessage: expect.stringContaining('its headers have 8195 bytes, the limit is 8192') },
    ],
  ])('%s', async (_, code, document) => {
    const { status, result } = await functions.request(define(code));
    expect({ status, outcome: result.outcome }).toEqual({ status: 0, outcome: 'unhandled-error' });
    expect(JSON.parse(result.body.toString())).toMatchObject(document);
  });

  test('the time limit, also where the handler never sends', async () => {
    const { status, result } = await functions.request(define('', { timeoutMs: 300 }));
    expect(status).toBe(0);
    expect(result.body.toString()).toContain('Function timed out after 0.3 seconds');
  });

  test('a handler that is missing', async () => {
    const { result } = await functions.request(define('', { handler: 'index.nothing' }));
    expect(JSON.parse(result.body.toString())).toMatchObject({ errorType: 'HandlerNotFound' });
  });
});

test('one function takes event calls and HTTP calls — the call says which it is, not the function', async () => {
  const revision = functions.define(
    "exports.handler = (a, b, c) => Buffer.isBuffer(a) ? c(null, 'event') : b.send('http');",
  );
  expect((await functions.invoke(revision)).body.toString()).toBe('event');
  expect((await functions.request(revision)).body).toBe('http');
});

test('parallel calls in one instance get their own responses, and their log lines', async () => {
  const revision = functions.define(
    'exports.handler = (req, resp, context) => setTimeout(() => { context.logger.info(req.path); resp.send(req.path); }, 50);',
    { instanceConcurrency: 10 },
  );
  await functions.request(revision);
  const paths = Array.from({ length: 10 }, (_, index) => `/${index}`);
  const answers = await Promise.all(paths.map((path) => functions.request(revision, { path })));
  expect(answers.map(({ body }) => body)).toEqual(paths);
  expect(new Set(answers.map(({ result }) => result.instanceId)).size).toBe(1);
});

describe("require('raw-body') comes with the runtime", () => {
  const handler = (options: string): string =>
    `const raw = require('raw-body'); exports.handler = (req, resp) => raw(req, ${options}, (error, body) => resp.send(error ? error.statusCode + ' ' + error.type : typeof body + ' ' + body));`;

  test.each([
    ['null', 'object é'],
    ['true', 'string é'],
    ["'latin1'", 'string Ã©'],
    ['{ length: 2 }', 'object é'],
    ['{ length: 3 }', '400 request.size.invalid'],
    ["{ limit: '1b' }", '413 entity.too.large'],
    ['{ limit: 1, length: 2 }', '413 entity.too.large'],
    ["{ encoding: 'klingon' }", '415 encoding.unsupported'],
  ])('%s', async (options, answer) => {
    const call = { payload: Buffer.from('é') };
    expect((await functions.request(functions.define(handler(options)), { method: 'POST' }, call)).body).toBe(
      answer,
    );
  });

  test('as a promise, and not in the place of what the package brings', async () => {
    const promised = functions.define(
      "exports.handler = async (req, resp) => resp.send(await require('raw-body')(req));",
    );
    const call = { payload: Buffer.from('kept') };
    expect((await functions.request(promised, { method: 'POST' }, call)).body).toBe('kept');
    const own = functions.define({
      'index.js': "exports.handler = (req, resp) => resp.send(require('raw-body'));",
      'node_modules/raw-body/index.js': "module.exports = 'own';",
    });
    expect((await functions.request(own)).body).toBe('own');
  });
});
