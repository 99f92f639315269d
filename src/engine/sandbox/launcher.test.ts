import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { childrenOf, helperPid } from '../../../test/support/helper-pid.ts';
import { isAlive } from '../../../test/support/is-alive.ts';
import { createLog } from '../../platform/log.ts';
import { lengthPrefixed } from './fields.ts';
import { Launcher } from './launcher.ts';
import { launchChild, type Launched, type LaunchedExit, type LaunchSpec } from './launched.ts';

const LOG = createLog('test', 'silent');
let folder = '';
let launcher: Launcher;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-launcher-'));
  launcher = new Launcher(join(folder, 'launcher'), LOG);
  await listening();
});
afterEach(async () => {
  const pid = launcherPid();
  launcher.close();
  await vi.waitFor(() => expect(existsSync(`/proc/${pid}`)).toBe(false), { timeout: 10_000 });
  rmSync(folder, { recursive: true, force: true });
});

/** Until a process has the helper for its parent. */
async function listening(): Promise<void> {
  launcher.start();
  await vi.waitFor(
    async () => {
      const { text } = await run(launcher.launch(shell('echo $PPID')));
      expect(Number(text)).toBe(launcherPid());
    },
    { timeout: 10_000 },
  );
}

const launcherPid = () => helperPid('launcher.pl');

/** `undefined`: it was closed before anything came. */
async function readFirst(socket: Socket): Promise<Buffer | undefined> {
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) return chunk as Buffer;
  return undefined;
}

function shell(script: string, rest: Partial<LaunchSpec> = {}): LaunchSpec {
  return {
    command: ['sh', '-c', script],
    env: { PATH: '/usr/bin:/bin' },
    folder: '/',
    descriptors: ['nothing', 'socket', 'nothing', 'socket'],
    ...rest,
  };
}

/** What it writes to 1, and how it ends. */
async function run(launched: Launched): Promise<{ text: string; exit: LaunchedExit }> {
  let exit: LaunchedExit | undefined;
  let text = '';
  launched.onExit((told) => {
    exit = told;
  });
  const closed = new Promise<void>((resolve) => launched.onClose(resolve));
  for (const [descriptor, socket] of launched.sockets.entries())
    socket?.on('data', (chunk: Buffer) => {
      if (descriptor === 1) text += String(chunk);
    });
  await closed;
  if (!exit) throw new Error('it was closed before it had ended');
  return { text, exit };
}

describe.each([
  ['a process of the launcher', (spec: LaunchSpec) => launcher.launch(spec)],
  ['a child of the engine', (spec: LaunchSpec) => launchChild(spec)],
])('%s', (_, launch) => {
  test('has its folder, its variables and its words, and nothing of the engine', async () => {
    const spec = shell('', {
      command: ['sh', '-c', 'pwd; env -u PWD -u _ -u SHLVL; printf "%s\\n" "$@"', 'sh', 'a b', '', 'ü=ß\n*'],
      env: { PATH: '/usr/bin:/bin', EMPTY: '', TEXT: 'a=b c\nd' },
      folder,
    });
    expect((await run(launch(spec))).text).toBe(
      `${folder}\nPATH=/usr/bin:/bin\nEMPTY=\nTEXT=a=b c\nd\na b\n\nü=ß\n*\n`,
    );
  });

  test('reads and writes its sockets, and reads files', async () => {
    writeFileSync(join(folder, 'file'), 'of a file');
    const spec = shell('cat <&4; cat <&3 >&3', {
      descriptors: ['nothing', 'socket', 'nothing', 'socket', { file: join(folder, 'file') }],
    });
    const launched = launch(spec);
    const echo = launched.sockets[3];
    let echoed = '';
    echo?.on('data', (chunk: Buffer) => {
      echoed += String(chunk);
    });
    echo?.end('x'.repeat(1_000_000));
    expect(await run(launched)).toEqual({ text: 'of a file', exit: { code: 0, signal: null } });
    expect(echoed.length).toBe(1_000_000);
  });

  test('has no other descriptors', async () => {
    const script = 'cd /proc/$$/fd; echo *';
    // Whoever runs the tests may have left some open.
    const left = spawnSync('sh', ['-c', script], {
      stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
      encoding: 'utf8',
    });
    expect((await run(launch(shell(script)))).text).toBe(left.stdout);
  });

  test('tells its status, or the signal that ended it', async () => {
    expect((await run(launch(shell('exit 7')))).exit).toEqual({ code: 7, signal: null });
    expect((await run(launch(shell('kill -TERM $$')))).exit).toEqual({ code: null, signal: 'SIGTERM' });
  });

  test('that cannot be started ends at once', async () => {
    const spec = { ...shell(''), command: ['/no/such/program'] as const };
    expect((await run(launch(spec))).exit).toEqual({ code: null, signal: null });
  });

  test('can be killed, also before it is known to run', async () => {
    const early = launch(shell('exec sleep 60'));
    early.kill();
    expect((await run(early)).exit.signal).toBe('SIGKILL');
    const late = launch(shell('echo here; exec sleep 60'));
    late.sockets[1]?.once('data', () => late.kill());
    expect((await run(late)).exit.signal).toBe('SIGKILL');
    // What it is told now reaches nobody.
    late.kill();
  });

  test('keeps its sockets open for what it started', async () => {
    const launched = launch(shell('(sleep 0.2; echo late) & exit 3'));
    expect(await run(launched)).toEqual({ text: 'late\n', exit: { code: 3, signal: null } });
  });
});

describe('the launcher', () => {
  test('starts many at once, each with its own sockets, and keeps nothing of them', async () => {
    const descriptors = () => readdirSync(`/proc/${launcherPid()}/fd`).length;
    const quiet = () => vi.waitFor(() => expect(childrenOf(launcherPid())).toBe(''));
    await quiet();
    const before = descriptors();
    const runs = await Promise.all(
      Array.from({ length: 60 }, (_, index) => run(launcher.launch(shell(`echo ${index}; exit ${index}`)))),
    );
    expect(runs.map(({ text }) => text)).toEqual(Array.from({ length: 60 }, (_, index) => `${index}\n`));
    expect(runs.map(({ exit }) => exit.code)).toEqual(Array.from({ length: 60 }, (_, index) => index));
    await quiet();
    await vi.waitFor(() => expect(descriptors()).toBeLessThanOrEqual(before));
  });

  test('ends what it started when it is killed, and says so; the next processes run all the same', async () => {
    const running = launcher.launch(shell('echo here; exec sleep 60'));
    const killed = run(running);
    await vi.waitFor(() => expect(running.pid).toBeGreaterThan(0));
    process.kill(launcherPid(), 'SIGKILL');
    expect((await killed).exit.signal).toBe('SIGKILL');
    await vi.waitFor(() => expect(isAlive(running.pid)).toBe(false));
    expect((await run(launcher.launch(shell('echo next')))).text).toBe('next\n');
    await listening();
  });

  test('forgets a start that is killed before all its sockets are there, and sockets of a start that nobody asked for', async () => {
    const path = `/proc/${launcherPid()}/cwd/launcher.sock`;
    const head = (start: number, descriptor: number) => {
      const bytes = Buffer.alloc(8);
      bytes.writeUInt32BE(start, 0);
      bytes.writeUInt32BE(descriptor, 4);
      return bytes;
    };
    const control = connect(path);
    control.write(
      Buffer.concat([head(1_000_000, 0xff_ff_ff_ff), lengthPrefixed(['/', '1', '0', 'socket', 'true'])]),
    );
    control.write('k');
    expect(String(await readFirst(control))).toBe('exit 0 9\n');
    const orphan = connect(path);
    orphan.write(head(1_000_000, 0));
    expect(await readFirst(orphan)).toBeUndefined();
    control.destroy();
    expect((await run(launcher.launch(shell('echo next')))).text).toBe('next\n');
  });

  test('that cannot live is not started again and again, which is said once', async () => {
    const place = join(folder, 'taken');
    mkdirSync(join(place, 'launcher.sock'), { recursive: true });
    const warn = vi.fn();
    const dead = new Launcher(place, Object.assign(createLog('test', 'silent'), { warn }));
    for (let count = 0; count < 3; count += 1) {
      expect((await run(dead.launch(shell('echo $PPID')))).text).toBe(`${process.pid}\n`);
      await vi.waitFor(() => expect(warn).toHaveBeenCalledOnce());
    }
    expect(warn.mock.calls).toEqual([[expect.stringContaining('the launcher ended with')]]);
    dead.close();
  });

  test('works in a folder that lies deeper than the path of a socket may be long', async () => {
    const deep = new Launcher(join(folder, 'x'.repeat(200), 'launcher'), LOG);
    deep.start();
    try {
      await vi.waitFor(async () => {
        const { text } = await run(deep.launch(shell('cat /proc/$PPID/cmdline')));
        expect(text).toContain('launcher.pl');
      });
    } finally {
      deep.close();
    }
  });
});
