import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { expect, test } from 'vitest';
import { goFirst, letHelpersWait } from './go-first.ts';

const isRoot = process.getuid?.() === 0;
const autogroup = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/autogroup`, 'utf8');
  } catch {
    return '';
  }
};

test('a part goes first where that is allowed, by its session too, and as it was where it is not', () => {
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  const { pid = 0 } = child;
  try {
    const before = getPriority(pid);
    goFirst(pid);
    expect(getPriority(pid)).toBe(isRoot ? -10 : before);
    expect(autogroup(pid)).toMatch(isRoot ? /nice -10$|^$/m : /nice 0$|^$/m);
  } finally {
    child.kill('SIGKILL');
  }
});

test.runIf(process.platform === 'linux')('its helper threads wait for its main thread', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdout.write("up"); setInterval(() => 0, 1e3)'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const { pid = 0 } = child;
  try {
    await once(child.stdout, 'data');
    const before = getPriority(pid);
    letHelpersWait(pid);
    const threads = readdirSync(`/proc/${pid}/task`).map(Number);
    expect(threads.length).toBeGreaterThan(1);
    for (const thread of threads)
      expect(getPriority(thread)).toBe(thread === pid ? before : Math.min(before + 20, 19));
  } finally {
    child.kill('SIGKILL');
  }
});

test('a process that is gone is no failure', () => {
  expect(() => goFirst(2 ** 22 + 1)).not.toThrow();
  expect(() => letHelpersWait(2 ** 22 + 1)).not.toThrow();
});
