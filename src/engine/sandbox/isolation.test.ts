/** What a function in its sandbox cannot do. Each attempt runs for real, from inside. */
import { mkdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFunctionRunner } from '../../../test/support/function-runner.ts';

const functions = createFunctionRunner();
const PROBE = `const fs = require('fs'); const cp = require('child_process'); const net = require('net'); const os = require('os');
exports.handler = async (event, context) => {
  try { return {value: await eval(event.toString())}; } catch (error) { return {error: error.code || error.message}; }
};`;
const revision = functions.define(PROBE, { environment: { OWN: 'mine' }, timeoutMs: 10_000 });

async function inside(code: string): Promise<unknown> {
  const result = await functions.invoke(revision, { payload: Buffer.from(code) });
  const answer = JSON.parse(result.body.toString()) as { value?: unknown; error?: unknown };
  return answer.error === undefined ? answer.value : { error: answer.error };
}

beforeAll(() => {
  process.env['SLUICE_TEST_SECRET'] = 'secret of the engine';
  mkdirSync(`${functions.home}/data`);
  writeFileSync(`${functions.home}/data/secret`, 'host file');
});
afterAll(async () => {
  delete process.env['SLUICE_TEST_SECRET'];
  await functions.close();
});

describe('a function', () => {
  test('is the plain user 10003 without groups and capabilities, and cannot gain any', async () => {
    expect(await inside('[process.getuid(), process.getgid(), process.getgroups()]')).toEqual([
      10_003,
      10_003,
      [10_003],
    ]);
    const status = String(await inside("fs.readFileSync('/proc/self/status', 'utf8')"));
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect(status).toMatch(new RegExp(`^${set}:\\t0+$`, 'm'));
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(await inside('process.setuid(0)')).toEqual({ error: 'EPERM' });
  });

  test('lives in namespaces of its own, that of users where the engine is not root', async () => {
    const names = [
      'cgroup',
      'ipc',
      'mnt',
      'net',
      'pid',
      'uts',
      ...(process.getuid?.() === 0 ? [] : ['user']),
    ];
    const seen = (await inside(
      `${JSON.stringify(names)}.map((name) => fs.readlinkSync('/proc/self/ns/' + name))`,
    )) as string[];
    expect(seen).toHaveLength(names.length);
    for (const [at, name] of names.entries()) {
      expect(seen[at]).toMatch(new RegExp(`^${name}:\\[\\d+\\]$`));
      expect(seen[at]).not.toBe(readlinkSync(`/proc/self/ns/${name}`));
    }
  });

  test('sees its own variables and nothing of the host', async () => {
    const env = (await inside('process.env')) as Record<string, string>;
    expect(env['OWN']).toBe('mine');
    const allowed = /^(FC_.*|OWN|HOME|LANG|TZ|PATH|LD_LIBRARY_PATH|NODE_PATH)$/;
    expect(Object.keys(env).filter((name) => !allowed.test(name))).toEqual([]);
    const all = String(
      await inside(
        "fs.readdirSync('/proc').filter(Number).map((pid) => { try { return fs.readFileSync('/proc/' + pid + '/environ', 'latin1') } catch (error) { return '' } }).join()",
      ),
    );
    expect(all).not.toContain('secret of the engine');
  });

  test("has no variable of its own on a command line — the host's users can read those", async () => {
    const lines = String(
      await inside(
        "fs.readdirSync('/proc').filter(Number).map((pid) => fs.readFileSync('/proc/' + pid + '/cmdline', 'latin1')).join()",
      ),
    );
    expect(lines).toContain('bwrap');
    expect(lines).not.toContain('mine');
  });

  test("cannot read the host's files", async () => {
    for (const path of [
      `${functions.home}/data/secret`,
      '/root',
      '/home',
      '/etc/shadow',
      '/var/lib',
      '/work',
      '/opt',
    ])
      expect(await inside(`fs.readdirSync('${path}')`)).toEqual({ error: 'ENOENT' });
    const root = (await inside("fs.readdirSync('/')")) as string[];
    expect(root.sort()).toEqual(
      expect.arrayContaining(['bin', 'code', 'dev', 'etc', 'lib', 'proc', 'tmp', 'usr', 'var']),
    );
    expect(root.filter((name) => ['root', 'home', 'srv', 'mnt', 'sys', 'run'].includes(name))).toEqual([]);
  });

  test('cannot write to its code, the system or the root', async () => {
    for (const path of [
      '/code/new',
      '/code/index.js',
      '/usr/bin/new',
      '/etc/new',
      '/new',
      '/var/fc/runtime/main.js',
      '/dev/new',
    ])
      expect(await inside(`fs.writeFileSync('${path}', 'x')`)).toEqual({
        error: expect.stringMatching(/^(EROFS|EACCES|EPERM)$/),
      });
  });

  test('has a /tmp of its own', async () => {
    const other = functions.define(PROBE);
    await inside("fs.writeFileSync('/tmp/mine', 'x')");
    expect(await inside("fs.readdirSync('/tmp')")).toEqual(['mine']);
    const seen = await functions.invoke(other, { payload: Buffer.from("fs.readdirSync('/tmp')") });
    expect(seen.body.toString()).toBe('{"value":[]}');
  });

  test('cannot fill more than 512 MB of /tmp', async () => {
    const full = await inside(
      "{ const fd = fs.openSync('/tmp/big', 'w'); let error; try { fs.ftruncateSync(fd, 0); const chunk = Buffer.alloc(16 << 20); for (let i = 0; i < 40; i += 1) fs.writeSync(fd, chunk); } catch (e) { error = e.code } fs.unlinkSync('/tmp/big'); fs.closeSync(fd); error }",
    );
    expect(full).toBe('ENOSPC');
  });

  test('sees no process but its own and cannot signal others', async () => {
    const processes = (await inside("fs.readdirSync('/proc').filter(Number).length")) as number;
    expect(processes).toBeLessThanOrEqual(3);
    expect(await inside(`process.kill(${process.pid}, 0)`)).toEqual({ error: 'ESRCH' });
  });

  test('has no network: neither the host nor the outside', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => {
      server.once('listening', resolve);
    });
    const { port } = server.address() as { port: number };
    const dial = (host: string, to: number) =>
      inside(
        `new Promise((resolve, reject) => net.connect(${to}, '${host}').on('connect', () => resolve('connected')).on('error', reject))`,
      );
    expect(await dial('127.0.0.1', port)).toEqual({ error: 'ECONNREFUSED' });
    expect(await dial('169.254.169.254', 80)).toEqual({ error: 'ENETUNREACH' });
    expect(await dial('192.0.2.1', 80)).toEqual({ error: 'ENETUNREACH' });
    expect(Object.keys((await inside('os.networkInterfaces()')) as object)).toEqual(['lo']);
    server.close();
  });

  test('cannot make namespaces, mount or trace — the doors out of containers', async () => {
    const run = (command: string) =>
      inside(`cp.spawnSync('/bin/sh', ['-c', ${JSON.stringify(command)}]).stderr.toString()`);
    expect(await run('unshare --user true')).toMatch(/unshare failed: Operation not permitted/);
    expect(await run('unshare --net true')).toMatch(/unshare failed: Operation not permitted/);
    expect(await run('mount -t tmpfs none /tmp')).toMatch(/permission denied|must be superuser/i);
    expect(await inside("fs.readFileSync('/proc/self/status', 'utf8').match(/^Seccomp:.*/m)[0]")).toBe(
      'Seccomp:\t2',
    );
  });

  test('may use threads and child processes — what the filter must not break', async () => {
    const worker =
      "new Promise((resolve, reject) => { const w = new (require('worker_threads').Worker)('require(\\'worker_threads\\').parentPort.postMessage(7)', {eval: true}); w.on('message', resolve); w.on('error', reject); })";
    expect(await inside(worker)).toBe(7);
    expect(await inside("cp.execFileSync('node', ['-p', '1+1']).toString()")).toBe('2\n');
  });

  test('is limited in open files', async () => {
    expect(await inside("cp.execSync('ulimit -n').toString().trim()")).toBe('1024');
  });
});
