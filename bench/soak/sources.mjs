/**
 * The same function in every language. An event that begins with `{` is an order: `say` answers its id and the generation
 * of the code, `sleep` after `n` ms, `big` with `n` bytes made of the id, `error`, `exit`, `oom` and `hang` as they say.
 * Any other event comes back as it is.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findJres } from '../../dist/engine/runtimes/java/jre.js';
import { classPath, ShimBuild } from '../../dist/engine/runtimes/java/shim-build.js';
import { loadConfig } from '../../dist/platform/config.js';

const NODE_ACT = (gen) => `const GEN = ${gen};
async function act(event) {
  if (event[0] !== 123) return event;
  const { id, op, n } = JSON.parse(event);
  if (op === 'sleep') await new Promise((resolve) => setTimeout(resolve, n));
  if (op === 'big') return Buffer.alloc(n, id);
  if (op === 'error') throw new Error('told ' + id);
  if (op === 'exit') process.exit(7);
  if (op === 'oom') for (const held = []; ; ) held.push(Buffer.alloc(8 << 20, 1));
  if (op === 'hang') await new Promise(() => {});
  console.log('said ' + id);
  return Buffer.from(JSON.stringify({ id, gen: GEN }));
}
const whole = (request) => new Promise((resolve, reject) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('error', reject);
  request.on('end', () => resolve(Buffer.concat(pieces)));
});
`;

const node = (gen) => ({
  'index.js': `${NODE_ACT(gen)}
exports.handler = act;
exports.http = async (request, response) => response.send(await act(await whole(request)));
exports.begin = (context, callback) => setTimeout(callback, 20);
exports.hook = (context, callback) => { console.log('hook'); callback(); };
`,
});

const custom = (gen) => ({
  'server.js': `${NODE_ACT(gen)}
require('http').createServer(async (request, response) => {
  try {
    response.end(await act(await whole(request)));
  } catch (error) {
    response.statusCode = 500;
    response.end(JSON.stringify({ errorMessage: error.message }));
  }
}).listen(process.env.FC_SERVER_PORT);
`,
});

const python = (gen) => ({
  'index.py': `import json, os, time
GEN = ${gen}

def act(event):
    if event[:1] != b'{':
        return event
    order = json.loads(event)
    op, n, id = order['op'], order.get('n', 0), order['id']
    if op == 'sleep':
        time.sleep(n / 1000)
    if op == 'big':
        return ((id * (n // len(id) + 1))[:n]).encode()
    if op == 'error':
        raise ValueError('told ' + id)
    if op == 'exit':
        os._exit(7)
    if op == 'oom':
        held = []
        while True:
            held.append(b'x' * (8 << 20))
    if op == 'hang':
        time.sleep(3600)
    print('said ' + id)
    return json.dumps({'id': id, 'gen': GEN}).encode()

def handler(event, context):
    return act(event)

def http(environ, start_response):
    answer = act(environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0)))
    start_response('200 OK', [])
    return [answer]
`,
});

const php = (gen) => ({
  'index.php': `<?php
use RingCentral\\Psr7\\Response;
function act($event) {
  if (substr($event, 0, 1) !== '{') return $event;
  $order = json_decode($event, true);
  ['id' => $id, 'op' => $op] = $order;
  $n = $order['n'] ?? 0;
  if ($op === 'sleep') usleep($n * 1000);
  if ($op === 'big') return substr(str_repeat($id, intdiv($n, strlen($id)) + 1), 0, $n);
  if ($op === 'error') throw new Exception('told ' . $id);
  if ($op === 'exit') exit(7);
  if ($op === 'hang') sleep(3600);
  echo 'said ' . $id . "\\n";
  return json_encode(['id' => $id, 'gen' => ${gen}]);
}
function handler($event, $context) { return act($event); }
function http($request, $context) { return new Response(200, [], act($request->getBody()->getContents())); }
`,
});

const JAVA = `package soak;
import com.aliyun.fc.runtime.*; import java.io.*; import java.util.*; import java.util.regex.*; import javax.servlet.http.*;
public class NAME implements INTERFACE {
  static byte[] read(InputStream in) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream(); byte[] piece = new byte[65536];
    for (int n; (n = in.read(piece)) > 0; ) out.write(piece, 0, n);
    return out.toByteArray();
  }
  static String member(String order, String name) {
    Matcher found = Pattern.compile("\\"" + name + "\\":\\"?([^\\",}]*)").matcher(order);
    return found.find() ? found.group(1) : "0";
  }
  static byte[] act(byte[] event) throws IOException {
    if (event.length == 0 || event[0] != '{') return event;
    String order = new String(event, "UTF-8"), op = member(order, "op"), id = member(order, "id");
    int n = Integer.parseInt(member(order, "n"));
    try { if (op.equals("sleep")) Thread.sleep(n); if (op.equals("hang")) Thread.sleep(3600000); }
    catch (InterruptedException e) { throw new IOException(e); }
    if (op.equals("big")) { byte[] big = new byte[n], from = id.getBytes("UTF-8"); for (int i = 0; i < n; i++) big[i] = from[i % from.length]; return big; }
    if (op.equals("error")) throw new IOException("told " + id);
    if (op.equals("exit")) Runtime.getRuntime().halt(7);
    System.out.println("said " + id);
    String gen = new String(read(NAME.class.getResourceAsStream("/gen.txt")), "UTF-8");
    return ("{\\"id\\":\\"" + id + "\\",\\"gen\\":" + gen + "}").getBytes("UTF-8");
  }
`;
const JAVA_KINDS = {
  Event: [
    'StreamRequestHandler',
    'public void handleRequest(InputStream in, OutputStream out, Context c) throws IOException { out.write(act(read(in))); } }',
  ],
  Http: [
    'HttpRequestHandler',
    'public void handleRequest(HttpServletRequest in, HttpServletResponse out, Context c) throws IOException { byte[] b = act(read(in.getInputStream())); out.setStatus(200); out.getOutputStream().write(b); } }',
  ],
};

/** Compiles the Java function against the engine's own build; `undefined` where this host cannot. */
async function compileJava() {
  const shim = new ShimBuild(loadConfig().cache, findJres());
  if (!shim.isBuilt && shim.obstacle !== '') return undefined;
  await shim.build();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-soak-'));
  try {
    mkdirSync(join(folder, 'soak'));
    const files = Object.entries(JAVA_KINDS).map(([name, [type, method]]) => {
      const file = join(folder, 'soak', `${name}.java`);
      writeFileSync(file, JAVA.replaceAll('NAME', name).replace('INTERFACE', type) + method);
      return file;
    });
    execFileSync('javac', ['--release', '8', '-nowarn', '-cp', classPath(shim.folder), ...files], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const classes = readdirSync(join(folder, 'soak')).filter((file) => file.endsWith('.class'));
    return Object.fromEntries(
      classes.map((file) => [`soak/${file}`, readFileSync(join(folder, 'soak', file))]),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns generation → files, by language */
export async function sources() {
  const classes = await compileJava();
  return {
    node,
    python,
    php,
    custom,
    ...(classes && { java: (gen) => ({ ...classes, 'gen.txt': String(gen) }) }),
  };
}
