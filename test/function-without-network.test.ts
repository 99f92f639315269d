/** A host that has the tools but does not let the engine use them, as containers do. Runs the compiled code in a namespace. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const MODULE = join(import.meta.dirname, '..', 'dist', 'engine/sandbox/network/egress.js');
const home = `/nowhere/sluice-without-${process.pid}`;
const OPEN = `
import { openEgress } from ${JSON.stringify(pathToFileURL(MODULE).href)};
const { state, egress } = openEgress('${home}', [], { warn: () => undefined });
console.log(JSON.stringify({ ...state, has: egress !== undefined }));`;
const MASK = 'mount -o bind,ro /proc/sys /proc/sys && exec "$@"';
const canRun =
  process.getuid?.() === 0 &&
  ['ip', 'nft'].every((program) => spawnSync(program, ['--version']).error === undefined);

test.skipIf(!canRun)(
  'where no way out can be made functions have loopback only, with reason and mend, and nothing half is left',
  () => {
    const answer = execFileSync(
      'unshare',
      ['-n', '-m', '/bin/sh', '-c', MASK, 'sh', process.execPath, '--input-type=module', '-e', OPEN],
      { encoding: 'utf8' },
    );
    expect(JSON.parse(answer)).toMatchObject({
      state: 'loopback',
      reason: expect.stringContaining('Read-only file system'),
      mend: expect.stringContaining('writable /proc/sys'),
      has: false,
    });
    const hash = createHash('sha256').update(home).digest('hex').slice(0, 12);
    expect(existsSync(`/run/netns/sl-egress-${hash}`)).toBe(false);
  },
);
