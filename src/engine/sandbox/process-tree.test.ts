/** What is found of real processes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openSandbox } from './process-tree.ts';

test("a sandbox's first process is the child of its parent; whatever got its number later is not opened", async () => {
  const child = spawn('/bin/sleep', ['60'], { stdio: 'ignore' });
  const pid = child.pid ?? 0;
  const folder = openSandbox({ pid, parent: process.pid });
  expect(readlinkSync(`/proc/self/fd/${folder}`)).toBe(`/proc/${pid}`);
  closeSync(folder);
  expect(() => openSandbox({ pid, parent: pid })).toThrow('the sandbox has ended');
  expect(() => openSandbox({ pid: process.pid, parent: pid })).toThrow('the sandbox has ended');
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(() => openSandbox({ pid, parent: process.pid })).toThrow();
  expect(() => openSandbox(undefined)).toThrow('there is no sandbox');
});
