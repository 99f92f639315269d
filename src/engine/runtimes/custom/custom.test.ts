/** What a custom runtime may rely on (runtimes.md §8): real servers in real sandboxes, reached by the engine. */
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { ClientRequest } from 'node:http';
import { join } from 'node:path';
import { queryObjects } from 'node:v8';
import { afterAll, describe, expect, test } from 'vitest';
import { defineBootstrap, serverBootstrap as server } from '../../../../test/support/bootstrap.ts';
import { createFunctionRunner, ownFunctionRunner } from '../../../../test/support/function-runner.ts';
import type { Revision } from '../../invoke/contract.ts';

const functions = createFunctionRunner();
afterAll(() => functions.close());

const define = (bootstrap: string, settings: Partial<Revision> = {}, runner = functions): Revision =>
  defineBootstrap(runner, bootstrap, settings);
const ECHO = server('response.end(body);');

const json = (body: Buffer) => JSON.parse(body.toString()) as Record<string, string>;

describe('an event call', () => {
  test('is POST /invoke with the event and all that the platform says about it', async () => {
    const revision = define(
      server(
        'response.end(JSON.stringify({ method: request.method, url: request.url, body: body.toString(), ...request.headers }));',
      ),
      { versionId: '7', timeoutMs: 4_000, handler: 'index.é' },
    );
    const result = await functions.invoke(revision, {
      payload: Buffer.from('the event'),
      requestId: 'r-1',
      qualifier: 'PROD',
      retryCount: 2,
    });
    expect(result).toMatchObject({ outcome: 'ok', coldStart: true });
    expect(result.maxMemoryMb).toBeGreaterThan(1);
    expect(json(result.body)).toEqual({
      method: 'POST',
      url: '/invoke',
      body: 'the event',
      host: '127.0.0.1:9000',
      connection: 'keep-alive',
      'content-type': 'application/octet-stream',
      'content-length': '9',
      'x-fc-control-path': '/invoke',
      'x-fc-request-id': 'r-1',
      'x-fc-account-id': '1234567890123456',
      'x-fc-region': 'cn-test',
      'x-fc-service-name': 'shop',
      'x-fc-service-logproject': 'project',
      'x-fc-service-logstore': 'store',
      'x-fc-qualifier': 'PROD',
      'x-fc-version-id': '7',
      'x-fc-function-name': revision.function,
      'x-fc-function-handler': Buffer.from('index.é').toString('latin1'),
      'x-fc-function-memory': '128',
      'x-fc-function-timeout': '4',
      'x-fc-function-initializer': '',
      'x-fc-initialization-timeout': '3',
      'x-fc-instance-lifecycle-pre-stop-handler': '',
      'x-fc-instance-lifecycle-pre-freeze-handler': '',
      'x-fc-access-key-id': '',
      'x-fc-access-key-secret': '',
      'x-fc-security-token': '',
      'x-fc-retry-count': '2',
    });
  });

  test('carries 6 MB both ways byte for byte; a larger answer is refused', async () => {
    const revision = define(ECHO);
    const payload = Buffer.alloc(6 * 1024 * 1024, 'abc');
    expect((await functions.invoke(revision, { payload })).body.equals(payload)).toBe(true);
    for (const headers of ['', "response.setHeader('Transfer-Encoding', 'chunked'); "]) {
      const large = define(server(`${headers}response.end(Buffer.alloc(6 * 1024 * 1024 + 1));`));
      await expect(functions.invoke(large)).rejects.toMatchObject({ status: 413, code: 'EntityTooLarge' });
      expect(await functions.invoke(revision)).toMatchObject({ outcome: 'ok', coldStart: false });
    }
  });

  const STATUS: [string, string, 'ok' | 'unhandled-error'][] = [
    ['status 200', 'response.statusCode = 200;', 'ok'],
    ['status 302', 'response.statusCode = 302;', 'ok'],
    ['status 404', 'response.statusCode = 404;', 'unhandled-error'],
    ['status 500', 'response.statusCode = 500;', 'unhandled-error'],
    ['x-fc-status 404 with status 200', "response.setHeader('X-Fc-Status', '404');", 'unhandled-error'],
    [
      'x-fc-status 200 with status 500',
      "response.statusCode = 500; response.setHeader('x-fc-status', '200');",
      'ok',
    ],
  ];
  for (const [title, code, outcome] of STATUS)
    test(`with ${title} is ${outcome}, and its body passes`, async () => {
      const result = await functions.invoke(
        define(server(`${code} response.end('{"errorMessage":"own words"}');`)),
      );
      expect({ outcome: result.outcome, body: result.body.toString() }).toEqual({
        outcome,
        body: '{"errorMessage":"own words"}',
      });
      if (outcome !== 'ok') expect(result.log.toString()).toContain(', Error: Unhandled function error');
    });

  test('that fails without a word gets one', async () => {
    const result = await functions.invoke(define(server('response.statusCode = 503; response.end();')));
    expect(json(result.body)).toEqual({ errorMessage: "the function's server answered with status 503" });
  });

  test('whose connection the server cuts has failed; it is not sent again, and the instance stays', async () => {
    const revision = define(
      server(
        'calls += 1; if (body.length > 0) request.socket.destroy(); else response.end(String(calls));',
        'let calls = 0;',
      ),
    );
    expect((await functions.invoke(revision)).body.toString()).toBe('1');
    const cut = await functions.invoke(revision, { payload: Buffer.from('x') });
    expect(cut.outcome).toBe('unhandled-error');
    expect(json(cut.body)['errorMessage']).toBe("the function's server broke off: socket hang up");
    expect(await functions.invoke(revision)).toMatchObject({ body: Buffer.from('3'), coldStart: false });
  });

  test('that switched protocols leaves nothing behind in the engine', async () => {
    const revision = define(
      "#!/usr/bin/env node\nrequire('net').createServer((socket) => { socket.on('error', () => undefined); socket.on('data', () => socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: x\\r\\n\\r\\n')); }).listen(9000);",
    );
    const count = (): number => queryObjects(ClientRequest, { format: 'count' });
    const before = count();
    for (let call = 0; call < 10; call += 1)
      expect((await functions.invoke(revision)).outcome).toBe('unhandled-error');
    await expect.poll(count).toBeLessThan(before + 5);
  });

  test('whose head cannot be sent is not read on', async () => {
    const revision = define(
      server(
        "response.on('close', () => console.log('nobody reads')); response.writeHead(700).write('x'); setInterval(() => response.write('x'), 10);",
      ),
    );
    const head = { headers: [['host', 'h']] as const };
    const { result } = await functions.request(revision, head, { wantsLog: false });
    expect(result.outcome).toBe('unhandled-error');
    await expect.poll(() => functions.lines(revision)).toContain('nobody reads');
  });

  test('answered by no HTTP at all has failed', async () => {
    const revision = define(
      "#!/usr/bin/env node\nrequire('net').createServer((socket) => socket.on('data', () => socket.write('what?'))).listen(9000);",
    );
    const result = await functions.invoke(revision);
    expect(result.outcome).toBe('unhandled-error');
    expect(json(result.body)['errorMessage']).toContain('Parse Error');
  });
});

describe('the server', () => {
  test('keeps its connection from call to call', async () => {
    const revision = define(
      server(
        'response.end(String(sockets.size));',
        'const sockets = new Set();',
        "server.on('connection', (socket) => sockets.add(socket)); server.listen(9000);",
      ),
    );
    for (let round = 0; round < 3; round += 1)
      expect((await functions.invoke(revision)).body.toString()).toBe('1');
  });

  test('may close each connection after its answer, as HTTP/1.0 does', async () => {
    const revision = define(
      server("response.setHeader('Connection', 'close'); response.end(String(process.pid));"),
    );
    const answers = [];
    for (let round = 0; round < 5; round += 1)
      answers.push((await functions.invoke(revision)).body.toString());
    expect(new Set(answers).size).toBe(1);
  });

  test('may close an idle connection just before the next call', async () => {
    const revision = define(server("response.end('ok'); setTimeout(() => request.socket.destroy(), 1);"));
    for (let round = 0; round < 5; round += 1) {
      expect((await functions.invoke(revision)).outcome).toBe('ok');
      // Blocks this process, so that the engine cannot have heard of the end of the connection.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  });

  test('may listen on 127.0.0.1 or localhost only, and late', async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      const revision = define(
        server("response.end('here');", '', `setTimeout(() => server.listen(9000, '${host}'), 300);`),
      );
      expect((await functions.invoke(revision)).body.toString()).toBe('here');
    }
  });

  test('listens on the port of its settings', async () => {
    const revision = define(server('response.end(JSON.stringify(process.env));'), {
      server: { command: [], args: [], port: 8123, healthCheck: undefined },
    });
    expect(json((await functions.invoke(revision)).body)).toMatchObject({
      FC_SERVER_PORT: '8123',
      FC_CUSTOM_LISTEN_PORT: '8123',
      PYTHONPATH: '/code',
    });
  });

  test('takes as many calls at once as the concurrency says', async () => {
    const revision = define(
      server(
        'now += 1; const seen = now; setTimeout(() => { now -= 1; response.end(String(seen)); }, 200);',
        'let now = 0;',
      ),
      { instanceConcurrency: 3 },
    );
    await functions.invoke(revision);
    const results = await Promise.all(Array.from({ length: 6 }, () => functions.invoke(revision)));
    expect(Math.max(...results.map((result) => Number(result.body.toString())))).toBe(3);
  });

  test('of another function is out of reach: each has its own network', async () => {
    const [a, b] = [define(server("response.end('a');")), define(server("response.end('b');"))];
    await Promise.all([functions.invoke(a), functions.invoke(b)]);
    expect((await functions.invoke(a)).body.toString()).toBe('a');
    expect((await functions.invoke(b)).body.toString()).toBe('b');
  });

  test('may be started by a command with arguments, or by another file', async () => {
    const echo = server('response.end(process.argv.slice(2).join());');
    const files = { 'bin/serve.js': echo, bootstrap: 'no program' };
    const run = async (settings: Partial<Revision>) => {
      const revision = functions.define(files, { runtime: 'custom', ...settings });
      chmodSync(join(revision.codeFolder, 'bin/serve.js'), 0o755);
      return (await functions.invoke(revision)).body.toString();
    };
    const started = {
      command: ['node', 'bin/serve.js', "it's"],
      args: ['b c'],
      port: 9000,
      healthCheck: undefined,
    };
    expect(await run({ server: started })).toBe("it's,b c");
    expect(await run({ environment: { BOOTSTRAP_FILE: 'bin/serve.js' } })).toBe('');
    expect(
      await run({
        environment: { BOOTSTRAP_FILE: 'bin/serve.js' },
        server: { ...started, command: [], args: ['x'] },
      }),
    ).toBe('x');
  });

  test.skipIf(!existsSync('/usr/bin/python3'))(
    'may be written in what the host has, e.g. Python',
    async () => {
      const revision = define(`#!/usr/bin/env python3
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['content-length']))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body.upper())
HTTPServer(('0.0.0.0', 9000), Handler).serve_forever()
`);
      for (let round = 0; round < 2; round += 1)
        expect((await functions.invoke(revision, { payload: Buffer.from('abc') })).body.toString()).toBe(
          'ABC',
        );
    },
  );

  test('runs without a sandbox too, each instance on a port of its own', async () => {
    const runner = ownFunctionRunner({}, 'off');
    const seen = join(runner.home, 'seen');
    mkdirSync(seen);
    // Each answers when both are asked.
    const answer = server(
      `const port = process.env.FC_SERVER_PORT; fs.writeFileSync('${seen}/' + port, ''); const look = () => (fs.readdirSync('${seen}').length === 2 ? response.end(port) : setTimeout(look, 5)); look();`,
      "const fs = require('fs');",
    );
    const revision = define(answer, {}, runner);
    const results = await Promise.all([runner.invoke(revision), runner.invoke(revision)]);
    const ports = results.map((result) => Number(result.body.toString()));
    expect(new Set(ports).size).toBe(2);
    expect(Math.min(...ports)).toBeGreaterThan(1023);
  });
});

describe('a start', () => {
  const NOT_STARTED: [string, string, RegExp][] = [
    [
      'that ends at once',
      '#!/bin/sh\necho "no such database" >&2\nexit 3\n',
      /Process exited with code 3; no such database$/,
    ],
    [
      'without the interpreter that its file names',
      '#!/no/such/program\n',
      /Process exited with code 127; .*\/code\/bootstrap/,
    ],
  ];
  for (const [title, bootstrap, message] of NOT_STARTED)
    test(`${title} is refused with what it said`, async () => {
      await expect(functions.invoke(define(bootstrap))).rejects.toMatchObject({
        status: 412,
        code: 'FunctionNotStarted',
        message: expect.stringMatching(message),
      });
    });

  test('without bootstrap, or with one that may not be executed, is refused by name', async () => {
    const missing = functions.define({ other: '' }, { runtime: 'custom' });
    await expect(functions.invoke(missing)).rejects.toMatchObject({
      code: 'FunctionNotStarted',
      message: expect.stringMatching(/code 127; .*\/code\/bootstrap: not found/),
    });
    const closed = functions.define({ bootstrap: '#!/bin/sh\n' }, { runtime: 'custom' });
    await expect(functions.invoke(closed)).rejects.toMatchObject({
      code: 'FunctionNotStarted',
      message: expect.stringMatching(/code 126; .*\/code\/bootstrap: Permission denied/),
    });
  });

  test('that never listens is refused after the limit with the port and the last of what it said', async () => {
    const runner = ownFunctionRunner({ listenMs: 300 });
    const revision = define('#!/bin/sh\necho "still loading" >&2\nsleep 60\n', {}, runner);
    await expect(runner.invoke(revision)).rejects.toMatchObject({
      status: 412,
      code: 'FunctionNotStarted',
      message: 'the instance did not start: port 9000 was not open after 0.3 s; still loading',
    });
    await expect.poll(() => runner.runner.stats.instances).toBe(0);
  });
});

describe('the initializer', () => {
  const initialized = server(
    "if (request.url === '/initialize') { seen.push(request.method, request.headers['x-fc-control-path'], request.headers['x-fc-request-id']); response.end(); } else response.end(seen.join());",
    'const seen = [];',
  );

  test('is POST /initialize, once, before the first call', async () => {
    const revision = define(initialized, { initializer: 'init' });
    const first = await functions.invoke(revision, { requestId: 'first' });
    expect(first.body.toString()).toBe('POST,/initialize,first');
    expect((await functions.invoke(revision)).body.toString()).toBe('POST,/initialize,first');
    expect(first.log.toString()).toContain('FC Initialize Start RequestId: first\n');
  });

  test('is not called where the function has none', async () => {
    expect((await functions.invoke(define(initialized))).body.toString()).toBe('');
  });

  const FAILING: [string, string, string][] = [
    [
      'answers with a failure',
      'response.statusCode = 500; response.end(\'{"errorMessage":"no database"}\');',
      'no database',
    ],
    [
      'answers with another status',
      'response.statusCode = 204; response.end();',
      'the initializer answered with status 204',
    ],
    ['closes the connection', 'request.socket.destroy();', "the function's server broke off: socket hang up"],
    ['never answers', '', 'Function initialization timed out after 0.5 seconds'],
    ['ends the process', 'process.exit(1);', 'Process exited unexpectedly before completing request'],
  ];
  for (const [title, code, message] of FAILING)
    test(`that ${title} fails the call, and the instance is gone`, async () => {
      const runner = ownFunctionRunner({});
      const revision = define(server(code), { initializer: 'init', initializationTimeoutMs: 500 }, runner);
      const result = await runner.invoke(revision);
      expect(result.outcome).toBe('unhandled-error');
      expect(json(result.body)['errorMessage']).toContain(message);
      await expect.poll(() => runner.runner.stats.instances).toBe(0);
    });
});

describe('a call that does not end well', () => {
  test('because of its time limit: SIGTERM, and a new instance for the next', async () => {
    const revision = define(
      server(
        "if (body.length === 0) response.end('ok');",
        "process.on('SIGTERM', () => console.log('asked to end'));",
      ),
      { timeoutMs: 300 },
    );
    const first = await functions.invoke(revision);
    const late = await functions.invoke(revision, { payload: Buffer.from('x') });
    expect(late).toMatchObject({ outcome: 'unhandled-error', instanceId: first.instanceId });
    expect(json(late.body)['errorMessage']).toContain('Function timed out after 0.3 seconds');
    expect((await functions.invoke(revision)).instanceId).not.toBe(first.instanceId);
  });

  test('because of its time limit beside others, closes its connection only', async () => {
    const revision = define(
      server(
        "if (body.toString() === 'late') request.socket.on('close', () => console.log('cut')); else setTimeout(() => response.end('good'), 300);",
      ),
      { timeoutMs: 500, instanceConcurrency: 2 },
    );
    await functions.invoke(revision);
    const late = functions.invoke(revision, { payload: Buffer.from('late') });
    await new Promise((resolve) => {
      setTimeout(resolve, 350);
    });
    const [lateResult, good] = await Promise.all([late, functions.invoke(revision)]);
    expect([lateResult.outcome, good.outcome]).toEqual(['unhandled-error', 'ok']);
    const lines = functions.lines(revision);
    expect(lines).toContain('cut');
  });

  test('because its process ends says so, whatever the connection did before', async () => {
    const revision = define(server('process.exit(5);'));
    const result = await functions.invoke(revision);
    expect(result.outcome).toBe('unhandled-error');
    expect(json(result.body)['errorMessage']).toContain(
      'Process exited unexpectedly before completing request',
    );
    expect(result.log.toString()).toContain(', Error: Process exited with code 5\n');
  });

  test('because the server no longer listens: the instance is replaced, and the call runs once', async () => {
    const revision = define(
      server(
        "response.setHeader('connection', 'close'); response.end(); if (body.length > 0) { setInterval(() => {}, 1000); server.close(() => console.log('closed')); }",
      ),
    );
    const first = await functions.invoke(revision, { payload: Buffer.from('close') });
    await expect.poll(() => functions.lines(revision)).toContain('closed');
    const second = await functions.invoke(revision);
    expect(second).toMatchObject({ outcome: 'ok', coldStart: true });
    expect(second.instanceId).not.toBe(first.instanceId);
  });
});

describe('the log', () => {
  test('has the output of a call between brackets, which the engine writes whether the server does or not', async () => {
    const quiet = define(server("console.log('working'); response.end();"));
    const own = define(
      server(
        "const id = request.headers['x-fc-request-id']; console.log('FC Invoke Start RequestId: ' + id); console.log('working'); console.log('FC Invoke End RequestId: ' + id); response.end();",
      ),
    );
    for (const revision of [quiet, own]) {
      const { log } = await functions.invoke(revision, { requestId: 'r-9' });
      const lines = log.toString().split('\n');
      expect(lines.slice(0, 3)).toEqual([
        'FC Invoke Start RequestId: r-9',
        'working',
        'FC Invoke End RequestId: r-9',
      ]);
    }
  });

  test('has the unfinished line of a call with that call, not in front of the next one', async () => {
    const revision = define(server("process.stdout.write('open ' + body); response.end();"));
    for (const event of ['a', 'b']) {
      const { log } = await functions.invoke(revision, { payload: Buffer.from(event) });
      expect(log.toString().split('\n')[1]).toBe(`open ${event}`);
    }
  });

  test('does not tear a line apart while the other call that may have written it goes on', async () => {
    const revision = define(
      server(
        "if (body.length > 0) { process.stdout.write('first '); goOn = () => { process.stdout.write('second\\n'); response.end(); }; } else { response.end(); response.on('finish', () => setTimeout(goOn, 50)); }",
        'let goOn;',
      ),
      { instanceConcurrency: 2 },
    );
    const slow = functions.invoke(revision, { payload: Buffer.from('slow') });
    await functions.invoke(revision);
    expect((await slow).outcome).toBe('ok');
    expect(functions.lines(revision)).toContain('first second');
  });
});
