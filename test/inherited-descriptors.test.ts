/** Runs the compiled code in a process of its own, which was started with files open. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MODULE = join(import.meta.dirname, '..', 'dist', 'platform', 'descriptors.js');
const LIST = "console.log(require('child_process').execSync('ls /proc/self/fd').toString())";

/** What a child of the process has open; `ls` itself opens one more. */
function childHas(script: string): string[] {
  const shell = `exec 7</dev/null; exec "$0" -e "$1"`;
  const stdio = ['ignore', 'pipe', 'inherit', ...Array.from({ length: 40 }, () => 'ignore' as const)];
  stdio[40] = 'pipe';
  return execFileSync('/bin/sh', ['-c', shell, process.execPath, script], {
    stdio: stdio as 'pipe'[],
    encoding: 'utf8',
  })
    .trim()
    .split('\n');
}

test('files that a process was started with do not reach its children', () => {
  expect(childHas(LIST).map(Number)).toContain(40);
  const after = childHas(
    `import(${JSON.stringify(MODULE)}).then((m) => { m.closeInheritedDescriptors(); ${LIST} })`,
  );
  expect(after).toEqual(['0', '1', '2', '3']);
});
