import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createLog } from '../../platform/log.ts';
import { writeHostsFile } from './hosts-file.ts';
import { Launcher } from './launcher.ts';
import { InstanceProcess } from './process.ts';

test.each([
  ['a launcher', true],
  ['the engine', false],
])('nothing stays open of a process of %s whose output nobody reads', async (_, isLaunched) => {
  const home = mkdtempSync(join(tmpdir(), 'sluice-process-'));
  const launcher = isLaunched ? new Launcher(join(home, 'launcher'), createLog('test', 'silent')) : undefined;
  onTestFinished(() => {
    launcher?.close();
    rmSync(home, { recursive: true, force: true });
  });
  const hostsFile = writeHostsFile(home);
  const run = () =>
    new Promise((resolve) => {
      const instance = new InstanceProcess({
        sandbox: 'on',
        command: ['/bin/sh', '-c', 'echo out; echo err >&2; echo channel >&3'],
        mounts: [],
        env: {},
        codeFolder: home,
        image: undefined,
        hasChannel: true,
        hostsFile,
        seccompFile: '',
        instanceId: 'unread',
        host: { launcher, group: undefined, tmpDisks: undefined, network: undefined },
      });
      instance.onExit(resolve);
    });
  const open = () => readdirSync('/proc/self/fd').length;
  // The first ones may come before the launcher, which is made once, is there.
  for (let count = 0; count < 10; count += 1) await run();
  const before = open();
  await Promise.all(Array.from({ length: 20 }, run));
  await vi.waitFor(() => expect(open()).toBeLessThanOrEqual(before));
});
