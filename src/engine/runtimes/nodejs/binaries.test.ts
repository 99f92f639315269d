/** Exact majors of Node.js: fetched by the real npm when a function needs one, and what happens where that fails. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { createFunctionRunner, type FunctionRunner } from '../../../../test/support/function-runner.ts';
import type { RunnerLimits } from '../../invoke/runner-limits.ts';
import { cachedBinary, fetchBinary } from './binaries.ts';

const SMALLEST = 6;
/** npm on a loaded machine, several times. */
const SLOW_MS = 120_000;
const cache = mkdtempSync(join(tmpdir(), 'sluice-node-'));
const open: FunctionRunner[] = [];
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
  for (const functions of open) await functions.close();
  rmSync(cache, { recursive: true, force: true });
});

function createFunctions(folder: string, limits: Partial<RunnerLimits> = {}): FunctionRunner {
  const functions = createFunctionRunner(limits, 'on', { cache: folder, fetchRuntimes: true });
  open.push(functions);
  return functions;
}

const VERSION = 'exports.handler = (event, context, callback) => callback(null, process.version);';

const isThere = await fetchBinary(cache, SMALLEST).then(
  () => true,
  () => false,
);

describe.skipIf(!isThere)('with a registry', { timeout: SLOW_MS }, () => {
  test('a binary is what its registry announced, alone in the folder of its version', () => {
    const found = cachedBinary(cache, SMALLEST);
    expect(found?.version).toMatch(/^v6\.17\.\d+$/);
    expect(found?.path).toBe(join(cache, 'nodejs', found?.version ?? '', 'node'));
    expect(readdirSync(join(cache, 'nodejs'))).toEqual([found?.version]);
    expect(readdirSync(join(cache, 'nodejs', found?.version ?? ''))).toEqual(['node']);
  });

  test('the first calls of a runtime wait for it, together, and run on the exact major', async () => {
    const empty = join(cache, 'first');
    const functions = createFunctions(empty);
    expect(functions.runner.runtimes()['nodejs6']).toMatchObject({ state: 'compatible' });
    const revision = functions.define(VERSION, { runtime: 'nodejs6' });
    const results = await Promise.all([functions.invoke(revision), functions.invoke(revision)]);
    for (const { body } of results) expect(body.toString()).toMatch(/^v6\./);
    expect(functions.runner.runtimes()['nodejs6']).toMatchObject({
      state: 'exact',
      version: expect.stringMatching(/^Node\.js v6\./),
    });
  });

  test('a call does not wait without end', async () => {
    const functions = createFunctions(join(cache, 'second'), { fetchWaitMs: 1 });
    await expect(functions.invoke(functions.define(VERSION, { runtime: 'nodejs6' }))).rejects.toMatchObject({
      status: 503,
      code: 'RuntimeNotAvailable',
      message: expect.stringContaining("runtime 'nodejs6' is being fetched"),
    });
  });
});

describe('without a registry', { timeout: SLOW_MS }, () => {
  test('the Node.js of the engine stands in, and the first line of the log says so', async () => {
    vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9/');
    vi.stubEnv('npm_config_cache', join(cache, 'npm'));
    const functions = createFunctions(join(cache, 'third'));
    const revision = functions.define(VERSION, { runtime: 'nodejs8' });
    expect((await functions.invoke(revision)).body.toString()).toBe(process.version);
    expect(functions.runner.runtimes()['nodejs8']).toEqual({
      state: 'compatible',
      version: `Node.js ${process.version}`,
    });
    expect(functions.lines(revision)[0]).toBe(`runtime 'nodejs8' is served by Node.js ${process.version}`);
  });

  test('one that the operator named is used, and said where it is something else', async () => {
    const functions = createFunctionRunner({}, 'on', {
      interpreters: { nodejs8: process.execPath, nodejs10: '/bin/true' },
    });
    open.push(functions);
    expect(functions.runner.runtimes()).toMatchObject({
      nodejs8: { state: 'compatible' },
      nodejs10: {
        state: 'missing',
        reason: expect.stringContaining('/bin/true (does not answer as Node.js)'),
      },
    });
  });
});
