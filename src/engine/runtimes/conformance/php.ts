/** The table's functions in PHP 7.2. */
import { expect } from 'vitest';
import { PHP as FAMILY } from '../php/runtime.ts';
import type { Body, Fixture } from './fixtures.ts';
import { isoLogLine, type Language } from './language.ts';

const ONE_AT_A_TIME = { absent: 'PHP takes one call at a time' };

function code(text: string, more: Omit<Fixture, 'files'> = {}): Fixture {
  return { files: { 'index.php': `<?php\n${text}\n` }, ...more };
}

function body(text: string, before = ''): Fixture {
  return code(`${before}\nfunction handler($event, $context) { ${text} }`);
}

function value(expression: string, before = ''): Fixture {
  return body(`return ${expression};`, before);
}

/** An initializer in front of a handler that answers the expression. */
function initializer(text: string, expression: string): Fixture {
  return value(expression, `function init($context) { ${text} }`);
}

function failing(fixture: Fixture, wanted: Body): Fixture {
  return { ...fixture, body: wanted };
}

function http(text: string): Fixture {
  return code(`use RingCentral\\Psr7\\Response;\nfunction handler($request, $context) { ${text} }`);
}

export const PHP: Language = {
  name: 'PHP',
  ids: FAMILY.ids,
  handler: 'index.handler',
  initializer: 'index.init',
  hooks: { preFreeze: 'index.freeze', preStop: 'index.stop' },
  concurrent: false,
  startLine: /^FunctionCompute php7\.2 runtime inited\.$/,
  loadLines: () => [],
  logLine: (level, requestId, message) => isoLogLine(level.toUpperCase(), requestId, message),
  context: (values) => ({
    ...values,
    tracing: { openTracingSpanContext: '', openTracingSpanBaggages: [], jaegerEndpoint: '' },
  }),
  environment: { PHP_INI_SCAN_DIR: ':/code/extension' },
  fixtures: {
    nothing: value('null'),
    bytes: value("'bytes'"),
    object: value("['a' => [1, null]]"),
    text: value("'text é'"),
    integer: value('42'),
    fraction: value('1.5'),
    boolean: value('false'),
    emptyText: value("''"),
    echo: value('$event'),
    large: value("str_repeat('x', (int) $event)"),
    sleeper: body('usleep($event * 1000); return $event;'),
    nested: {
      files: { 'src/app/main.php': "<?php\nfunction handler($event, $context) { return 'deep'; }\n" },
      handler: 'src/app/main.handler',
    },
    dependency: {
      files: {
        'index.php':
          "<?php\nrequire __DIR__ . '/dep.php';\nfunction handler($event, $context) { return Dep::VALUE; }\n",
        'dep.php': "<?php\nclass Dep { const VALUE = 'dependency'; }\n",
      },
    },
    counter: body('global $calls; return ++$calls;', '$calls = 0;'),
    throws: failing(body("throw new RangeException('far');"), {
      errorMessage: 'far',
      errorType: 'RangeException',
      stackTrace: ['/code/index.php(3)'],
    }),
    handled: { absent: 'PHP has no way to report a handled error' },
    sometimes: body("if ($event === 'fail') throw new Exception('failed'); return 'fine';"),
    notJson: failing(value('NAN'), {
      errorMessage: expect.stringMatching(/^the result cannot be made JSON: Inf and NaN/),
      errorType: 'UnexpectedValueException',
    }),
    longMessage: body("throw new Exception(str_repeat('x', 300000));"),
    oddMessage: body(String.raw`throw new Exception("\"é\"\nend");`),
    invalidHandler: { ...value('1'), handler: 'handler' },
    moduleMissing: failing(
      { ...value('1'), handler: 'other.handler' },
      '{"errorMessage":"Module \'/code/other.php\' is missing.","errorType":"ImportModuleError"}',
    ),
    memberMissing: failing(
      { ...value('1'), handler: 'index.nothing' },
      '{"errorMessage":"Handler \'nothing\' is missing on module \'index\'","errorType":"HandlerNotFound"}',
    ),
    dependencyMissing: failing(code("require '/code/not-there.php';"), {
      // PHP 7 ends its process there.
      errorMessage: expect.stringMatching(
        /^(Failed opening required '\/code\/not-there\.php'|Process exited)/,
      ),
    }),
    syntaxError: failing(code('function handler('), {
      errorMessage: "Syntax error in module 'index'",
      errorType: 'UserCodeSyntaxError',
      stackTrace: [expect.stringMatching(/^\/code\/index\.php\(\d\): \S/)],
    }),
    loadThrows: failing(code("throw new LogicException('at load');"), {
      errorMessage: 'at load',
      errorType: 'LogicException',
      stackTrace: ['/code/index.php(2)'],
    }),
    exits: body('exit(3);'),
    killed: body("exec('kill -9 ' . getmypid()); sleep(9);"),
    devours: body("$kept = []; while (true) $kept[] = str_repeat('x', 4 << 20);"),
    waits: body('sleep(60);'),
    spins: body('while (true);'),
    initialized: code(
      '$n = 0;\nfunction init($context) { global $n; $n += 1; }\nfunction handler($event, $context) { global $n; return $n; }',
    ),
    initializerFails: initializer("throw new Exception('no database');", '1'),
    initializerExits: initializer('exit;', '1'),
    initializerWaits: initializer('sleep(60);', '1'),
    initializerMissing: failing(value('1'), {
      errorMessage: "Handler 'init' is missing on module 'index'",
      errorType: 'HandlerNotFound',
    }),
    initializerContext: initializer(
      "$GLOBALS['kept'] = $context['requestId'] . ' ' . $context['function']['name'];",
      "$GLOBALS['kept']",
    ),
    initializerPrints: body(
      String.raw`echo "working\n";`,
      String.raw`function init($context) { echo "preparing\n"; }`,
    ),
    hooks: code(
      String.raw`function say($word, $context) { echo $word, ' ', $context['function']['name'], ' ', $context['requestId'], "\n"; }
function freeze($context) { say('freezing', $context); }
function stop($context) { say('stopping', $context); }
function handler($event, $context) { return ''; }`,
    ),
    context: initializer('', '$context'),
    contextChange: body(
      "$was = $context['service']['name']; $context['service']['name'] = 'x'; return $was;",
    ),
    probe: value("(isset($context['probe']) ? 'true' : 'false') . ' ' . $context['retryCount']"),
    tracing: value(
      "$context['tracing']['openTracingSpanContext'] . ' ' . $context['tracing']['openTracingSpanBaggages']['key'] . ' ' . $context['tracing']['jaegerEndpoint']",
    ),
    logs: body("$GLOBALS['fcLogger']->info('first'); $GLOBALS['fcLogger']->error('second');"),
    globalLogs: body("$GLOBALS['fcSysLogger']->info('line {n}', ['n' => 'one']);"),
    prints: body(String.raw`echo "raw\nopen";`),
    child: body(String.raw`proc_close(proc_open('echo from a child; echo bad >&2', [], $pipes));`),
    manyLines: body(String.raw`for ($i = 0; $i < 500; $i++) echo "line $i\n";`),
    longLine: body(String.raw`echo str_repeat('x', 300000), "\n";`),
    overlap: ONE_AT_A_TIME,
    globalOverlap: ONE_AT_A_TIME,
    httpRequest: http(
      "return new Response(200, [], implode(' ', [$request->getMethod(), $request->getAttribute('path'), $request->getUri()->getQuery(), $request->getAttribute('clientIP'), $request->getHeaderLine('X-One'), $context['requestId'], $request->getBody()->getContents()]));",
    ),
    httpResponse: http("return new Response(201, ['x-a' => '1', 'set-cookie' => ['a=1', 'b=2']], 'made é');"),
    httpEmpty: http('return new Response();'),
    httpEcho: http('return new Response(200, [], $request->getBody());'),
    httpLarge: http("return new Response(200, [], str_repeat('x', (int) (string) $request->getBody()));"),
    httpThrows: http("throw new Exception('far');"),
    httpSplit: http(String.raw`return new Response(200, ['x-a' => "b\r\nset-cookie: c"], 'x');`),
    environment: value('getenv()'),
    folder: value('getcwd()'),
    writeCode: value("@file_put_contents('/code/new', 'x') === false ? 'refused' : 'written'"),
    writeTmp: body("file_put_contents('/tmp/file', 'kept'); return file_get_contents('/tmp/file');"),
    user: value("exec('id -u') . ' ' . exec('id -g')"),
  },
};
