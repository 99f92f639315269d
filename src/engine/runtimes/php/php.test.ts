/** What only PHP has (runtimes.md §5): echo, globals, fatal errors, PSR-7 objects, CGI script trees. */
import { existsSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { createFunctionRunner, ownFunctionRunner } from '../../../../test/support/function-runner.ts';
import { canShowFolders } from '../../sandbox/mounter.ts';
import { RuntimeRegistry } from '../registry.ts';

const functions = createFunctionRunner();
afterAll(() => functions.close());

const isHere = new RuntimeRegistry({ interpreters: {}, cache: '' }).find('php7.2').found;

const define = (code: string, files: Record<string, string> = {}, settings = {}) =>
  functions.define({ 'index.php': `<?php\n${code}\n`, ...files }, { runtime: 'php7.2', ...settings });

describe.skipIf(!isHere)('events', () => {
  test('echo goes to the log, not into the answer, also through buffers of the function', async () => {
    const revision = define(
      String.raw`function handler($event, $context) { echo "out\n"; ob_start(); echo 'held'; $held = ob_get_clean(); while (@ob_end_flush()); echo "after\n"; return $held; }`,
    );
    const { body, log } = await functions.invoke(revision);
    expect(body.toString()).toBe('held');
    expect(log.toString()).toContain('\nout\nafter\n');
  });

  test('warnings are lines of the log', async () => {
    const revision = define('function handler($event, $context) { return $nothing ?? [1][2]; }');
    expect((await functions.invoke(revision)).log.toString()).toMatch(
      /(Warning|Notice): Undefined .* in \/code\/index\.php on line 2/,
    );
  });

  test('a fatal error is a process exit, with its message and place in the log', async () => {
    const revision = define(
      "function handler($event, $context) { if ($event === 'fatal') trigger_error('own end', E_USER_ERROR); return 'fine'; }",
    );
    const { body, log } = await functions.invoke(revision, { payload: Buffer.from('fatal') });
    expect(body.toString()).toContain('Process exited unexpectedly');
    expect(log.toString()).toContain('Fatal error: own end in /code/index.php on line 2\n');
    expect(log.toString()).toContain('Error: Process exited with code 255\n');
    expect((await functions.invoke(revision)).outcome).toBe('ok');
  });

  test.each([0, 60_000])(
    'an instance that was idle longer than PHP waits at a socket takes its next call — frozen after %i ms',
    async (freezeMs) => {
      const own = ownFunctionRunner({ freezeMs });
      const revision = own.define(
        {
          'index.php': '<?php\nfunction handler($event, $context) { return $event; }\n',
          // A minute unless told otherwise.
          'extension/wait.ini': 'default_socket_timeout=1\n',
        },
        { runtime: 'php7.2' },
      );
      const first = await own.invoke(revision);
      await new Promise((resolve) => {
        setTimeout(resolve, 1_500);
      });
      const second = await own.invoke(revision, { payload: Buffer.from('later') });
      expect([second.outcome, second.body.toString()]).toEqual(['ok', 'later']);
      expect(second.instanceId).toBe(first.instanceId);
    },
  );

  test.skipIf(!canShowFolders('on'))(
    'what waited for its function shows variables wherever PHP has them, as a start of its own does',
    async () => {
      const own = ownFunctionRunner({ waiting: 1 });
      const names = "['OWN', 'SCRIPT_NAME', 'FC_FUNCTION_NAME', 'TZ', 'PWD']";
      const revision = own.define(
        {
          'index.php': `<?php function handler($event, $context) { $all = [];
  foreach (${names} as $name) $all[] = [getenv($name), $_ENV[$name] ?? null, $_SERVER[$name] ?? null];
  return json_encode($all); }`,
        },
        { runtime: 'php7.2', environment: { OWN: "it's mine", SCRIPT_NAME: 'taken' } },
      );
      const ordinary = JSON.parse((await own.invoke(revision)).body.toString()) as unknown[];
      expect(ordinary[0]).toMatchObject({ 0: "it's mine", 2: "it's mine" });
      await expect.poll(() => own.runner.stats.waiting, { timeout: 20_000 }).toBe(1);
      const again = await own.invoke({ ...revision, key: 'again' });
      expect(own.runner.stats.taken).toBe(1);
      expect(JSON.parse(again.body.toString())).toEqual(ordinary);
    },
  );

  test('a handler may be a static method', async () => {
    const revision = define(
      "class App { static function run($event, $context) { return 'static'; } }",
      {},
      { handler: 'index.App::run' },
    );
    expect((await functions.invoke(revision)).body.toString()).toBe('static');
  });
});

describe.skipIf(!isHere)('HTTP handlers', () => {
  test('the request is a PSR-7 server request with query, cookies and form', async () => {
    const revision = define(
      `use RingCentral\\Psr7\\Response;
function handler(Psr\\Http\\Message\\ServerRequestInterface $request, $context) {
  return new Response(200, ['Content-Type' => 'application/json'], json_encode([
    (string) $request->getUri(), $request->getRequestTarget(), $request->getAttribute('requestURI'),
    $request->getQueryParams(), $request->getCookieParams(), $request->getParsedBody(), $request->getHeader('x-two'),
    $request->withHeader('X-New', 'n')->getHeaderLine('x-new'), $request->hasHeader('x-new'),
  ]));
}`,
    );
    const { body, headers } = await functions.request(
      revision,
      {
        method: 'POST',
        path: '/a/b',
        base: '/2016-08-15/proxy/shop/f',
        query: 'k=1&l[]=2',
        headers: [
          ['host', 'example.org'],
          ['cookie', 'one=1; two=%C3%A9'],
          ['content-type', 'application/x-www-form-urlencoded'],
          ['x-two', 'a'],
          ['x-two', 'b'],
        ],
      },
      { payload: Buffer.from('name=Ada+L') },
    );
    expect(headers).toEqual([['Content-Type', 'application/json']]);
    expect(JSON.parse(body)).toEqual([
      'http://example.org/a/b?k=1&l[]=2',
      '/a/b?k=1&l[]=2',
      '/2016-08-15/proxy/shop/f/a/b?k=1&l[]=2',
      { k: '1', l: ['2'] },
      { one: '1', two: 'é' },
      { name: 'Ada L' },
      ['a', 'b'],
      'n',
      false,
    ]);
  });

  test('a package that brings its own PSR-7 classes gets those', async () => {
    const revision = define(
      "require __DIR__ . '/vendor.php';\nfunction handler($request, $context) { return new RingCentral\\Psr7\\Response(); }",
      {
        'vendor.php':
          "<?php\nnamespace RingCentral\\Psr7;\nclass Response { function getStatusCode() { return 299; } function getHeaders() { return []; } function getBody() { return 'own'; } }\n",
      },
    );
    expect(await functions.request(revision)).toMatchObject({ status: 299, body: 'own' });
  });

  test('something else than a response is an error that says so', async () => {
    const { result } = await functions.request(
      define("function handler($request, $context) { return 'text'; }"),
    );
    expect(JSON.parse(result.body.toString())).toMatchObject({
      errorMessage: String.raw`an HTTP handler must return a RingCentral\Psr7\Response, not string`,
    });
  });
});

describe.skipIf(!isHere || !existsSync('/usr/bin/php-cgi'))('requestPhpCgi', () => {
  const SITE = {
    'site/index.php':
      "<?php header('X-Page: index'); http_response_code(202); echo $_SERVER['REQUEST_METHOD'], ' ', $_SERVER['REQUEST_URI'], ' ', $_GET['k'] ?? '', ' ', $_POST['p'] ?? '', ' ', $_SERVER['HTTP_X_ONE'] ?? '', ' ', $_SERVER['EXTRA'] ?? '';",
    'site/admin/page.php': "<?php setcookie('a', '1'); setcookie('b', '2'); echo 'admin';",
    'site/style.css': 'body {}',
  };
  const site = () =>
    define(
      "function handler($request, $context) { return $GLOBALS['fcPhpCgiProxy']->requestPhpCgi($request, __DIR__ . '/site', 'index.php', ['EXTRA' => 'more']); }",
      SITE,
    );

  test('runs scripts of a tree, with form, query, headers and own variables', async () => {
    const { status, headers, body } = await functions.request(
      site(),
      {
        method: 'POST',
        path: '/any/where',
        query: 'k=v',
        headers: [
          ['content-type', 'application/x-www-form-urlencoded'],
          ['x-one', 'one'],
        ],
      },
      { payload: Buffer.from('p=posted') },
    );
    expect({ status, body }).toEqual({ status: 202, body: 'POST /any/where?k=v v posted one more' });
    expect(headers).toContainEqual(['X-Page', 'index']);
  });

  test('finds scripts in folders, sends what is no script as it is, and nothing from outside', async () => {
    const revision = site();
    const page = await functions.request(revision, { path: '/admin/page.php' });
    expect(page.body).toBe('admin');
    expect(page.headers.filter(([name]) => name === 'Set-Cookie')).toHaveLength(2);
    const style = await functions.request(revision, { path: '/style.css' });
    expect(style).toMatchObject({ status: 200, body: 'body {}', headers: [['Content-Type', 'text/css']] });
    const outside = await functions.request(revision, { path: '/../index.php' });
    expect(outside.status).toBe(202);
  });
});
