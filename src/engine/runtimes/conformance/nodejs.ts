/** The table's functions in Node.js, in the words that Node.js 6 understands. */
import { expect } from 'vitest';
import type { Fixture } from './fixtures.ts';
import { isoLogLine, type Language } from './language.ts';
import { NODEJS_IDS } from '../nodejs/runtime.ts';

function code(text: string, more: Omit<Fixture, 'files'> = {}): Fixture {
  return { files: { 'index.js': text }, ...more };
}

/** A handler whose callback gets the expression. */
function value(expression: string, before = ''): Fixture {
  return code(`${before}exports.handler = (event, context, callback) => { callback(null, ${expression}); };`);
}

/** An initializer in front of a handler that answers the expression. */
function initializer(body: string, expression = '1', before = ''): Fixture {
  return code(
    `${before}exports.init = (context, callback) => { ${body} }; exports.handler = (event, context, callback) => { callback(null, ${expression}); };`,
  );
}

function body(text: string): Fixture {
  return code(`exports.handler = (event, context, callback) => { ${text} };`);
}

const overlap = (log: string) =>
  body(
    `const name = String(event); ${log}('begin ' + name); setTimeout(() => { ${log}('end ' + name); callback(null, name); }, name === 'a' ? 100 : 10);`,
  );

/** An HTTP handler that has the request's body as `body`. */
function http(text: string): Fixture {
  return code(
    `exports.handler = (req, resp, context) => { const parts = []; req.on('data', (part) => parts.push(part)); req.on('end', () => { const body = Buffer.concat(parts); ${text} }); };`,
  );
}

export const NODEJS: Language = {
  name: 'Node.js',
  ids: NODEJS_IDS,
  handler: 'index.handler',
  initializer: 'index.init',
  hooks: { preFreeze: 'index.freeze', preStop: 'index.stop' },
  concurrent: true,
  // AsyncLocalStorage came with 12.17.
  separatesGlobalLog: (version) => Number(/v(\d+)/.exec(version)?.[1]) >= 12,
  startLine: /^FunctionCompute nodejs runtime inited\.$/,
  loadLines: (handler) => [`load code for handler:${handler}`],
  logLine: isoLogLine,
  context: (values) => ({
    ...values,
    tracing: { openTracingSpanContext: '', openTracingSpanBaggages: {}, jaegerEndpoint: '' },
  }),
  environment: {
    NODE_PATH: expect.stringMatching(
      /^\/usr\/local\/lib\/node_modules:\/var\/fc\/runtime\/modules:\/opt\/nodejs\/node\d+\/node_modules:\/opt\/nodejs\/node_modules$/,
    ),
  },
  fixtures: {
    nothing: value('null'),
    bytes: value("Buffer.from('bytes')"),
    object: value('{a: [1, null]}'),
    text: value("'text é'"),
    integer: value('42'),
    fraction: value('1.5'),
    boolean: value('false'),
    emptyText: value("''"),
    echo: value('event'),
    large: value("'x'.repeat(Number(String(event)))"),
    sleeper: body('setTimeout(() => callback(null, event), Number(String(event)));'),
    nested: {
      files: {
        'src/app/main.js': "exports.handler = (event, context, callback) => callback(null, 'deep');",
      },
      handler: 'src/app/main.handler',
    },
    dependency: {
      files: {
        'index.js': "exports.handler = (event, context, callback) => callback(null, require('dep'));",
        'node_modules/dep/index.js': "module.exports = 'dependency';",
      },
    },
    counter: value('++calls', 'let calls = 0; '),
    throws: {
      // Thrown, it ends the process of the oldest runtimes (nodejs.test.ts).
      ...body("return Promise.reject(new RangeError('far'));"),
      body: {
        errorMessage: 'far',
        errorType: 'RangeError',
        stackTrace: [expect.stringMatching(/^at .*\/code\/index\.js:1:/)],
      },
    },
    handled: {
      ...body("callback(new TypeError('no'));"),
      body: {
        errorMessage: 'no',
        errorType: 'TypeError',
        stackTrace: expect.arrayContaining([expect.stringMatching(/^at .*\/code\/index\.js:1:/)]),
      },
    },
    sometimes: body(
      "if (String(event) === 'fail') return Promise.reject(new Error('failed')); callback(null, 'fine');",
    ),
    notJson: { ...body('const a = {}; a.a = a; callback(null, a);'), body: { errorType: 'TypeError' } },
    longMessage: body("return Promise.reject(new Error('x'.repeat(300000)));"),
    oddMessage: body(String.raw`return Promise.reject(new Error('"é"\nend'));`),
    invalidHandler: {
      ...value('1'),
      handler: 'handler',
      body: '{"errorMessage":"Invalid handler \'handler\'","errorType":"InvalidHandlerName"}',
    },
    moduleMissing: {
      ...value('1'),
      handler: 'other.handler',
      body: '{"errorMessage":"Module \'/code/other.js\' is missing.","errorType":"ImportModuleError"}',
    },
    memberMissing: {
      ...value('1'),
      handler: 'index.nothing',
      body: '{"errorMessage":"Handler \'nothing\' is missing on module \'index\'","errorType":"HandlerNotFound"}',
    },
    dependencyMissing: {
      ...code("require('not-there');"),
      body: {
        errorMessage: expect.stringContaining("Cannot find module 'not-there'"),
        errorType: 'ImportModuleError',
      },
    },
    syntaxError: {
      ...code('exports.handler = ('),
      body: { errorMessage: "Syntax error in module 'index'", errorType: 'UserCodeSyntaxError' },
    },
    loadThrows: {
      ...code("throw new Error('at load');"),
      body: { errorMessage: 'at load', errorType: 'Error' },
    },
    exits: body('process.exit(3);'),
    killed: body("process.kill(process.pid, 'SIGKILL');"),
    devours: body('const kept = []; for (;;) kept.push(Buffer.alloc(4 << 20, 1));'),
    waits: body(''),
    spins: body('for (;;);'),
    initialized: initializer('n += 1; callback();', 'n', 'let n = 0; '),
    initializerFails: initializer("callback(new Error('no database'));"),
    initializerExits: initializer('process.exit(0);'),
    initializerWaits: initializer(''),
    initializerMissing: {
      ...value('1'),
      initializer: 'index.init',
      body: { errorMessage: "Handler 'init' is missing on module 'index'", errorType: 'HandlerNotFound' },
    },
    initializerContext: initializer(
      "kept = context.requestId + ' ' + context.function.name; callback();",
      'kept',
      "let kept = ''; ",
    ),
    initializerPrints: initializer(
      String.raw`process.stdout.write('preparing\n'); callback();`,
      String.raw`(process.stdout.write('working\n'), 1)`,
    ),
    hooks: code(
      "const say = (word) => (context, callback) => { process.stdout.write(word + ' ' + context.function.name + ' ' + context.requestId + '\\n'); callback(); }; exports.freeze = say('freezing'); exports.stop = say('stopping'); exports.handler = (event, context, callback) => callback();",
    ),
    context: initializer('callback();', 'context'),
    contextChange: body("const was = context.service.name; context.service.name = 'x'; callback(null, was);"),
    probe: value("String(context.probe === true) + ' ' + context.retryCount"),
    tracing: value(
      "[context.tracing.openTracingSpanContext, context.tracing.openTracingSpanBaggages.key, context.tracing.jaegerEndpoint].join(' ')",
    ),
    logs: body("context.logger.info('first'); context.logger.error('second'); callback();"),
    globalLogs: body("console.log('line %s', 'one'); callback();"),
    prints: body(String.raw`process.stdout.write('raw\nopen'); callback();`),
    child: body(
      "require('child_process').execSync('echo from a child; echo bad >&2', {stdio: 'inherit'}); callback();",
    ),
    manyLines: body(
      String.raw`for (let i = 0; i < 500; i += 1) process.stdout.write('line ' + i + '\n'); callback();`,
    ),
    longLine: body(String.raw`process.stdout.write('x'.repeat(300000) + '\n'); callback();`),
    overlap: overlap('context.logger.info'),
    globalOverlap: overlap('console.info'),
    httpRequest: http(
      "resp.send([req.method, req.path, req.url.split('?')[1], req.clientIP, req.getHeader('X-One'), context.requestId, body].join(' '));",
    ),
    httpResponse: http(
      "resp.setStatusCode(201); resp.setHeader('x-a', '1'); resp.setHeader('set-cookie', ['a=1', 'b=2']); resp.send('made é');",
    ),
    httpEmpty: http('resp.send();'),
    httpEcho: http('resp.send(body);'),
    httpLarge: http("resp.send('x'.repeat(Number(String(body))));"),
    httpThrows: code("exports.handler = () => Promise.reject(new Error('far'));"),
    httpSplit: http(String.raw`resp.setHeader('x-a', 'b\r\nset-cookie: c'); resp.send('');`),
    environment: value('process.env'),
    folder: value('process.cwd()'),
    writeCode: body(
      "try { require('fs').writeFileSync('/code/new', 'x'); callback(null, 'written'); } catch (error) { callback(null, 'refused'); }",
    ),
    writeTmp: body(
      "require('fs').writeFileSync('/tmp/file', 'kept'); callback(null, require('fs').readFileSync('/tmp/file'));",
    ),
    user: value("process.getuid() + ' ' + process.getgid()"),
  },
};
