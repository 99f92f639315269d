import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  createFunctionRunner,
  ownFunctionRunner,
  type FunctionRunner,
} from '../../../test/support/function-runner.ts';
import type { Revision } from '../invoke/contract.ts';
import { RuntimeRegistry } from '../runtimes/registry.ts';
import { canShowFolders } from '../sandbox/mounter.ts';
import { suits, waitingKind, type WaitingKind } from './waiting-kind.ts';

const functions = createFunctionRunner();
const define: FunctionRunner['define'] = (files, settings) => functions.define(files, settings);
afterAll(() => functions.close());
const folder = mkdtempSync(join(tmpdir(), 'sluice-kind-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const registry = new RuntimeRegistry({ interpreters: {}, cache: folder });

const hasPhp = registry.find('php7.2').found;

function kindOf(revision: Revision): WaitingKind | undefined {
  const lookup = registry.find(revision.runtime);
  if (!lookup.found) throw new Error(lookup.reason);
  return waitingKind(revision, lookup.runtime, '/code');
}
function isSuited(revision: Revision, more: Record<string, string> = {}): boolean {
  const kind = kindOf(revision);
  return kind !== undefined && suits(kind, revision, { ...kind.environment, ...more });
}

test('functions share a kind unless something differs that a process is started with', () => {
  const keys = [
    define('1', { handler: 'a.b', environment: { A: '1' } }),
    define('2'),
    define('3', { memoryMb: 256 }),
    define('4', { internetAccess: true }),
    define('5', { runtime: 'nodejs18' }),
  ].map((revision) => kindOf(revision)?.key);
  expect(keys[1]).toBe(keys[0]);
  expect(new Set(keys).size).toBe(4);
  expect(kindOf(define('6', { image: { reference: 'a', pin: 'b' } }))).toBeUndefined();
});

describe('a function has a process of its own', () => {
  test.each(['LD_PRELOAD', 'LD_LIBRARY_PATH', 'NODE_OPTIONS', 'UV_THREADPOOL_SIZE', 'TZ', 'LC_ALL', 'HOME'])(
    'for %s, which is read at a start only',
    (name) => {
      expect(isSuited(define('1'), { [name]: 'x' })).toBe(false);
    },
  );

  test('for a way of its own to resolve names, where it has a network', () => {
    const nameResolution = { nameServers: ['192.0.2.1'], searches: [], options: [] };
    expect(kindOf(define('1', { internetAccess: true, nameResolution }))).toBeUndefined();
    expect(kindOf(define('2', { internetAccess: false, nameResolution }))).toBeDefined();
  });

  test('for libraries in its code or layers that the loader would have taken', () => {
    const libraries = define({ 'lib/libstdc++.so.6': '' });
    expect(isSuited(libraries)).toBe(false);
    mkdirSync(join(folder, 'layer', 'lib'), { recursive: true });
    writeFileSync(join(folder, 'layer', 'lib', 'libvips.so'), '');
    expect(isSuited(define('1', { layerFolder: join(folder, 'layer') }))).toBe(false);
  });

  test('for libraries of any name in folders that the loader did not find at the start', async () => {
    const own = ownFunctionRunner({ waiting: 1 });
    const system = process.arch === 'x64' ? '/usr/lib/x86_64-linux-gnu' : '/usr/lib/aarch64-linux-gnu';
    const code = {
      'index.py':
        'import ctypes\ndef handler(event, context):\n    return "loaded" if ctypes.CDLL("own.so") else ""\n',
      'lib/own.so': readFileSync(join(system, 'libz.so.1')),
    };
    for (let start = 0; start < 2; start += 1) {
      const revision = own.define(code, { runtime: 'python3' });
      expect((await own.invoke(revision)).body.toString()).toBe('loaded');
      await own.invoke(
        own.define({ 'index.py': 'def handler(event, context): pass' }, { runtime: 'python3' }),
      );
      await expect
        .poll(() => own.runner.stats.waiting, { timeout: 20_000 })
        .toBe(canShowFolders('on') ? 1 : 0);
    }
  });

  test.skipIf(!hasPhp)('for extensions of PHP in its code', () => {
    expect(isSuited(define({ 'index.php': '' }, { runtime: 'php7.2' }))).toBe(true);
    expect(isSuited(define({ 'extension/a.ini': '' }, { runtime: 'php7.2' }))).toBe(false);
  });

  test('for nothing else', () => {
    expect(isSuited(define('1'), { NODE_ENV: 'production', PYTHONPATH: '/code/x', DEBUG: '*' })).toBe(true);
    expect(isSuited(define({ 'addon.so': '', 'lib/own.py': '', 'node_modules/a/libx.so': '' }))).toBe(true);
  });
});
