import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { askProgram } from './interpreters.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-ask-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A program that says how often it was asked, and fails unless `ready` lies beside it. */
function program(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\necho x >> ${path}.asked\nwc -l < ${path}.asked\n[ -e ${path}.ready ]\n`);
  chmodSync(path, 0o755);
  return path;
}

test('a good answer is believed — asking costs the engine a process each time', () => {
  const path = program('good');
  writeFileSync(`${path}.ready`, '');
  expect(askProgram(path, [])?.trim()).toBe('1');
  expect(askProgram(path, [])?.trim()).toBe('1');
});

test('one that failed is asked again — the operator may install what it lacked', () => {
  const path = program('mended');
  expect(askProgram(path, [])).toBeUndefined();
  writeFileSync(`${path}.ready`, '');
  expect(askProgram(path, [])?.trim()).toBe('2');
});
