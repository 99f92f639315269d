import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { sandboxCommand } from './sandbox.ts';
import { seccompProgram } from './seccomp.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-seccomp-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program of Python's ctypes in a sandbox: `call(number, …)` gives the errno of a system call, 0 if it worked. */
function inFilter(code: string): string {
  const path = join(folder, 'program.bpf');
  writeFileSync(path, seccompProgram() ?? Buffer.alloc(0));
  const script = `import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *args):
    ctypes.set_errno(0)
    return 0 if libc.syscall(number, *[ctypes.c_long(a) for a in args]) >= 0 else ctypes.get_errno()
${code}`;
  const { file, args, env } = sandboxCommand({
    uid: 10_003,
    gid: 10_003,
    network: 'none',
    readOnly: [],
    writable: [],
    scratch: [],
    env: { PATH: '/usr/bin' },
    cwd: '/',
    command: ['python3', '-c', script],
    descriptors: { seccomp: 3 },
  });
  const filter = openSync(path, 'r');
  const ran = spawnSync(file, args, { env, stdio: ['ignore', 'pipe', 'pipe', filter], encoding: 'utf8' });
  closeSync(filter);
  return ran.stdout.trim() + ran.stderr;
}

const onX64 = process.arch === 'x64' && spawnSync('python3', ['-c', '1']).status === 0;

describe('seccompProgram', () => {
  test('is whole instructions, fewer than the kernel takes', () => {
    for (const arch of ['x64', 'arm64']) {
      const program = seccompProgram(arch);
      expect((program?.length ?? 1) % 8).toBe(0);
      expect((program?.length ?? 0) / 8).toBeLessThan(4_096);
    }
  });

  test('does not guess the numbers of other architectures', () => {
    expect(seccompProgram('riscv64')).toBeUndefined();
  });

  test.runIf(onX64)('refuses doors out with EPERM, and lets the C library fall back with ENOSYS', () => {
    // unshare, keyctl, ptrace, personality, clone3, io_uring_setup
    expect(
      inFilter(
        'print(call(272, 0x10000000), call(250, 0), call(101, 0), call(135, 0), call(435), call(425))',
      ),
    ).toBe('1 1 1 1 38 38');
  });

  test.runIf(onX64)('refuses clone with new namespaces only', () => {
    expect(inFilter('import os; print(call(56, 0x10000011, 0)); print(os.fork() >= 0)')).toMatch(/^1\nTrue/);
  });

  test.runIf(onX64)('refuses x32 numbers, terminal injection and odd socket families', () => {
    // getpid of the x32 ABI; ioctl TIOCSTI; AF_PACKET, AF_VSOCK, AF_ALG, then AF_INET
    expect(
      inFilter(
        'print(call(0x40000000 + 39), call(16, 0, 0x5412, 0), call(41, 17, 3, 0), call(41, 40, 1, 0), call(41, 38, 5, 0), call(41, 2, 1, 0))',
      ),
    ).toBe('1 1 97 97 97 0');
  });
});
