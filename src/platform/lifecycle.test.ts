import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const LIFECYCLE = pathToFileURL(join(import.meta.dirname, '../../dist/platform/lifecycle.js')).href;

test('a supervisor that died while the process loaded its code is noticed when it is loaded', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-lifecycle-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const script = join(folder, 'main.mjs');
  // Waits until it is alone before it asks for its lifecycle, and would then stay for ever.
  writeFileSync(
    script,
    `setInterval(() => undefined, 1_000);
     while (process.connected) await new Promise((resolve) => setTimeout(resolve, 5));
     const { createLifecycle } = await import(${JSON.stringify(LIFECYCLE)});
     createLifecycle({ error: () => undefined }, 5_000);`,
  );
  const child = fork(script);
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  await once(child, 'spawn');
  child.disconnect();
  expect(await ended).toEqual([0, null]);
});
