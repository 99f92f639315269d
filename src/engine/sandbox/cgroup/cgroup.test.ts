/** The same cases over every cgroup interface that this host has; real groups with real processes. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { homeHash } from '../../../platform/home-hash.ts';
import { createLog } from '../../../platform/log.ts';
import { openCgroups } from './detect.ts';

const log = createLog('test', 'silent');
const home = mkdtempSync(join(tmpdir(), 'sluice-cgroup-'));

test('a host without a usable interface is told why and what would help', () => {
  const versions = ['v1', 'v1+v2', 'v2'] as const;
  for (const version of versions) {
    const state = openCgroups(home, log, version);
    if (state.available) continue;
    expect(state.reason).toContain(`${version}: `);
    expect(state.mend).toContain('root');
  }
});

for (const version of ['v1', 'v1+v2', 'v2'] as const) {
  const state = openCgroups(home, log, version);
  describe.skipIf(!state.available)(`cgroups ${version}`, () => {
    if (!state.available) return;
    const { groups } = state;
    afterAll(() => groups.close());

    /** A process in a new group, and its end. */
    function start(name: string, script: string, limits = { memoryMb: 128, tasks: 64 }, of = groups) {
      const group = of.create(name, limits);
      return { group, ...startIn(group.joinFiles, script) };
    }
    function startIn(joinFiles: readonly string[], script: string) {
      const join = joinFiles.map((file) => `echo 0 > ${file} || exit 125\n`).join('');
      const child = spawn('/bin/sh', ['-c', `${join}${script}`], { stdio: ['ignore', 'pipe', 'ignore'] });
      const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
        child.on('exit', (code, signal) => resolve(signal ?? code));
      });
      return { child, ended };
    }
    const cpuTicks = (child: ChildProcess) => {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'latin1').split(' ');
      return Number(fields[13]) + Number(fields[14]);
    };

    test('count the memory that was really used, without files that were only read', async () => {
      const script = `head -c 30000000 /dev/zero | tail -c 30000000 > /dev/null; head -c 40000000 ${process.execPath} > /dev/null`;
      const { group, ended } = start('peak', script);
      expect(await ended).toBe(0);
      expect(group.peakMemoryMb()).toBeGreaterThan(28);
      expect(group.peakMemoryMb()).toBeLessThan(68);
      expect(group.oomKills()).toBe(0);
      await group.remove();
      expect(group.peakMemoryMb()).toBeGreaterThan(28);
    });

    test('end what takes more memory than it may, and count it', async () => {
      const { group, ended } = start('oom', 'exec tail /dev/zero', { memoryMb: 32, tasks: 64 });
      expect(await ended).toBe('SIGKILL');
      // With v2 the whole group ends, and a victim may be counted twice.
      expect(group.oomKills()).toBeGreaterThan(0);
      expect(group.peakMemoryMb()).toBeLessThanOrEqual(32);
      await group.remove();
    });

    test('get a share of the CPU in proportion to their memory', async () => {
      const shares = [128, 512, 1024, 3072].map((memoryMb) => {
        const group = groups.create(`share-${memoryMb}`, { memoryMb, tasks: 64 });
        const [file = ''] = group.joinFiles
          .map((name) => dirname(name))
          .flatMap((folder) => [`${folder}/cpu.shares`, `${folder}/cpu.weight`])
          .filter((name) => existsSync(name));
        return { group, share: Number(readFileSync(file, 'latin1')) };
      });
      expect(shares.map(({ share }) => share)).toEqual(
        version === 'v2' ? [13, 50, 100, 300] : [128, 512, 1024, 3072],
      );
      for (const { group } of shares) await group.remove();
    });

    test('get another share of the CPU, also when they are gone', async () => {
      const group = groups.create('share', { memoryMb: 1024, tasks: 64, cpuShare: 128 });
      const share = () =>
        group.joinFiles
          .map((file) => dirname(file))
          .flatMap((folder) => [`${folder}/cpu.shares`, `${folder}/cpu.weight`])
          .filter((file) => existsSync(file))
          .map((file) => Number(readFileSync(file, 'latin1')));
      const [before = 0] = share();
      group.setCpuShare(1024);
      const [after = 0] = share();
      // The kernel's own numbers for one gigabyte's share, and an eighth of it.
      expect([before, after]).toEqual(version === 'v2' ? [13, 100] : [128, 1024]);
      await group.remove();
      expect(() => group.setCpuShare(1024)).not.toThrow();
    });

    test('hold back processes over the limit', async () => {
      const { group, child, ended } = start(
        'few',
        'for i in 1 2 3 4 5 6 7 8; do sleep 60 & done; echo all; wait',
        { memoryMb: 64, tasks: 4 },
      );
      // dash ends at a fork that fails.
      expect(await ended).toBe(2);
      expect(child.stdout?.read()).toBeNull();
      await group.remove();
      for (const file of group.joinFiles) expect(existsSync(dirname(file))).toBe(false);
    });

    test('stand still while frozen, go on when thawed, and can be ended while frozen', async () => {
      const { group, child, ended } = start('frozen', 'while :; do :; done');
      await expect.poll(() => cpuTicks(child)).toBeGreaterThan(2);
      group.freeze();
      await expect.poll(() => group.isFrozen).toBe(true);
      const before = cpuTicks(child);
      await new Promise((resolve) => {
        setTimeout(resolve, 300);
      });
      // Thirty, had it gone on; the last one may be accounted late.
      expect(cpuTicks(child)).toBeLessThan(before + 5);
      group.thaw();
      await expect.poll(() => cpuTicks(child)).toBeGreaterThan(before);
      group.freeze();
      await expect.poll(() => group.isFrozen).toBe(true);
      group.kill();
      expect(await ended).toBe('SIGKILL');
      await group.remove();
    });

    test('have parts that are held with them and ended alone', async () => {
      const { group, child, ended } = start('whole', 'while :; do :; done');
      const part = group.part('one');
      const inPart = startIn(part.joinFiles, 'sleep 300 & while :; do :; done');
      await expect.poll(() => cpuTicks(inPart.child)).toBeGreaterThan(2);
      group.freeze();
      await expect.poll(() => group.isFrozen).toBe(true);
      group.thaw();
      part.kill();
      expect(await inPart.ended).toBe('SIGKILL');
      await part.remove();
      for (const file of part.joinFiles.slice(-1)) expect(existsSync(dirname(file))).toBe(false);
      const before = cpuTicks(child);
      await expect.poll(() => cpuTicks(child)).toBeGreaterThan(before);
      group.part('left');
      group.kill();
      expect(await ended).toBe('SIGKILL');
      await group.remove();
      for (const file of group.joinFiles) expect(existsSync(dirname(file))).toBe(false);
    });

    test('of an engine that was killed are ended and removed by the next of the same home, and by no other', async () => {
      const { group, ended } = start('left', 'sleep 300 & exec sleep 300');
      const folders = group.joinFiles.map((file) => dirname(file));
      const procs = () => folders.every((folder) => readFileSync(`${folder}/cgroup.procs`, 'utf8') !== '');
      await expect.poll(procs).toBe(true);
      group.freeze();
      await expect.poll(() => group.isFrozen).toBe(true);
      const other = openCgroups(join(home, 'other'), log, version);
      if (other.available) await other.groups.close();
      expect(procs()).toBe(true);
      const next = openCgroups(home, log, version);
      if (next.available) await next.groups.clear();
      expect(await ended).toBe('SIGKILL');
      for (const folder of folders) expect(existsSync(folder)).toBe(false);
    });

    test('of a home that is no more are removed, but not while something runs in them', async () => {
      const gone = join(home, 'gone');
      const state = openCgroups(gone, log, version);
      if (!state.available) throw new Error(state.reason);
      const { group, ended } = start('left', 'exec sleep 300', undefined, state.groups);
      const folders = group.joinFiles.map((file) => dirname(file));
      const procs = () => folders.every((folder) => readFileSync(`${folder}/cgroup.procs`, 'utf8') !== '');
      await expect.poll(procs).toBe(true);
      expect(groups.removeEmpty(homeHash(gone))).toBe(false);
      expect(procs()).toBe(true);
      group.kill();
      expect(await ended).toBe('SIGKILL');
      await expect.poll(() => groups.removeEmpty(homeHash(gone))).toBe(true);
      for (const folder of folders) expect(existsSync(dirname(folder))).toBe(false);
    });

    test('cannot be joined when their limits could not be set — nothing runs without', async () => {
      const { ended, group } = start('no-limits', 'exit 7', { memoryMb: Number.NaN, tasks: 64 });
      for (const file of group.joinFiles) expect(existsSync(file)).toBe(false);
      expect(await ended).toBe(125);
    });
  });
}
