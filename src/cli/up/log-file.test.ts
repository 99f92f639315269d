import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLogFile } from './log-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('continues an existing file — a restart must not hide what led to it', () => {
  for (const text of ['one', 'two']) {
    const file = openLogFile(join(folder, 'api.log'));
    file.write(text);
    file.close();
  }
  expect(readFileSync(join(folder, 'api.log'), 'utf8')).toBe('one\ntwo\n');
});

test('moves a full file aside and keeps three — logs must not fill the disk', () => {
  const file = openLogFile(join(folder, 'api.log'), 10);
  for (let line = 10; line <= 21; line += 1) file.write(`line ${line}`);
  file.close();
  expect(readdirSync(folder).sort()).toEqual(['api.log', 'api.log.1', 'api.log.2', 'api.log.3']);
  expect(readFileSync(join(folder, 'api.log'), 'utf8')).toBe('line 20\nline 21\n');
  expect(readFileSync(join(folder, 'api.log.1'), 'utf8')).toBe('line 18\nline 19\n');
});
