import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const COMPILED = new URL('../../dist/platform/log.js', import.meta.url).href;
const SCRIPT = `
  import { createLog } from '${COMPILED}';
  const log = createLog('part', 'info');
  log.info({ adminToken: 'hidden', nested: { password: 'hidden' } }, 'up');
  process.on('disconnect', () => {
    for (let line = 0; line < 50; line += 1) log.warn('nobody reads this');
    process.exit(7);
  });`;

function start() {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const { stdout } = child;
  if (!stdout) throw new Error('a piped child has a stdout');
  return { child, stdout };
}

describe('createLog', () => {
  test('writes JSON lines without secrets when nobody sits at a terminal', async () => {
    const { child, stdout } = start();
    const [chunk] = (await once(stdout, 'data')) as [Buffer];
    expect(JSON.parse(chunk.toString())).toMatchObject({
      level: 30,
      part: 'part',
      msg: 'up',
      adminToken: '[secret]',
      nested: { password: '[secret]' },
    });
    child.disconnect();
    await once(child, 'exit');
  });

  test('does not keep a process from ending when its reader is gone — a supervisor may be killed', async () => {
    const { child, stdout } = start();
    await once(stdout, 'data');
    stdout.destroy();
    child.disconnect();
    expect(await once(child, 'exit')).toEqual([7, null]);
  });
});
