/** A function's first answer (new instance) against what the sandbox and Node alone cost. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { median } from './invocation.mjs';

const TRIES = 15;

/** Each try invokes a function that was just created, so that no instance of it can be warm. */
export async function measureColdStart(fc, zip, settings) {
  const { sandboxCommand } = await import(
    pathToFileURL(join(import.meta.dirname, '../dist/platform/sandbox.js')).href
  );
  const bare = [];
  const cold = [];
  await fc.createService('cold', { description: '' });
  for (let index = 0; index < TRIES; index += 1) {
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
    let began = performance.now();
    execFileSync(file, args, { env });
    bare.push(performance.now() - began);
    await fc.createFunction('cold', { ...settings, functionName: `cold-${index}`, code: { zipFile: zip } });
    began = performance.now();
    await fc.invokeFunction('cold', `cold-${index}`, Buffer.from('{}'), {}, 'LATEST', { rawBuf: true });
    cold.push(performance.now() - began);
  }
  return [
    {
      figure: 'sandbox + `node -e 0`, start to end',
      value: `${median(bare).toFixed(0)} ms`,
      aim: 'the limit',
    },
    {
      figure: 'cold start, request to answer',
      value: `${median(cold).toFixed(0)} ms (${(median(cold) / median(bare)).toFixed(2)} ×)`,
      aim: '≤ 2 ×',
    },
  ];
}
