import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { probeSandbox, sandboxCommand, type SandboxSpec } from './sandbox.ts';

const spec = (command: SandboxSpec['command'], env: Record<string, string> = {}): SandboxSpec => ({
  uid: 10_003,
  gid: 10_003,
  network: 'none',
  readOnly: [],
  writable: [],
  scratch: [],
  env,
  cwd: '/',
  command,
});

function run({ file, args, env, cwd }: ReturnType<typeof sandboxCommand>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, cwd, stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.on('error', reject);
    child.on('close', () => resolve(text));
  });
}

describe('sandboxCommand', () => {
  test('gives the command exactly its environment', async () => {
    const text = await run(sandboxCommand(spec(['/usr/bin/env'], { A: "it's = fine", LD_PRELOAD: '' })));
    expect(text.trim().split('\n').sort()).toEqual(["A=it's = fine", 'LD_PRELOAD=']);
  });

  test('sets it after the drop to the plain user — LD_PRELOAD must not load code into what still is root', async () => {
    const { args } = sandboxCommand(spec(['/usr/bin/env'], { LD_PRELOAD: '/code/evil.so' }));
    const at = args.indexOf('LD_PRELOAD=/code/evil.so');
    expect(args).not.toContain('--setenv');
    expect(args.slice(0, at)).toContain('/usr/bin/env');
    if (process.getuid?.() === 0)
      expect(args.indexOf('/usr/bin/setpriv')).toBeLessThan(args.indexOf('/usr/bin/env'));
  });

  test('makes folders above a mount that the plain user can enter', async () => {
    const mount = { from: '/usr/bin/env', to: '/deep/down/tool' };
    const text = await run(sandboxCommand({ ...spec(['/deep/down/tool', 'echo', 'hi']), readOnly: [mount] }));
    expect(text).toBe('hi\n');
  });

  test('leaves no process when the one that started it is killed, even through setpriv', async () => {
    const seconds = `86${process.pid}`;
    const { file, args, env } = sandboxCommand(
      spec(['/bin/sh', '-c', `sleep ${seconds} & sleep ${seconds}`]),
    );
    const code = `require('child_process').spawn(${JSON.stringify(file)}, ${JSON.stringify(args)}, {env: ${JSON.stringify(env)}, stdio: 'ignore'}); setInterval(() => {}, 1e9)`;
    const parent = spawn(process.execPath, ['-e', code], { stdio: 'ignore' });
    await expect.poll(() => sleeping(seconds)).toHaveLength(2);
    parent.kill('SIGKILL');
    await expect.poll(() => sleeping(seconds)).toEqual([]);
  });
});

describe('probeSandbox', () => {
  test('tries a sandbox for real', () => {
    expect(probeSandbox('on')).toEqual({ available: true, mode: 'on' });
  });

  test('does not need one that was switched off', () => {
    expect(probeSandbox('off')).toEqual({ available: true, mode: 'off' });
  });
});

/** Numbers of the `sleep` processes with that argument. */
function sleeping(seconds: string): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'latin1') === `sleep\0${seconds}\0`;
    } catch {
      return false;
    }
  });
}
