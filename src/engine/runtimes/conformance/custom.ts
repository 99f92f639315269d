/** The table's functions as servers of their own, in the Node.js that custom runtimes find (runtimes.md §8). */
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { CUSTOM as FAMILY } from '../custom/runtime.ts';
import type { Absent, Fixture } from './fixtures.ts';
import type { Language } from './language.ts';

const BYTES: Absent = { absent: 'a server answers the bytes that it writes' };
const NO_HANDLER: Absent = { absent: 'the handler is only passed on' };
const NO_LOGGER: Absent = { absent: 'no logger comes with the runtime' };
const NOT_STARTED: Absent = {
  absent: 'a server that does not come up is FunctionNotStarted (custom.test.ts)',
};

interface Parts {
  /** Statements for `POST /initialize`. */
  readonly initialize?: string;
  /** Statements before the server. */
  readonly before?: string;
}

/** A server whose statements have `request`, its `headers`, its `body` and `response`; the table's callers name no host. */
function serve(answer: string, { initialize = 'response.end();', before = '' }: Parts = {}): Fixture {
  return {
    files: {
      bootstrap: `#!/usr/bin/env node
const http = require('http');
${before}
http.createServer({ requireHostHeader: false }, (request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    const { headers } = request;
    const body = Buffer.concat(pieces);
    if (request.url === '/initialize') { ${initialize} }
    else { ${answer} }
  });
}).listen(process.env.FC_SERVER_PORT);
`,
    },
  };
}

const say = (expression: string, parts?: Parts): Fixture => serve(`response.end(${expression});`, parts);

/** Statements that answer an error document. */
const fail = (message: string): string =>
  `response.statusCode = 500; response.end(JSON.stringify({ errorMessage: ${message}, stackTrace: [] }));`;

export const CUSTOM: Language = {
  name: 'custom',
  ids: FAMILY.ids,
  handler: 'any',
  initializer: 'any',
  hooks: { preFreeze: 'any', preStop: 'any' },
  concurrent: true,
  loadLines: () => [],
  // Nobody logs by it.
  logLine: () => /(?!)/,
  context: ({ credentials, function: fn, service, ...values }) => ({
    'x-fc-control-path': '/invoke',
    'x-fc-request-id': values.requestId,
    'x-fc-account-id': values.accountId,
    'x-fc-region': values.region,
    'x-fc-service-name': service.name,
    'x-fc-service-logproject': service.logProject,
    'x-fc-service-logstore': service.logStore,
    'x-fc-qualifier': service.qualifier,
    'x-fc-version-id': service.versionId,
    'x-fc-function-name': fn.name,
    'x-fc-function-handler': fn.handler,
    'x-fc-function-memory': String(fn.memory),
    'x-fc-function-timeout': String(fn.timeout),
    'x-fc-function-initializer': fn.initializer,
    'x-fc-initialization-timeout': String(fn.initializationTimeout),
    'x-fc-instance-lifecycle-pre-stop-handler': '',
    'x-fc-instance-lifecycle-pre-freeze-handler': '',
    'x-fc-access-key-id': credentials.accessKeyId,
    'x-fc-access-key-secret': credentials.accessKeySecret,
    'x-fc-security-token': credentials.securityToken,
    'x-fc-retry-count': String(values.retryCount),
  }),
  environment: { FC_CUSTOM_LISTEN_PORT: '9000', PYTHONPATH: '/code', PYTHONUNBUFFERED: '1' },
  build: (codeFolder) => chmod(join(codeFolder, 'bootstrap'), 0o755),
  fixtures: {
    nothing: say(''),
    bytes: say("Buffer.from('bytes')"),
    object: BYTES,
    text: say("'text é'"),
    integer: BYTES,
    fraction: BYTES,
    boolean: BYTES,
    emptyText: say("''"),
    echo: say('body'),
    large: say("'x'.repeat(Number(String(body)))"),
    sleeper: serve('setTimeout(() => response.end(body), Number(String(body)));'),
    nested: NO_HANDLER,
    dependency: {
      files: {
        ...say("require('dep')").files,
        'node_modules/dep/index.js': "module.exports = 'dependency';",
      },
    },
    counter: say('String(++calls)', { before: 'let calls = 0;' }),
    throws: serve(fail("'far'")),
    handled: { absent: 'every failure of a server is an unhandled error' },
    sometimes: serve(`if (String(body) === 'fail') { ${fail("'failed'")} } else response.end('fine');`),
    notJson: BYTES,
    longMessage: { absent: 'the document is the answer of the server, up to its limit of 6 MB' },
    oddMessage: serve(fail(String.raw`'"é"\nend'`)),
    invalidHandler: NO_HANDLER,
    moduleMissing: NO_HANDLER,
    memberMissing: NO_HANDLER,
    dependencyMissing: NOT_STARTED,
    syntaxError: NOT_STARTED,
    loadThrows: NOT_STARTED,
    exits: serve('process.exit(3);'),
    killed: serve("process.kill(process.pid, 'SIGKILL');"),
    devours: serve('const kept = []; for (;;) kept.push(Buffer.alloc(4 << 20, 1));'),
    waits: serve(''),
    spins: serve('for (;;);'),
    initialized: say('String(n)', { before: 'let n = 0;', initialize: 'n += 1; response.end();' }),
    initializerFails: say("''", { initialize: fail("'no database'") }),
    initializerExits: say("''", { initialize: 'process.exit(0);' }),
    initializerWaits: say("''", { initialize: '' }),
    initializerMissing: { absent: 'what POST /initialize does is the business of the server' },
    initializerContext: say('kept', {
      before: "let kept = '';",
      initialize: "kept = headers['x-fc-request-id'] + ' ' + headers['x-fc-function-name']; response.end();",
    }),
    initializerPrints: serve(String.raw`process.stdout.write('working\n'); response.end();`, {
      initialize: String.raw`process.stdout.write('preparing\n'); response.end();`,
    }),
    hooks: serve(
      String.raw`const word = { '/pre-freeze': 'freezing', '/pre-stop': 'stopping' }[request.url]; if (word) process.stdout.write(word + ' ' + headers['x-fc-function-name'] + ' ' + headers['x-fc-request-id'] + '\n'); response.end();`,
    ),
    context: say(
      "JSON.stringify(Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-fc-'))))",
    ),
    contextChange: { absent: 'the context are headers of each request' },
    probe: say("(headers['x-sluice-probe'] === '1') + ' ' + headers['x-fc-retry-count']"),
    tracing: say(
      "[headers['x-fc-tracing-opentracing-span-context'], JSON.parse(Buffer.from(headers['x-fc-tracing-opentracing-span-baggages'], 'base64')).key, headers['x-fc-tracing-jaeger-endpoint']].join(' ')",
    ),
    logs: NO_LOGGER,
    globalLogs: NO_LOGGER,
    prints: serve(String.raw`process.stdout.write('raw\nopen'); response.end();`),
    child: serve(
      "require('child_process').execSync('echo from a child; echo bad >&2', {stdio: 'inherit'}); response.end();",
    ),
    // In one write: a pipe that is full would let the answer pass what is still to be written.
    manyLines: serve(
      String.raw`process.stdout.write(Array.from({ length: 500 }, (_, i) => 'line ' + i + '\n').join('')); response.end();`,
    ),
    longLine: serve(String.raw`process.stdout.write('x'.repeat(300000) + '\n'); response.end();`),
    overlap: NO_LOGGER,
    globalOverlap: NO_LOGGER,
    httpRequest: { absent: 'the address of the caller is not passed on' },
    httpResponse: serve(
      "response.writeHead(201, { 'x-a': '1', 'set-cookie': ['a=1', 'b=2'] }); response.end('made é');",
    ),
    httpEmpty: say(''),
    httpEcho: say('body'),
    httpLarge: say("'x'.repeat(Number(String(body)))"),
    httpThrows: { absent: 'the response to a failed call is the one of the server' },
    httpSplit: { absent: 'the server is asked to write HTTP itself' },
    environment: say('JSON.stringify(process.env)'),
    folder: say('process.cwd()'),
    writeCode: serve(
      "try { require('fs').writeFileSync('/code/new', 'x'); response.end('written'); } catch (error) { response.end('refused'); }",
    ),
    writeTmp: serve(
      "require('fs').writeFileSync('/tmp/file', 'kept'); response.end(require('fs').readFileSync('/tmp/file'));",
    ),
    user: say("process.getuid() + ' ' + process.getgid()"),
  },
};
