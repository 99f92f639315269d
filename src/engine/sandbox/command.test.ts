/** A command in an instance's sandbox has what the function has and not more. Each attempt runs for real, from inside. */
import { readdirSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFunctionRunner } from '../../../test/support/function-runner.ts';
import type { CommandEnd, CommandSpec, SandboxedCommand } from './command.ts';

const functions = createFunctionRunner({ freezeMs: 50 });
const PROBE = `const fs = require('fs'); const cp = require('child_process');
exports.handler = async (event) => { try { return {value: await eval(event.toString())}; } catch (error) { return {error: error.code || error.message}; } };`;
const revision = functions.define(PROBE, { environment: { OWN: "it's\nmine" }, timeoutMs: 20_000 });

/** A plain user has no cgroups: docs/isolation.md says what that leaves open. */
const hasGroups = functions.runner.limits.state !== 'missing';

let instanceId: string;
beforeAll(async () => {
  instanceId = (await functions.invoke(revision, { payload: Buffer.from('1') })).instanceId;
});
afterAll(() => functions.close());

/** What the function itself gets. */
async function inFunction(code: string): Promise<unknown> {
  const result = await functions.invoke(revision, { payload: Buffer.from(code) });
  expect(result.instanceId).toBe(instanceId);
  return (JSON.parse(result.body.toString()) as { value?: unknown }).value;
}

function start(command: CommandSpec['command'], terminal?: CommandSpec['terminal']): SandboxedCommand {
  return functions.runner.command(revision.key, instanceId, { command, terminal });
}
const over = (command: SandboxedCommand): Promise<CommandEnd> =>
  new Promise((resolve) => {
    command.onOver(resolve);
  });

interface Outcome {
  readonly out: string;
  readonly err: string;
  readonly end: CommandEnd;
}
async function finish(command: SandboxedCommand, input = ''): Promise<Outcome> {
  const end = over(command);
  command.stdin.end(input);
  const [out, err] = await Promise.all([text(command.stdout), text(command.stderr)]);
  return { out, err, end: await end };
}
const shell = (script: string, input?: string): Promise<Outcome> =>
  finish(start(['/bin/sh', '-c', script]), input);

describe('a command in an instance', () => {
  test('gets its input, and gives back output, errors and status apart', async () => {
    expect(await shell('cat; echo bad >&2; exit 7', 'hello')).toEqual({
      out: 'hello',
      err: 'bad\n',
      end: { kind: 'exited', status: 7 },
    });
    expect((await shell('kill -9 $$')).end).toEqual({ kind: 'exited', status: 137 });
    const megabytes = 'x'.repeat(3 * 1024 * 1024);
    expect((await shell('cat', megabytes)).out.length).toBe(megabytes.length);
  });

  test('that is not there is named, and nothing else is run instead', async () => {
    const { end, out } = await finish(start(['no-such-program', '; echo shell']));
    expect([end, out]).toEqual([
      { kind: 'failed', reason: 'no-such-program: No such file or directory' },
      '',
    ]);
    expect((await finish(start(['echo', '$HOME `id` ; *']))).out).toBe('$HOME `id` ; *\n');
  });

  test('is in every namespace and cgroup that the function is in', async () => {
    const links =
      'for n in cgroup ipc mnt net pid user uts; do readlink /proc/self/ns/$n; done; readlink /proc/self/root; pwd';
    const theirs = await inFunction(
      `cp.execFileSync('/bin/sh', ['-c', ${JSON.stringify(links)}]).toString()`,
    );
    expect((await shell(links)).out).toBe(theirs);
    const groups = String(await inFunction("fs.readFileSync('/proc/self/cgroup', 'utf8')")).split('\n');
    const own = (await shell('cat /proc/self/cgroup')).out.split('\n');
    for (const [at, line] of groups.entries()) expect(own[at]?.startsWith(line)).toBe(true);
  });

  test('has its user, no rights, no way to new ones, and its filter', async () => {
    const wanted =
      /^(Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp|Seccomp_filters):.*$/gm;
    const own = (await shell('cat /proc/self/status')).out.match(wanted);
    expect(own).toEqual(
      String(await inFunction("fs.readFileSync('/proc/self/status', 'utf8')")).match(wanted),
    );
    expect(own).toContain('Seccomp:\t2');
    expect(own).toContain('CapBnd:\t0000000000000000');
    expect((await shell('unshare -r true; mount -t tmpfs none /tmp')).err).toMatch(/unshare.*\n.*mount/s);
  });

  test("has the function's variables, limits and files, and no descriptor beside the three", async () => {
    const list =
      'env | grep -v -e ^_= -e ^PWD= -e ^SHLVL= -e ^OLDPWD= | sort; ulimit -c; ulimit -n; ls -A / /code; umask';
    const theirs = await inFunction(`cp.execFileSync('/bin/sh', ['-c', ${JSON.stringify(list)}]).toString()`);
    const { out } = await shell(list);
    expect(out).toBe(theirs);
    expect(out).toMatch(/^OWN=it.s$/m);
    const descriptors = (await shell('ls -l /proc/self/fd | tail -n +2 | sed "s/.* -> //"')).out.split('\n');
    expect(descriptors.map((target) => target.replace(/\d+/g, 'N'))).toEqual([
      'pipe:[N]',
      'pipe:[N]',
      'pipe:[N]',
      '/proc/N/fd',
      '',
    ]);
  });

  test('and its preparation show nothing of the host to the function', async () => {
    const watch =
      "new Promise((resolve) => { const seen = new Set(); const until = Date.now() + 400; const look = () => { for (const pid of fs.readdirSync('/proc').filter(Number)) for (const file of ['cmdline', 'environ', 'maps']) try { seen.add(fs.readFileSync('/proc/' + pid + '/' + file, 'latin1')); } catch {} Date.now() < until ? setImmediate(look) : resolve([...seen].join()); }; look(); })";
    const seen = inFunction(watch);
    for (let round = 0; round < 10; round += 1) await shell('true');
    expect(await seen).not.toMatch(/enter\.pl|sluice-runner|\/work\//);
  });

  test.runIf(hasGroups)(
    'is held to the memory of the instance — the kernel ends it, not the engine',
    async () => {
      const { end } = await shell('a=x; while :; do a=$a$a; done');
      expect(end).toEqual({ kind: 'exited', status: 137 });
    },
  );

  test.runIf(hasGroups)(
    'goes on in an instance that stood still, which does not stop meanwhile',
    async () => {
      await expect.poll(isStopped).toBe(true);
      const command = start(['/bin/sh', '-c', 'read a; sleep 0.3; echo $a']);
      expect((await finish(command, 'later\n')).out).toBe('later\n');
      await expect.poll(isStopped).toBe(true);
    },
  );

  test.runIf(hasGroups)('ends with its socket, and what it started too, wherever that hides', async () => {
    const command = start([
      '/bin/sh',
      '-c',
      'trap "" HUP TERM INT; setsid -f sleep 321 & sleep 322 & (sleep 323 &) ; echo up; sleep 324',
    ]);
    const end = over(command);
    await new Promise((resolve) => {
      command.stdout.once('data', resolve);
    });
    await expect.poll(() => sleeping()).toBe(4);
    command.end();
    expect(await end).toEqual({ kind: 'ended' });
    await expect.poll(() => sleeping()).toBe(0);
  });

  test.runIf(hasGroups)('that is over takes what it left running with it', async () => {
    expect((await shell('setsid -f sleep 321; echo done')).out).toBe('done\n');
    await expect.poll(() => sleeping()).toBe(0);
  });

  test('gets a terminal that is its own and has a size', async () => {
    const command = start(['/bin/sh'], { columns: 91, rows: 31 });
    const end = over(command);
    const screen = text(command.stdout);
    command.stdin.write(
      'tty; stty size; ls -l $(tty) | cut -c 1-10; echo $TERM; kill -0 $$ && ps >/dev/null 2>&1; exit 3\n',
    );
    const shown = await screen;
    expect(shown).toContain('/dev/pts/');
    expect(shown).toContain('31 91');
    expect(shown).toContain('crw--w----');
    expect(shown).toContain('xterm-256color');
    expect(await end).toEqual({ kind: 'exited', status: 3 });
  });

  test('is told of a new size, and by Ctrl-C', async () => {
    const command = start(
      ['/bin/sh', '-c', 'trap "stty size; exit 0" WINCH; echo up; while :; do sleep 0.05; done'],
      { columns: 80, rows: 24 },
    );
    command.stdout.once('data', () => command.resize({ columns: 100, rows: 40 }));
    expect(await text(command.stdout)).toContain('40 100');
    const other = start(['sleep', '300'], { columns: 80, rows: 24 });
    const end = over(other);
    other.stdout.resume();
    other.stdin.write('\u0003');
    expect(await end).toEqual({ kind: 'exited', status: 130 });
  });

  test('is one of four at most, and there is none in an instance that is not there', async () => {
    const four = [1, 2, 3, 4].map(() => start(['sleep', '300']));
    expect(() => start(['true'])).toThrow(
      expect.objectContaining({ status: 429, code: 'ResourceExhausted' }),
    );
    const ends = four.map(over);
    for (const command of four) command.end();
    await Promise.all(ends);
    expect((await shell('echo again')).out).toBe('again\n');
    expect(() =>
      functions.runner.command(revision.key, 'c-none', { command: ['true'], terminal: undefined }),
    ).toThrow(expect.objectContaining({ status: 404, code: 'InstanceNotFound' }));
  });

  test('ends with the instance', async () => {
    const command = start(['/bin/sh', '-c', 'echo up; exec sleep 300']);
    const end = over(command);
    await new Promise((resolve) => {
      command.stdout.once('data', resolve);
    });
    functions.runner.retire(revision.key);
    expect(await end).toEqual({ kind: 'exited', status: 137 });
  });
});

const MARK_OF_INSTANCE = (): string => `FC_INSTANCE_ID=${instanceId}`;

/** Whether the processes of the instance stand still. */
function isStopped(): boolean {
  const states = ownProcesses(MARK_OF_INSTANCE()).map((pid) => readOr(`/proc/${pid}/wchan`));
  return states.length > 0 && states.every((state) => /get_signal|freez|refrigerator/.test(state));
}

function sleeping(): number {
  return ownProcesses(MARK_OF_INSTANCE()).filter((pid) =>
    readOr(`/proc/${pid}/cmdline`).startsWith('sleep\0'),
  ).length;
}

function ownProcesses(mark: string): string[] {
  return readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && readOr(`/proc/${name}/environ`).includes(mark),
  );
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
