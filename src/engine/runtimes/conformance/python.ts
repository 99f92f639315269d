/** The table's functions in Python, in the words that 2.7 and 3.6 share. */
import { expect } from 'vitest';
import { PYTHON as FAMILY } from '../python/runtime.ts';
import type { Body, Fixture } from './fixtures.ts';
import { isoLogLine, type Language } from './language.ts';

/** Python 2 reads source files as ASCII unless told. */
const CODING = '# -*- coding: utf-8 -*-\n';

function code(lines: readonly string[], more: Omit<Fixture, 'files'> = {}): Fixture {
  return { files: { 'index.py': `${CODING}${lines.join('\n')}\n` }, ...more };
}

/** A handler of these lines, behind what the module does first. */
function body(lines: readonly string[], before: readonly string[] = []): Fixture {
  return code([...before, 'def handler(event, context):', ...lines.map((line) => `    ${line}`)]);
}

function value(expression: string, before: readonly string[] = []): Fixture {
  return body([`return ${expression}`], before);
}

/** An initializer of these lines in front of a handler that answers the expression. */
function initializer(lines: readonly string[], expression: string, before: readonly string[] = []): Fixture {
  return value(expression, [...before, 'def init(context):', ...lines.map((line) => `    ${line}`)]);
}

function failing(fixture: Fixture, wanted: Body): Fixture {
  return { ...fixture, body: wanted };
}

/** A WSGI application of these lines. */
function wsgi(lines: readonly string[]): Fixture {
  return code(['def handler(environ, start_response):', ...lines.map((line) => `    ${line}`)]);
}

const overlap = (log: string) =>
  body(
    [
      "name = event.decode('utf-8')",
      `${log}('begin ' + name)`,
      "time.sleep(0.1 if name == 'a' else 0.01)",
      `${log}('end ' + name)`,
      'return name',
    ],
    ['import logging, time'],
  );

export const PYTHON: Language = {
  name: 'Python',
  ids: FAMILY.ids,
  handler: 'index.handler',
  initializer: 'index.init',
  hooks: { preFreeze: 'index.freeze', preStop: 'index.stop' },
  concurrent: true,
  startLine: /^FunctionCompute python[\d.]+ runtime inited\.$/,
  loadLines: () => [],
  logLine: (level, requestId, message) => isoLogLine(level.toUpperCase(), requestId, message),
  context: (values) => ({
    request_id: values.requestId,
    credentials: { access_key_id: '', access_key_secret: '', security_token: '' },
    function: {
      name: values.function.name,
      handler: values.function.handler,
      memory: values.function.memory,
      timeout: values.function.timeout,
      initializer: values.function.initializer,
      initialization_timeout: values.function.initializationTimeout,
    },
    service: {
      name: values.service.name,
      log_project: values.service.logProject,
      log_store: values.service.logStore,
      qualifier: values.service.qualifier,
      version_id: values.service.versionId,
    },
    region: values.region,
    account_id: values.accountId,
    retry_count: values.retryCount,
    tracing: { span_context: '', span_baggages: {}, jaeger_endpoint: '' },
  }),
  environment: { PYTHONUNBUFFERED: '1' },
  fixtures: {
    nothing: failing(value('None'), 'null'),
    bytes: value("b'bytes'"),
    object: failing(
      value("{'b': 2, 'a': [1, None]}"),
      '{\n    "a": [\n        1,\n        null\n    ],\n    "b": 2\n}',
    ),
    text: value("u'text é'"),
    integer: value('42'),
    fraction: value("Decimal('1.5')", ['from decimal import Decimal']),
    boolean: value('False'),
    emptyText: value("''"),
    echo: value('event'),
    large: value("'x' * int(event)"),
    sleeper: body(['time.sleep(int(event) / 1000.0)', 'return event'], ['import time']),
    nested: {
      files: {
        'src/__init__.py': '',
        'src/app/__init__.py': '',
        'src/app/main.py': "def handler(event, context):\n    return 'deep'\n",
      },
      handler: 'src/app/main.handler',
    },
    dependency: {
      files: {
        'index.py': 'import dep\ndef handler(event, context):\n    return dep.VALUE\n',
        'dep.py': "VALUE = 'dependency'\n",
      },
    },
    counter: body(['global calls', 'calls += 1', 'return calls'], ['calls = 0']),
    throws: failing(body(["raise IndexError('far')"]), {
      errorMessage: 'far',
      errorType: 'IndexError',
      stackTrace: [['File "/code/index.py"', 'line 3', 'in handler', "raise IndexError('far')"]],
    }),
    handled: { absent: 'Python has no way to report a handled error' },
    sometimes: body(["if event == b'fail':", "    raise Exception('failed')", "return 'fine'"]),
    notJson: failing(value('object()'), {
      errorMessage: 'object is not JSON serializable',
      errorType: 'TypeError',
      stackTrace: expect.any(Array),
    }),
    longMessage: body(["raise Exception('x' * 300000)"]),
    oddMessage: body([String.raw`raise Exception(u'"é"\nend')`]),
    invalidHandler: failing(
      { ...value('1'), handler: 'handler' },
      '{\n    "errorMessage": "Invalid handler \'handler\'",\n    "errorType": "InvalidHandlerName"\n}',
    ),
    moduleMissing: failing(
      { ...value('1'), handler: 'other.handler' },
      '{\n    "errorMessage": "Unable to import module \'other\'",\n    "errorType": "ImportModuleError"\n}',
    ),
    memberMissing: failing(
      { ...value('1'), handler: 'index.nothing' },
      '{\n    "errorMessage": "Handler \'nothing\' is missing on module \'index\'",\n    "errorType": "HandlerNotFound"\n}',
    ),
    dependencyMissing: failing(code(['import not_there']), {
      errorMessage: expect.stringMatching(/^Unable to import module 'index': No module named '?not_there'?$/),
      errorType: 'ImportModuleError',
      stackTrace: [['File "/code/index.py"', 'line 2', 'in <module>', 'import not_there']],
    }),
    syntaxError: failing(code(['def handler(:']), {
      errorMessage: "Syntax error in module 'index'",
      errorType: 'UserCodeSyntaxError',
      stackTrace: [['File "/code/index.py"', 'line 2', 'invalid syntax', 'def handler(:']],
    }),
    loadThrows: failing(code(["raise ValueError('at load')"]), {
      errorMessage: 'at load',
      errorType: 'ValueError',
      stackTrace: [['File "/code/index.py"', 'line 2', 'in <module>', "raise ValueError('at load')"]],
    }),
    exits: body(['sys.exit(3)'], ['import sys']),
    killed: body(['os.kill(os.getpid(), 9)', 'time.sleep(9)'], ['import os, time']),
    devours: body(['kept = []', 'while True:', "    kept.append(b'x' * (4 << 20))"]),
    waits: body(['time.sleep(60)'], ['import time']),
    spins: body(['while True:', '    pass']),
    initialized: initializer(['global n', 'n += 1'], 'n', ['n = 0']),
    initializerFails: initializer(["raise Exception('no database')"], '1'),
    initializerExits: initializer(['sys.exit()'], '1', ['import sys']),
    initializerWaits: initializer(['time.sleep(60)'], '1', ['import time']),
    initializerMissing: failing(value('1'), {
      errorMessage: "Handler 'init' is missing on module 'index'",
      errorType: 'HandlerNotFound',
    }),
    initializerContext: initializer(
      ['global kept', "kept = context.request_id + ' ' + context.function.name"],
      'kept',
      ["kept = ''"],
    ),
    initializerPrints: body(["print('working')"], ['def init(context):', "    print('preparing')"]),
    hooks: code([
      'def say(word, context):',
      "    print('%s %s %s' % (word, context.function.name, context.request_id))",
      'def freeze(context):',
      "    say('freezing', context)",
      'def stop(context):',
      "    say('stopping', context)",
      'def handler(event, context):',
      "    return ''",
    ]),
    context: initializer(['pass'], 'context.to_json()'),
    contextChange: body(['was = context.service.name', "context.service.name = 'x'", 'return was']),
    probe: value("'%s %d' % (str(getattr(context, 'probe', False)).lower(), context.retry_count)"),
    tracing: value(
      "' '.join([context.tracing.span_context, context.tracing.span_baggages['key'], context.tracing.jaeger_endpoint])",
    ),
    logs: body(["context.logger.info('first')", "context.logger.error('second')"]),
    globalLogs: body(["logging.getLogger().info('line %s', 'one')"], ['import logging']),
    prints: body([String.raw`sys.stdout.write('raw\nopen')`], ['import sys']),
    child: body(["subprocess.call('echo from a child; echo bad >&2', shell=True)"], ['import subprocess']),
    manyLines: body(['for i in range(500):', "    print('line %d' % i)"]),
    longLine: body(["print('x' * 300000)"]),
    overlap: overlap('context.logger.info'),
    globalOverlap: overlap('logging.getLogger().info'),
    httpRequest: wsgi([
      "start_response('200 OK', [])",
      "names = ['REQUEST_METHOD', 'PATH_INFO', 'QUERY_STRING', 'REMOTE_ADDR', 'HTTP_X_ONE']",
      "texts = [environ[name] for name in names] + [environ['fc.context'].request_id]",
      "return [' '.join(texts).encode('ascii'), b' ', environ['wsgi.input'].read()]",
    ]),
    httpResponse: wsgi([
      "start_response('201 Created', [('x-a', '1'), ('set-cookie', 'a=1'), ('set-cookie', 'b=2')])",
      "return [u'made é'.encode('utf-8')]",
    ]),
    httpEmpty: wsgi(["start_response('200 OK', [])", 'return []']),
    httpEcho: wsgi(["start_response('200 OK', [])", "return [environ['wsgi.input'].read()]"]),
    httpLarge: wsgi(["start_response('200 OK', [])", "return [b'x' * int(environ['wsgi.input'].read())]"]),
    httpThrows: wsgi(["raise Exception('far')"]),
    httpSplit: wsgi([String.raw`start_response('200 OK', [('x-a', 'b\r\nset-cookie: c')])`, "return [b'x']"]),
    environment: value('dict(os.environ)', ['import os']),
    folder: value('os.getcwd()', ['import os']),
    writeCode: body([
      'try:',
      "    open('/code/new', 'w')",
      "    return 'written'",
      'except (IOError, OSError):',
      "    return 'refused'",
    ]),
    writeTmp: body(["open('/tmp/file', 'w').write('kept')", "return open('/tmp/file').read()"]),
    user: value("'%d %d' % (os.getuid(), os.getgid())", ['import os']),
  },
};
