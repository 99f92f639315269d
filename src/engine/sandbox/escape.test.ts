/**
 * Attempts to get out of a sandbox, or to take the machine along: each runs for real from inside a function, fails in
 * the way that is stated, and a neighbour function goes on answering from the same instance, beside bombs all the while. What a function cannot see
 * or do in peace is in `isolation.test.ts`. All of it twice: with a start of its own, and out of the stock. Bombs are held by the cgroup of their own instance.
 */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createRunnerOf, WAYS } from '../../../test/support/stocked.ts';
import type { Revision } from '../invoke/contract.ts';
import { canShowFolders } from './mounter.ts';

const PROBE = `const fs = require('fs'); const cp = require('child_process');
exports.handler = async (event) => {
  try { return {value: await eval(event.toString())}; } catch (error) { return {error: error.code || error.message}; }
};`;
/** The error number of a system call that Node.js has no name for, by Perl, which every Debian has; x64 numbers. */
const ERRNO = (call: string) =>
  `cp.execFileSync('/usr/bin/perl', ['-e', ${JSON.stringify(`my ($n, @a) = (${call}); print(syscall($n, @a) < 0 ? $! + 0 : 0)`)}]).toString()`;
const EPERM = '1';

describe.each(WAYS.filter((way) => way === 'ordinary' || canShowFolders('on')))('%s', (way) => {
  const functions = createRunnerOf(way);
  const hasLimits = functions.runner.limits.state !== 'missing';
  const neighbour = functions.define("exports.handler = async () => 'here';", { internetAccess: true });
  const escaper = functions.define(PROBE, { timeoutMs: 20_000 });
  const onInternet = functions.define(PROBE, { timeoutMs: 20_000, internetAccess: true });
  let neighbourInstance = '';

  async function inside(code: string, revision: Revision = escaper): Promise<unknown> {
    const result = await functions.invoke(revision, { payload: Buffer.from(code) });
    if (result.outcome !== 'ok') return { died: result.body.toString() };
    const answer = JSON.parse(result.body.toString()) as { value?: unknown; error?: unknown };
    return answer.error === undefined ? answer.value : { error: answer.error };
  }

  /** What comes of the attempt, with the neighbour called all the while. */
  async function beside<T>(attempt: Promise<T>): Promise<T> {
    const over = new AbortController();
    const ended = attempt.finally(() => over.abort());
    ended.catch(() => undefined);
    while (!over.signal.aborted) {
      const answer = await functions.invoke(neighbour);
      expect([answer.body.toString(), answer.instanceId]).toEqual(['here', neighbourInstance]);
    }
    return ended;
  }

  beforeAll(async () => {
    neighbourInstance = (await functions.invoke(neighbour)).instanceId;
  });
  afterEach(async () => {
    const answer = await functions.invoke(neighbour);
    expect(answer.body.toString()).toBe('here');
    expect(answer.instanceId).toBe(neighbourInstance);
  });
  afterAll(() => functions.close());

  describe('what belongs to others', () => {
    test("another function's code, /tmp and processes are not there", async () => {
      await inside("fs.writeFileSync('/tmp/mine', 'x')", functions.define(PROBE));
      expect(await inside(`fs.readdirSync('${neighbour.codeFolder}')`)).toEqual({ error: 'ENOENT' });
      expect(await inside("fs.existsSync('/tmp/mine')")).toBe(false);
      const commands =
        "fs.readdirSync('/proc').filter(Number).map((pid) => fs.readFileSync('/proc/' + pid + '/comm', 'utf8').trim())";
      expect(await inside(commands)).toEqual(['bwrap', 'node']);
    });

    test("the first process of the sandbox cannot be read, traced or signalled — it is root's", async () => {
      for (const file of ['environ', 'root', 'cwd', 'fd', 'mem', 'maps'])
        expect(
          await inside(
            `String(fs.statSync('/proc/1/${file}').isDirectory() ? fs.readdirSync('/proc/1/${file}') : fs.readFileSync('/proc/1/${file}'))`,
          ),
        ).toEqual({
          error: expect.stringMatching(/^(EACCES|EPERM)$/),
        });
      expect(await inside("process.kill(1, 'SIGKILL')")).toEqual({ error: 'EPERM' });
      for (const pid of [process.pid, process.ppid])
        expect(await inside(`process.kill(${pid}, 'SIGKILL')`)).toEqual({ error: 'ESRCH' });
      // Everything else that it may signal is its own.
      expect(await inside('process.kill(-1, 0)')).not.toEqual({ error: 'EPERM' });
    });

    test('sockets of the host are out of reach, named, abstract and by address', async () => {
      const named = join(functions.home, 'engine.sock');
      const servers = [createServer().listen(named), createServer().listen('\0sluice-escape-test')];
      await Promise.all(
        servers.map(
          (server) =>
            new Promise((resolve) => {
              server.once('listening', resolve);
            }),
        ),
      );
      const dial = (to: string, revision = escaper) =>
        inside(
          `new Promise((resolve, reject) => require('net').connect(${to}).on('connect', () => resolve('connected')).on('error', reject))`,
          revision,
        );
      expect(await dial(JSON.stringify(named))).toEqual({ error: 'ENOENT' });
      expect(await dial('"\\0sluice-escape-test"')).toEqual({ error: 'ECONNREFUSED' });
      expect(await dial('80, "169.254.169.254"')).toEqual({ error: 'ENETUNREACH' });
      expect(await dial('7400, "127.0.0.1"')).toEqual({ error: 'ECONNREFUSED' });
      // With a way to the internet: what else there is to try is in `test/function-network.test.ts`.
      expect(await dial(JSON.stringify(named), onInternet)).toEqual({ error: 'ENOENT' });
      expect(await dial('"\\0sluice-escape-test"', onInternet)).toEqual({ error: 'ECONNREFUSED' });
      if (functions.runner.limits.network.state !== 'loopback')
        expect(await dial('80, "169.254.169.254"', onInternet)).toEqual({ error: 'ECONNREFUSED' });
      for (const server of servers) server.close();
    });

    test('no file of the engine is open inside, and no command line names a folder of the host', async () => {
      const targets = (await inside(
        "fs.readdirSync('/proc/self/fd').flatMap((fd) => { try { return fs.readlinkSync('/proc/self/fd/' + fd) } catch (error) { return [] } })",
      )) as string[];
      expect(targets.filter((target) => target.startsWith('/') && target !== '/dev/null')).toEqual([]);
      const commands = await inside(
        "fs.readdirSync('/proc').filter(Number).map((pid) => fs.readFileSync('/proc/' + pid + '/cmdline', 'latin1')).join()",
      );
      expect(commands).not.toContain(functions.home);
      expect(await inside("fs.readFileSync('/proc/self/cgroup', 'utf8')")).not.toContain('sluice-');
    });
  });

  describe('doors of the kernel', () => {
    const DOORS: [string, string][] = [
      ['mount', '165, "none", "/tmp", "tmpfs", 0, 0'],
      ['umount', '166, "/code", 2'],
      ['a new mount by its newer call', '430, "tmpfs", 0'],
      ['pivot_root', '155, "/tmp", "/tmp"'],
      ['chroot', '161, "/tmp"'],
      ['a user namespace', '272, 0x10000000'],
      ["another process's namespace", '308, 0, 0'],
      ['ptrace', '101, 16, 1, 0, 0'],
      ["another process's memory", '310, 1, 0, 0, 0, 0, 0'],
      ['the keyring', '250, 0, -3, 0'],
      ['a new key', '248, "user", "name", "x", 1, -3'],
      ['bpf', '321, 0, 0, 0'],
      ['performance counters', '298, 0, 0, -1, -1, 0'],
      ['files by handle', '304, 0, 0, 0'],
      ["the kernel's log", '103, 2, 0, 0'],
      ['the clock', '227, 0, 0'],
      ['the host name', '170, "x", 1'],
      ['a reboot', '169, 0xfee1dead, 672274793, 0, 0'],
      ['a kernel module', '175, 0, 0, 0'],
      ['page faults in user space', '323, 0'],
      ['another personality', '135, 0x0040000'],
      ['another user', '105, 0'],
      ['another group', '106, 0'],
      ['a raw socket', '41, 2, 3, 1'],
    ];
    for (const [title, call] of DOORS)
      test.skipIf(process.arch !== 'x64')(`${title}: EPERM`, async () => {
        expect(await inside(ERRNO(call))).toBe(EPERM);
      });

    test.skipIf(process.arch !== 'x64')('packet sockets and io_uring are not there', async () => {
      expect(await inside(ERRNO('41, 17, 3, 0'))).toBe('97');
      expect(await inside(ERRNO('425, 1, 0'))).toBe('38');
    });

    test('a device cannot be made, and the settings of the kernel cannot be written', async () => {
      expect(await inside(ERRNO('133, "/tmp/disk", 0x61b0, 65024'))).toBe(EPERM);
      for (const path of [
        '/proc/sys/kernel/hostname',
        '/proc/sysrq-trigger',
        '/proc/sys/vm/overcommit_memory',
      ])
        expect(await inside(`fs.writeFileSync('${path}', 'x')`)).toEqual({
          error: expect.stringMatching(/^(EROFS|EACCES|EPERM|ENOENT)$/),
        });
    });
  });

  describe('the package', () => {
    test('a link in it leads to places of the sandbox, never of the host', async () => {
      mkdirSync(join(functions.home, 'data'), { recursive: true });
      writeFileSync(join(functions.home, 'data', 'secret'), 'host file');
      const revision = functions.define(PROBE);
      symlinkSync(join(functions.home, 'data'), join(revision.codeFolder, 'out'));
      symlinkSync('../../data/secret', join(revision.codeFolder, 'up'));
      symlinkSync('/etc/shadow', join(revision.codeFolder, 'shadow'));
      for (const path of ['out/secret', 'up', 'shadow'])
        expect(await inside(`fs.readFileSync('/code/${path}', 'utf8')`, revision)).toEqual({
          error: 'ENOENT',
        });
    });

    test('cannot be written, nor made writable', async () => {
      expect(await inside("fs.chmodSync('/code/index.js', 0o777)")).toEqual({ error: 'EROFS' });
      expect(await inside("fs.appendFileSync('/code/index.js', 'x')")).toEqual({
        error: expect.stringMatching(/^(EROFS|EACCES)$/),
      });
      expect(await inside("fs.renameSync('/code', '/tmp/code')")).toEqual({
        error: expect.stringMatching(/^(EBUSY|EXDEV|EACCES|EROFS)$/),
      });
      expect(readFileSync(join(escaper.codeFolder, 'index.js'), 'utf8')).toBe(PROBE);
    });
  });

  describe.skipIf(!hasLimits)('bombs', () => {
    test('of processes: fork fails at 1024, in this instance alone', async () => {
      const revision = functions.define(PROBE, {
        memoryMb: 1024,
        timeoutMs: 60_000,
        environment: { MARK: `bomb of ${functions.home}` },
      });
      const bomb =
        "cp.spawnSync('/bin/sh', ['-c', 'while :; do sleep 100 >/dev/null 2>&1 & done'], {timeout: 50000}).stderr.toString()";
      expect(await beside(inside(bomb, revision))).toMatch(/Cannot fork|Resource temporarily unavailable/);
      functions.runner.retire(revision.key);
      await expect.poll(() => processesOf(revision), { timeout: 30_000 }).toEqual([]);
    }, 90_000);

    test('of memory: ended, and named in the log', async () => {
      const revision = functions.define(PROBE);
      const bomb = 'cp.execSync("a=x; while :; do a=$a$a; done")';
      await beside(inside(bomb, revision));
      await beside(inside('{ const kept = []; for (;;) kept.push(Buffer.alloc(1 << 20, 1)); }', revision));
      expect(functions.lines(revision).join('\n')).toContain('exceeded memory limit of 128 MB');
    });

    test('of disk: ENOSPC at 512 MB, and the space is free again with the end of the instance', async () => {
      const revision = functions.define(PROBE, { timeoutMs: 60_000 });
      const bomb = "cp.spawnSync('/bin/sh', ['-c', 'head -c 700m /dev/zero > /tmp/big']).stderr.toString()";
      expect(await beside(inside(bomb, revision))).toContain('No space left on device');
      expect(
        readdirSync(join(functions.home, 'engine', 'sandbox', 'tmp')).filter((name) => name.startsWith('c-')),
      ).toEqual([]);
      functions.runner.retire(revision.key);
    }, 90_000);

    test('of files: ENOSPC when the file system has no more', async () => {
      const revision = functions.define(PROBE, { timeoutMs: 60_000 });
      const bomb =
        "{ let n = 0; try { for (;; n += 1) fs.closeSync(fs.openSync('/tmp/' + n, 'w')); } catch (error) { [error.code, n > 60000 && n < 70000]; } }";
      expect(await beside(inside(bomb, revision))).toEqual(['ENOSPC', true]);
      functions.runner.retire(revision.key);
    }, 90_000);
  });

  describe('what outlives a call', () => {
    test('a million log lines cost the engine bounded memory', async () => {
      const revision = functions.define(
        "exports.handler = async () => { const lines = 'line\\n'.repeat(1000); for (let i = 0; i < 1000; i += 1) require('fs').writeSync(1, lines); return 1; };",
        { timeoutMs: 60_000 },
      );
      const before = process.memoryUsage().rss;
      expect((await beside(functions.invoke(revision))).outcome).toBe('ok');
      expect((process.memoryUsage().rss - before) / 1024 ** 2).toBeLessThan(200);
      expect(functions.lines(revision).length).toBeLessThanOrEqual(1000);
    }, 90_000);

    test('processes that a call leaves behind end with the instance, also those that hide from its signals', async () => {
      const revision = functions.define(PROBE, { environment: { MARK: `left by ${functions.home}` } });
      const left =
        "cp.spawn('/bin/sh', ['-c', 'trap \"\" TERM HUP INT; setsid sleep 300 & sleep 300'], {detached: true, stdio: 'ignore'}).unref()";
      await inside(left, revision);
      // The shell may still be starting them.
      await expect.poll(() => processesOf(revision).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(2);
      functions.runner.retire(revision.key);
      await expect.poll(() => processesOf(revision), { timeout: 10_000 }).toEqual([]);
    });
  });
});

/** Processes on the host with the mark of the function in their environment. */
function processesOf(revision: Revision): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(Number.isInteger)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(
          `MARK=${revision.environment['MARK']}\0`,
        );
      } catch {
        return false;
      }
    });
}
