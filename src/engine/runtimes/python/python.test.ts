/** What only Python has (runtimes.md §3): forms of results and of applications, its path, stacks at the time limit. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { createFunctionRunner } from '../../../../test/support/function-runner.ts';
import { RuntimeRegistry } from '../registry.ts';
import { shimFolder } from '../shim-folder.ts';

const functions = createFunctionRunner();
afterAll(() => functions.close());

const isHere = new RuntimeRegistry({ interpreters: {}, cache: '' }).find('python3').found;

const define = (code: string, settings = {}, files = {}) =>
  functions.define({ 'index.py': code, ...files }, { runtime: 'python3', ...settings });

describe.skipIf(!isHere)('python3', () => {
  test.each([
    ['a bytearray', "bytearray(b'raw')", 'raw'],
    ['a list', "['b', 1]", '[\n    "b",\n    1\n]'],
    ['a whole Decimal', "{'n': __import__('decimal').Decimal('3')}", '{\n    "n": 3\n}'],
    ['a Decimal with a fraction', "{'n': __import__('decimal').Decimal('0.5')}", '{\n    "n": 0.5\n}'],
  ])('%s as a result', async (_, expression, body) => {
    const revision = define(`def handler(event, context):\n    return ${expression}\n`);
    expect((await functions.invoke(revision)).body.toString()).toBe(body);
  });

  test('a handler may be any callable, also of a package', async () => {
    const revision = define(
      '',
      { handler: 'app.main.run' },
      {
        'app/__init__.py': '',
        'app/main.py':
          "class Run:\n    def __call__(self, event, context):\n        return 'called'\nrun = Run()\n",
      },
    );
    expect((await functions.invoke(revision)).body.toString()).toBe('called');
  });

  test('a text that code evaluates may be wrong without the module being so', async () => {
    const { body } = await functions.invoke(define("eval('(')\n"));
    expect(JSON.parse(body.toString())).toMatchObject({ errorType: 'SyntaxError' });
  });

  test("packages of the host are not the function's, those that `fun install` put into its package are", async () => {
    const revision = define(
      "import sys, own\ndef handler(event, context):\n    return [own.VALUE, [p for p in sys.path if 'packages' in p and not p.startswith(('/code', '/opt'))], sys.path[0]]\n",
    );
    const version = /Python (\d+\.\d+)/.exec(JSON.stringify(functions.runner.runtimes()['python3']))?.[1];
    const folder = `${revision.codeFolder}/.fun/python/lib/python${version}/site-packages`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/own.py`, "VALUE = 'own'\n");
    const { body } = await functions.invoke(revision);
    expect(JSON.parse(body.toString())).toEqual(['own', [], '/code']);
  });

  test('the time limit leaves the stack of every thread in the log', async () => {
    const revision = define(
      "import threading, time\ndef deep():\n    time.sleep(60)\ndef handler(event, context):\n    threading.Thread(target=deep, name='helper', daemon=True).start()\n    deep()\n",
      { timeoutMs: 300 },
    );
    await functions.invoke(revision);
    const text = () => functions.lines(revision).join('\n');
    await expect.poll(text).toContain('Thread helper:');
    expect(text()).toContain('Thread MainThread:');
    expect(text().match(/line 3, in deep/g)).toHaveLength(2);
  });

  test('an exception is logged with its stack, and levels below INFO are not', async () => {
    const revision = define(
      "import logging\ndef handler(event, context):\n    logging.debug('low')\n    try:\n        1 / 0\n    except ZeroDivisionError:\n        logging.exception('caught')\n",
    );
    const text = (await functions.invoke(revision)).log.toString();
    expect(text).toMatch(/\[ERROR\] caught\nTraceback \(most recent call last\):\n/);
    expect(text).not.toContain('low');
  });
});

describe.skipIf(!isHere)('WSGI applications', () => {
  test('the environ is that of PEP 3333 with the members of the platform', async () => {
    const revision = define(
      `import json
def handler(environ, start_response):
    start_response('200 OK', [('Content-Type', 'application/json')])
    names = sorted(name for name in environ if isinstance(environ[name], (str, bool, tuple)))
    return [json.dumps(dict((name, environ[name]) for name in names)).encode()]
`,
    );
    const { body, headers } = await functions.request(
      revision,
      {
        method: 'POST',
        path: '/caf%C3%A9%20x',
        base: '/2016-08-15/proxy/shop/f',
        query: 'q=%20',
        clientIp: '10.1.2.3',
        headers: [
          ['host', 'example.org:8080'],
          ['content-type', 'text/plain'],
          ['content-length', '2'],
          ['x-two', 'a'],
          ['x-two', 'b'],
        ],
      },
      { payload: Buffer.from('ab') },
    );
    expect(headers).toEqual([['Content-Type', 'application/json']]);
    expect(JSON.parse(body)).toEqual({
      REQUEST_METHOD: 'POST',
      SCRIPT_NAME: '/2016-08-15/proxy/shop/f',
      PATH_INFO: '/cafÃ© x',
      QUERY_STRING: 'q=%20',
      REMOTE_ADDR: '10.1.2.3',
      SERVER_NAME: 'example.org',
      SERVER_PORT: '8080',
      SERVER_PROTOCOL: 'HTTP/1.1',
      CONTENT_TYPE: 'text/plain',
      CONTENT_LENGTH: '2',
      HTTP_HOST: 'example.org:8080',
      HTTP_X_TWO: 'a,b',
      'wsgi.version': [1, 0],
      'wsgi.url_scheme': 'http',
      'wsgi.multithread': false,
      'wsgi.multiprocess': false,
      'wsgi.run_once': false,
      'fc.request_uri': '/2016-08-15/proxy/shop/f/caf%C3%A9%20x?q=%20',
    });
  });

  test('pieces go out as they come, and what the application returned is closed', async () => {
    const revision = define(
      `class Pieces:
    def __iter__(self):
        return iter([b'one ', b'two ', b'', b'three'])
    def close(self):
        print('closed')
def handler(environ, start_response):
    write = start_response('200 OK', [])
    write(b'zero ')
    return Pieces()
`,
    );
    const { body, result } = await functions.request(revision);
    expect(body).toBe('zero one two three');
    expect(result.log.toString()).toContain('\nclosed\n');
  });

  test('a failure behind the head cuts the response off, and the log says why', async () => {
    const revision = define(
      `def handler(environ, start_response):
    start_response('200 OK', [])
    yield b'one'
    yield b'two'
    raise ValueError('torn')
`,
    );
    const { isComplete, result } = await functions.request(revision);
    expect({ isComplete, outcome: result.outcome }).toEqual({
      isComplete: false,
      outcome: 'unhandled-error',
    });
    expect(result.log.toString()).toContain('ValueError: torn');
  });

  test.each([
    [
      'text instead of bytes',
      "    start_response('200 OK', [])\n    return ['text']\n",
      'must give bytes, not str',
    ],
    ['no start_response', "    return [b'x']\n", 'did not call start_response'],
  ])('%s is an error that says so', async (_, lines, message) => {
    const { result } = await functions.request(define(`def handler(environ, start_response):\n${lines}`));
    expect(JSON.parse(result.body.toString())).toMatchObject({
      errorMessage: expect.stringContaining(message),
    });
  });
});

describe('interpreters', () => {
  test('Python 2 is served only where the operator names one', () => {
    expect(new RuntimeRegistry({ interpreters: {}, cache: '' }).find('python2.7')).toEqual({
      found: false,
      reason:
        "runtime 'python2.7' needs python 2.7 on the engine host; found: none. Install it or set the interpreter path in the engine configuration (SLUICE_RUNTIMES=python2.7=/path/to/it)",
    });
  });

  test.skipIf(!isHere)('the shim is Python that 3.6 can read', () => {
    const parse =
      "import ast, pathlib, sys\nfor path in sorted(pathlib.Path(sys.argv[1]).rglob('*.py')):\n    ast.parse(path.read_text(), feature_version=(3, 6))\n    print(path.name)";
    const read = execFileSync('python3', ['-c', parse, shimFolder('python')], { encoding: 'utf8' });
    expect(read.split('\n')).toEqual(expect.arrayContaining(['main.py', 'runtime.py', 'wsgi.py']));
  });

  test('a configured one that is something else is said, not used', () => {
    const registry = new RuntimeRegistry({
      interpreters: { python3: '/bin/true', 'python3.9': '/nowhere' },
      cache: '',
    });
    expect(registry.find('python3')).toMatchObject({
      found: false,
      reason: expect.stringContaining('found: /bin/true (does not answer as Python)'),
    });
    expect(registry.find('python3.9')).toMatchObject({ found: false });
  });
});
