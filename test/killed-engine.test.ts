/**
 * What is left on the machine when the engine is killed with instances at work: nothing that runs, and nothing at all once
 * the next engine of the same home has started. Runs the compiled code in a process of its own, which can be killed.
 */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { canShowFolders } from '../src/engine/sandbox/mounter.ts';
import { homeHash } from '../src/platform/home-hash.ts';

const DIST = join(import.meta.dirname, '..', 'dist');
const home = mkdtempSync(join(tmpdir(), 'sluice-killed-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const FUNCTION =
  "require('child_process').spawn('sleep', ['300'], {detached: true, stdio: 'ignore'}).unref(); exports.handler = (event, context, callback) => { if (event.length === 0) callback(null, 'ok'); };";

/** Starts a runner with one instance that stands still, one that works, and a runtime that waits; says so, and stays. With `start` it says so first. */
const ENGINE = `
import { createRunner } from ${JSON.stringify(pathToFileURL(join(DIST, 'engine/invoke/runner.js')).href)};
import { createLog } from ${JSON.stringify(pathToFileURL(join(DIST, 'platform/log.js')).href)};
const home = process.argv[1];
const runner = createRunner({ home, sandbox: 'on', region: 'cn-test', accountId: '1', secrets: [], log: createLog('test', 'error'), interpreters: {} });
const revision = (key) => ({ key, service: 'shop', function: 'killed-' + key, versionId: '', runtime: 'nodejs20', handler: 'index.handler',
  initializer: '', timeoutMs: 60000, initializationTimeoutMs: 3000, memoryMb: 128, instanceConcurrency: 1, environment: {},
  hooks: { preFreeze: { handler: '', timeoutMs: 3000 }, preStop: { handler: '', timeoutMs: 3000 } }, image: undefined, layerFolder: '',
  server: { port: 9000, command: [], args: [] }, codeChecksum: '1', codeFolder: home + '/code', logProject: '', logStore: '', internetAccess: true, jaegerEndpoint: '' });
const call = (key, payload) => runner.invoke(revision(key), { requestId: key, qualifier: 'LATEST', payload: Buffer.from(payload),
  wantsLog: false, retryCount: 0, isProbe: false });
if (process.argv[2] === 'start') {
  console.log(JSON.stringify({ pid: process.pid }));
  await Promise.all(['a', 'b', 'c', 'd'].map((key) => call(key, '')));
}
await call('idle', '');
await call('busy', '');
call('busy', 'stay').catch(() => undefined);
while (runner.limits.state !== 'missing' && runner.stats.waiting === 0) await new Promise((resolve) => setTimeout(resolve, 20));
setTimeout(() => console.log(JSON.stringify({ pid: process.pid, limits: runner.limits })), 800);
if (process.argv[2] === 'close') setTimeout(() => runner.close(0).then(() => process.exit(0)), 1000);
`;

function startEngine(
  mode: 'start' | 'stay' | 'close',
  of: string = home,
): Promise<{ pid: number; ended: Promise<void> }> {
  mkdirSync(join(of, 'code'), { recursive: true });
  writeFileSync(join(of, 'code', 'index.js'), FUNCTION);
  const child = spawn(process.execPath, ['--input-type=module', '-e', ENGINE, of, mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  return new Promise((resolve, reject) => {
    child.stdout.once('data', (text: Buffer) =>
      resolve({ ...(JSON.parse(text.toString()) as { pid: number }), ended }),
    );
    child.once('exit', (code) => reject(new Error(`the engine ended with ${code}`)));
  });
}

/** Processes of this test's functions, with those that they started, and of runtimes that wait for one. */
function functionProcesses(of: string = home): number[] {
  const group = `/sluice-${homeHash(of)}/`;
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/environ`, 'latin1').includes('FC_FUNCTION_NAME=killed-') ||
          readFileSync(`/proc/${pid}/cgroup`, 'latin1').includes(group)
        );
      } catch {
        return false;
      }
    });
}

/** Folders of cgroups in which `pid` is. */
function groupFolders(pid: number): string[] {
  const mounts = readFileSync('/proc/self/mounts', 'latin1')
    .split('\n')
    .map((line) => line.split(' '));
  return readFileSync(`/proc/${pid}/cgroup`, 'latin1')
    .split('\n')
    .flatMap((line) => {
      const [, controllers = '', path = ''] = line.split(':');
      if (!path.includes('/sluice-')) return [];
      const mount = mounts.find(([, , type, options]) =>
        controllers === ''
          ? type === 'cgroup2'
          : type === 'cgroup' && options?.split(',').includes(controllers),
      );
      return mount?.[1] === undefined ? [] : [join(mount[1], path)];
    });
}

test('a killed engine takes its instances along, also frozen ones, and its next start removes their groups', async () => {
  const engine = await startEngine('stay');
  const processes = functionProcesses();
  // Two of Node.js and what each of them started, one that waits, each behind bubblewrap's own two.
  expect(processes.length).toBeGreaterThanOrEqual(canShowFolders('on') ? 11 : 4);
  const folders = [...new Set(processes.flatMap(groupFolders))];
  process.kill(engine.pid, 'SIGKILL');
  await engine.ended;
  await expect.poll(() => functionProcesses(), { timeout: 10_000 }).toEqual([]);
  expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(home);
  const images = () =>
    readdirSync(join(home, 'engine', 'sandbox', 'tmp')).filter((name) => name.startsWith('c-'));
  if (existsSync(join(home, 'engine', 'sandbox', 'tmp'))) expect(images()).toEqual([]);

  const next = await startEngine('close');
  for (const folder of folders) expect(existsSync(folder)).toBe(false);
  await next.ended;
  for (const folder of folders) expect(existsSync(dirname(folder))).toBe(false);
  expect(functionProcesses()).toEqual([]);
});

test('what a killed engine left is removed by the start of any other once its home is deleted', async () => {
  const deleted = mkdtempSync(join(tmpdir(), 'sluice-deleted-'));
  const engine = await startEngine('stay', deleted);
  const folders = [...new Set(functionProcesses(deleted).flatMap(groupFolders))];
  process.kill(engine.pid, 'SIGKILL');
  await engine.ended;
  const left = () => folders.map((folder) => readFileSync(join(folder, 'cgroup.procs'), 'utf8')).join('');
  await expect.poll(left, { timeout: 10_000 }).toBe('');
  rmSync(deleted, { recursive: true });
  const other = await startEngine('close');
  for (const folder of folders) expect(existsSync(dirname(folder))).toBe(false);
  expect(existsSync(`/run/netns/sl-egress-${homeHash(deleted)}`)).toBe(false);
  await other.ended;
});

test('what a killed engine was starting is gone after the next start, whenever it was killed', async () => {
  const interrupted = mkdtempSync(join(tmpdir(), 'sluice-interrupted-'));
  try {
    // A start takes some 60 ms here: what runs first is the shell that mounts, then bubblewrap, then the runtime.
    for (const afterMs of [10, 25, 40, 55, 70, 85]) {
      const engine = await startEngine('start', interrupted);
      await pause(afterMs);
      process.kill(engine.pid, 'SIGKILL');
      await engine.ended;
    }
    const next = await startEngine('close', interrupted);
    await next.ended;
    expect(functionProcesses(interrupted)).toEqual([]);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(interrupted);
  } finally {
    rmSync(interrupted, { recursive: true });
  }
});
