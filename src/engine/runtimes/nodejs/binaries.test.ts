/** Exact majors of Node.js: fetched by the real npm when a function needs one, and what happens where that fails. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createFunctionRunner, type FunctionRunner } from '../../../../test/support/function-runner.ts';
import type { RunnerLimits } from '../../invoke/runner-limits.ts';
import { cachedBinary, fetchBinary } from './binaries.ts';
import { NodeFetching } from './fetching.ts';

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

describe('a registry that lies', { timeout: SLOW_MS }, () => {
  test('is not believed: other bytes than it announced are refused and none stays; the log tells both', async () => {
    const folder = join(cache, 'lies');
    const archive = join(cache, 'package.tgz');
    mkdirSync(join(cache, 'package', 'bin'), { recursive: true });
    writeFileSync(join(cache, 'package', 'bin', 'node'), '#!/bin/sh\necho v8.99.0\n', { mode: 0o755 });
    execFileSync('tar', ['-czf', archive, '-C', cache, 'package']);
    const name = `node-${process.platform}-${process.arch}`;
    const digest = (bytes: string | Buffer) =>
      `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
    // npm checks what it packs by itself, so it has to see nothing wrong then.
    const announced = (command: unknown) =>
      digest(command === 'view' ? 'other bytes' : readFileSync(archive));
    const registry = createServer((request, response) => {
      if (request.url?.endsWith('.tgz')) response.end(readFileSync(archive));
      // npm also asks for itself.
      else if (request.url !== `/${name}`) response.writeHead(404).end();
      else {
        const integrity = announced(request.headers['npm-command']);
        const dist = { tarball: `http://${request.headers.host}/${name}.tgz`, integrity };
        const versions = { '8.99.0': { name, version: '8.99.0', dist } };
        response.setHeader('content-type', 'application/json');
        response.setHeader('cache-control', 'no-store');
        response.end(JSON.stringify({ name, 'dist-tags': { latest: '8.99.0' }, versions }));
      }
    }).listen(0, '127.0.0.1');
    await once(registry, 'listening');
    onTestFinished(() => void registry.close());
    vi.stubEnv('npm_config_registry', `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`);
    vi.stubEnv('npm_config_cache', join(cache, 'npm-lies'));
    const said: string[] = [];
    const log = pino({}, { write: (line: string) => said.push((JSON.parse(line) as { msg: string }).msg) });
    await expect(new NodeFetching(folder, log).prepare(8)).resolves.toBeUndefined();
    expect(said).toEqual([
      'fetching Node.js 8 by npm, for functions of runtime nodejs8',
      expect.stringMatching(
        /^Node\.js 8 could not be fetched; v\S+ serves nodejs8 meanwhile: what came as \S+ has the digest \S+, its registry announced \S+$/,
      ),
    ]);
    expect(cachedBinary(folder, 8)).toBeUndefined();
    expect(readdirSync(join(folder, 'nodejs'))).toEqual([]);
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
