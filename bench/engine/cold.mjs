/** First answers of new instances, with code of 1 MB; each try calls a function that was just made. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { median } from '../invocation.mjs';
import { createFunction, NODE, PYTHON, SERVICE } from './functions.mjs';
import { row } from './warm.mjs';

const TRIES = 15;
const BALLAST_BYTES = 1024 * 1024;
/** The engine may fill up its stock of waiting runtimes, if it has one. */
const BETWEEN_MS = 300;

export async function measureCold(stack, fc) {
  const { sandboxCommand } = await import(
    pathToFileURL(join(import.meta.dirname, '../../dist/platform/sandbox.js')).href
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
  const bare = [];
  const node = [];
  const python = [];
  for (let index = 0; index < TRIES; index += 1) {
    const began = performance.now();
    execFileSync(file, args, { env });
    bare.push(performance.now() - began);
    node.push(
      await firstAnswer(fc, `node-${index}`, NODE, {
        'index.js': 'exports.handler = async (event) => event;\n',
      }),
    );
    python.push(
      await firstAnswer(fc, `python-${index}`, PYTHON, {
        'index.py': 'def handler(event, context):\n    return event\n',
      }),
    );
  }
  const ratio = (median(node) / median(bare)).toFixed(2);
  return [
    row('sandbox with `node -e 0`, start to end', `${median(bare).toFixed(0)} ms`, 'the limit'),
    row(
      'cold start Node, code of 1 MB',
      `${median(node).toFixed(0)} ms (${ratio} × the limit)`,
      '≤ 25 ms with a waiting runtime, else ≤ 1.3 ×',
    ),
    row(
      'cold start python3, code of 1 MB',
      `${median(python).toFixed(0)} ms`,
      '≤ 20 ms with a waiting runtime',
    ),
  ];
}

async function firstAnswer(fc, name, settings, files) {
  await createFunction(fc, name, settings, { ...files, ballast: randomBytes(BALLAST_BYTES) });
  await pause(BETWEEN_MS);
  const began = performance.now();
  const answer = await fc.invokeFunction(SERVICE, name, Buffer.from('{}'), {}, 'LATEST', { rawBuf: true });
  const tookMs = performance.now() - began;
  if (answer.headers['x-fc-error-type']) throw new Error(`${name}: ${answer.data}`);
  return tookMs;
}
