/** Limits that hold one instance, seen through the runner. They need cgroups; without them `readyz` says so. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createFunctionRunner, ownFunctionRunner } from '../../../test/support/function-runner.ts';
import { homeHash } from '../../platform/home-hash.ts';

const functions = createFunctionRunner();
afterAll(() => functions.close());
const { limits } = functions.runner;

describe.skipIf(limits.state === 'missing')('an instance', () => {
  test('that takes more memory than it may is ended, and the log names the limit', async () => {
    const neighbour = functions.define('exports.handler = async () => 1;');
    const before = await functions.invoke(neighbour);
    const revision = functions.define(
      'const kept = []; exports.handler = () => { for (;;) kept.push(Buffer.alloc(4 << 20, 1)); };',
    );
    const result = await functions.invoke(revision, { requestId: 'too-much' });
    expect(result.outcome).toBe('unhandled-error');
    expect(result.body.toString()).toMatch(
      /"Process exited unexpectedly before completing request \(duration: \d+ms, maxMemoryUsage: 1\d\d\.\d\dMB\)"/,
    );
    expect(functions.lines(revision)).toContain(
      'FC Invoke End RequestId: too-much, Error: Function exceeded memory limit of 128 MB',
    );
    expect((await functions.invoke(neighbour)).instanceId).toBe(before.instanceId);
  });

  test('has its children counted, and goes on when the kernel ends one of them', async () => {
    const revision = functions.define(
      "exports.handler = async (event) => event.length === 0 ? 'well' : require('child_process').spawnSync('tail', ['/dev/zero']).signal;",
      { timeoutMs: 20_000 },
    );
    const small = await functions.invoke(revision);
    const large = await functions.invoke(revision, { payload: Buffer.from('x') });
    expect(large.maxMemoryMb).toBeGreaterThan(small.maxMemoryMb + 20);
    if (limits.state === 'v2') {
      // There the group ends as one.
      expect(large.outcome).toBe('unhandled-error');
      return;
    }
    expect(large.body.toString()).toBe('SIGKILL');
    expect(large.instanceId).toBe(small.instanceId);
    expect(functions.lines(revision)).toContain(
      'a process of the function exceeded the memory limit of 128 MB and was ended',
    );
  });

  test('may use much garbage in little memory — the interpreter knows its size', async () => {
    const revision = functions.define(
      "exports.handler = async () => { let sum = 0; for (let i = 0; i < 3000; i += 1) { const parts = Array.from({length: 2000}, (_, n) => ({n, text: 'x' + n})); sum += parts.length; } return sum; };",
      { timeoutMs: 60_000 },
    );
    expect((await functions.invoke(revision)).body.toString()).toBe('6000000');
  }, 60_000);

  test('fills /tmp past its memory without being ended for it', async () => {
    const revision = functions.define(
      "exports.handler = async () => { const fs = require('fs'); const piece = Buffer.alloc(8 << 20, 1); const fd = fs.openSync('/tmp/large', 'w'); for (let i = 0; i < 25; i += 1) fs.writeSync(fd, piece); return fs.statSync('/tmp/large').size; };",
      { timeoutMs: 60_000 },
    );
    if (limits.state !== 'missing' && limits.tmp === 'disk')
      expect((await functions.invoke(revision)).body.toString()).toBe(String(200 << 20));
  }, 60_000);

  test('stands still between calls, goes on with the next one, and can be ended while it stands', async () => {
    const revision = functions.define(
      'let ticks = 0; setInterval(() => { ticks += 1; }, 2); exports.handler = async () => ticks;',
    );
    const before = Number((await functions.invoke(revision)).body.toString());
    await new Promise((resolve) => {
      setTimeout(resolve, 2_000);
    });
    const after = await functions.invoke(revision);
    // A thousand, had it gone on.
    expect(Number(after.body.toString()) - before).toBeLessThan(700);
    const later = await functions.invoke(revision);
    expect(later).toMatchObject({ outcome: 'ok', instanceId: after.instanceId });
    await new Promise((resolve) => {
      setTimeout(resolve, 600);
    });
    const { instances } = functions.runner.stats;
    functions.runner.retire(revision.key);
    await expect.poll(() => functions.runner.stats.instances).toBe(instances - 1);
  });

  test('leaves no image behind where its start is cut off', async () => {
    if (limits.state === 'missing' || limits.tmp !== 'disk') return;
    const own = ownFunctionRunner();
    const folder = join(own.home, 'engine', 'sandbox', 'tmp');
    // Its copy is made and cannot be mounted.
    writeFileSync(join(folder, 'template.img'), 'no file system');
    const revision = own.define('exports.handler = async () => 1;');
    await expect(own.invoke(revision)).rejects.toMatchObject({ code: 'FunctionNotStarted' });
    await expect
      .poll(() => readdirSync(folder).filter((name) => name.endsWith('.img')))
      .toEqual(['template.img']);
  });

  test('has an eighth of its share of the CPU until it is ready — starts must not slow down whoever serves', async () => {
    const own = ownFunctionRunner({ waiting: 0 });
    const names = ['-name', 'cpu.shares', '-o', '-name', 'cpu.weight'];
    const shares = () =>
      // It also complains of groups of others that go while it looks.
      spawnSync('find', ['/sys/fs/cgroup', ...names], { encoding: 'utf8' })
        .stdout.split('\n')
        .filter((file) => file.includes(`/sluice-${homeHash(own.home)}/c-`))
        .map((file) => Number(readFileSync(file, 'latin1')));
    const answer = own.invoke(own.define('exports.handler = async () => 1;', { memoryMb: 1024 }));
    // Nothing of the start is seen by this process before it turns to its events again.
    const starting = shares();
    await answer;
    // The kernel's own numbers for one gigabyte's share, and an eighth of it.
    expect([starting, shares()]).toEqual(limits.state === 'v2' ? [[13], [100]] : [[128], [1024]]);
  });

  test('leaves no group, mount or image behind', async () => {
    const own = createFunctionRunner();
    await own.invoke(own.define('exports.handler = async () => 1;'));
    await own.close();
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(own.home);
  });
});
