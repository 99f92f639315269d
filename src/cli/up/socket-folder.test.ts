import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { socketFolder } from './socket-folder.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'sluice-sock-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

describe('socketFolder', () => {
  test('lies in the home, closed to others', () => {
    const folder = socketFolder(base, undefined);
    expect(folder).toBe(join(base, 'run', 'pg'));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  test('is short for a long home — a socket path has 107 bytes', () => {
    const home = join(base, 'h'.repeat(120));
    const folder = socketFolder(home, base);
    expect(folder.startsWith(join(base, 'sluice-'))).toBe(true);
    expect(join(folder, '.s.PGSQL.5432.lock').length).toBeLessThan(107);
    expect(socketFolder(home, base)).toBe(folder);
    expect(socketFolder(`${home}2`, base)).not.toBe(folder);
  });

  test('avoids names that PostgreSQL would read as a list', () => {
    expect(socketFolder(join(base, 'a,b'), base)).not.toContain(',');
  });
});
