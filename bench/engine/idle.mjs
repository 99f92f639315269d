/** What a warm instance that nobody calls takes beyond a Node.js process that does nothing. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { memoryOf } from '../memory.mjs';
import { createFunction, NODE, SERVICE } from '../functions.mjs';
import { row } from './warm.mjs';

const INSTANCES = 10;

/** Both sides are PSS per process with the same number of equals beside it, so that shared pages are divided alike. */
export async function measureIdle(stack, fc) {
  const before = memoryOf(stack).parts.engine;
  for (let index = 0; index < INSTANCES; index += 1) {
    const name = `idle-${index}`;
    await createFunction(fc, name, NODE, { 'index.js': 'exports.handler = async () => "idle";\n' });
    await fc.invokeFunction(SERVICE, name, '{}');
  }
  await pause(3_000);
  const instance = (memoryOf(stack).parts.engine - before) / INSTANCES;
  const bare = Array.from({ length: INSTANCES }, () =>
    spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)'], { stdio: 'ignore' }),
  );
  await pause(1_500);
  const alone = bare.reduce((sum, { pid }) => sum + pssOf(pid), 0) / INSTANCES;
  for (const child of bare) child.kill('SIGKILL');
  return [
    row(
      'idle cost of a warm Node instance beyond an idle `node`',
      `${(instance - alone).toFixed(1)} MB (${instance.toFixed(1)} − ${alone.toFixed(1)})`,
      '≤ 8 MB',
    ),
  ];
}

function pssOf(pid) {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) / 1_024;
}
