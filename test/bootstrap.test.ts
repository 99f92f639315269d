/** The bootstrap from outside: it runs before anything is installed, so it is tried as the plain scripts that it is. */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const BOOTSTRAP = fileURLToPath(new URL('../bootstrap', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-bootstrap-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a script that may import the bootstrap's files as `boot/…`. */
async function runScript(
  text: string,
  env: Record<string, string> = {},
): Promise<{ code: number; output: string }> {
  const file = join(folder, `script-${createHash('sha1').update(text).digest('hex').slice(0, 8)}.mjs`);
  writeFileSync(file, text.replaceAll('boot/', `${BOOTSTRAP}/`));
  try {
    const { stdout, stderr } = await run(process.execPath, [file], { env: { ...process.env, ...env } });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const failed = error as { code: number; stdout: string; stderr: string };
    return { code: failed.code, output: failed.stdout + failed.stderr };
  }
}

describe('the lock', () => {
  const holdFor = (ms: number) => `
    import { withLock } from 'boot/lock.mjs';
    import { appendFileSync } from 'node:fs';
    import { setTimeout as pause } from 'node:timers/promises';
    await withLock(process.env.LOCK, () => {}, async () => {
      appendFileSync(process.env.TRACE, 'in ');
      await pause(${ms});
      appendFileSync(process.env.TRACE, 'out ');
    });`;

  test('lets one in at a time — two clones must not build the same server twice', async () => {
    const env = { LOCK: join(folder, 'lock'), TRACE: join(folder, 'trace') };
    await Promise.all([60, 61, 62].map((ms) => runScript(holdFor(ms), env)));
    expect(readFileSync(env.TRACE, 'utf8')).toBe('in out in out in out ');
    expect(existsSync(env.LOCK)).toBe(false);
  });

  test('is taken over from a process that was killed', async () => {
    const env = { LOCK: join(folder, 'lock'), TRACE: join(folder, 'trace') };
    const script = join(folder, 'holder.mjs');
    writeFileSync(script, holdFor(60_000).replaceAll('boot/', `${BOOTSTRAP}/`));
    const holder = spawn(process.execPath, [script], { env: { ...process.env, ...env } });
    while (!existsSync(env.TRACE)) await new Promise((resolve) => setTimeout(resolve, 10));
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect((await runScript(holdFor(1), env)).code).toBe(0);
    expect(readFileSync(env.TRACE, 'utf8')).toBe('in in out ');
  });
});

describe('the Temporal server', () => {
  const SCRIPT = `
    import { runSteps, step } from 'boot/progress.mjs';
    import { temporalServer } from 'boot/temporal.mjs';
    await runSteps(() => step('Temporal server', temporalServer));`;

  test('is not looked for when TEMPORAL_ADDRESS names one', async () => {
    const { code, output } = await runScript(SCRIPT, {
      TEMPORAL_ADDRESS: 'temporal.example.com:7233',
      SLUICE_CACHE: folder,
    });
    expect(code).toBe(0);
    expect(output).toContain('outside, at temporal.example.com:7233');
  });

  test('on PATH is used when it answers as one', async () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    const temporal = join(bin, 'temporal');
    const env = { TEMPORAL_ADDRESS: '', PATH: `${bin}:/usr/bin:/bin`, SLUICE_CACHE: join(folder, 'cache') };
    writeFileSync(temporal, '#!/bin/sh\necho temporal version 1.9.9\n');
    chmodSync(temporal, 0o755);
    expect((await runScript(SCRIPT, env)).output).toContain(`${temporal} (temporal version 1.9.9)`);
  });

  test('of the cache is used without any download', async () => {
    const version = /temporalio\/cli (v[\d.]+)/.exec(
      readFileSync(join(BOOTSTRAP, '..', 'tools', 'temporal', 'go.mod'), 'utf8'),
    )?.[1];
    const place = join(folder, 'temporal', `${version}-${process.platform}-${process.arch}`);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'temporal'), '#!/bin/sh\n', { mode: 0o755 });
    const { output } = await runScript(SCRIPT, {
      TEMPORAL_ADDRESS: '',
      PATH: '/usr/bin:/bin',
      SLUICE_CACHE: folder,
    });
    expect(output).toContain(`${version}, from ${join(place, 'temporal')}`);
  });
});

test('a failed step says what was tried and what helps, without a stack', async () => {
  const { code, output } = await runScript(`
    import { runSteps, step, StepError } from 'boot/progress.mjs';
    await runSteps(() => step('Thing', () => { throw new StepError('tried a and b', 'install c'); }));`);
  expect(code).toBe(1);
  expect(output).toMatch(/✘ Thing/);
  expect(output).toContain('tried a and b');
  expect(output).toContain('What helps: install c');
  expect(output).not.toMatch(/^\s+at /m);
});
