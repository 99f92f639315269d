import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lockHome } from './home-lock.ts';
import { markOf } from './process-mark.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sluice-lock-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('lockHome', () => {
  test('holds the home and says who does, until it is released', () => {
    const lock = lockHome(home);
    expect(readFileSync(join(home, 'sluice.pid'), 'utf8')).toBe(`${process.pid}\n`);
    expect(() => lockHome(home)).toThrow(`in use by process ${process.pid}`);
    lock.release();
    expect(existsSync(join(home, 'sluice.pid'))).toBe(false);
    lockHome(home).release();
    expect(readdirSync(home)).toEqual([]);
  });

  test('takes the home of a process that was killed', async () => {
    const holder = spawn('sleep', ['60']);
    writeFileSync(join(home, 'lock'), JSON.stringify(markOf(holder.pid ?? 0)));
    expect(() => lockHome(home)).toThrow(`in use by process ${holder.pid}`);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    lockHome(home).release();
  });

  test('is not fooled by another process with the same number — they are used again', () => {
    writeFileSync(join(home, 'lock'), JSON.stringify({ pid: process.pid, mark: 'another-boot:1' }));
    lockHome(home).release();
  });

  test('takes over a lock that cannot be read — a full disk may have cut it', () => {
    writeFileSync(join(home, 'lock'), '{"pid":');
    lockHome(home).release();
  });
});
