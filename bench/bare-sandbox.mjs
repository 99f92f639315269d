/** The limit of a cold start: what the sandbox and Node alone cost. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** @returns {Promise<() => number>} runs `node -e 0` in a sandbox, from start to end; milliseconds */
export async function bareSandbox() {
  const { sandboxCommand } = await import(
    pathToFileURL(join(import.meta.dirname, '../dist/platform/sandbox.js')).href
  );
  const { file, args, env } = sandboxCommand({
    uid: 10_003,
    gid: 10_003,
    network: 'none',
    readOnly: [{ from: process.execPath, to: '/sluice-node' }],
    writable: [],
    scratch: [],
    env: {},
    cwd: '/',
    command: ['/sluice-node', '-e', '0'],
  });
  return () => {
    const began = performance.now();
    execFileSync(file, args, { env });
    return performance.now() - began;
  };
}
