/** Layers from publishing to `require`: merged in order, kept by who took them, limited. */
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ACCOUNT, functionOf, send, zipOf, type Sdk } from './support/engine-process.ts';
import { startTestEngine, type TestEngine } from './support/test-engine.ts';

/** As the guide's sample: a module from a layer, and what lies below `/opt`. */
const HANDLER = `async () => {
  const fs = require('fs');
  const seen = {};
  for (const name of ['shared.txt', 'one.txt', 'two.txt'])
    seen[name] = fs.existsSync('/opt/' + name) ? fs.readFileSync('/opt/' + name, 'utf8') : null;
  try { seen.now = require('moment').now(); } catch (error) { seen.now = error.code; }
  return seen;
}`;

let engine: TestEngine;
let sdk: Sdk;
beforeAll(async () => {
  engine = await startTestEngine();
  ({ sdk } = engine);
  await sdk.createService('shop', {});
});
afterAll(() => engine.close());

interface LayerView {
  readonly arn: string;
  readonly version: number;
  readonly acl: number;
  readonly code: { readonly location: string };
}
async function publish(name: string, files: Readonly<Record<string, string>>): Promise<LayerView> {
  const zipFile = (await zipOf(files)).toString('base64');
  const { data } = await sdk.publishLayerVersion(name, {
    description: 'd',
    code: { zipFile },
    compatibleRuntime: ['nodejs20'],
  });
  return data as LayerView;
}
async function define(name: string, layers: readonly string[]): Promise<void> {
  await sdk.createFunction('shop', { ...(await functionOf(name, HANDLER)), timeout: 20, layers });
}
async function seen(name: string): Promise<Record<string, unknown>> {
  const { data } = await sdk.invokeFunction('shop', name, '');
  return JSON.parse(String(data)) as Record<string, unknown>;
}

test('a module of a layer is required, and layers lie over each other in their order', async () => {
  const moment = await publish('moment', {
    'nodejs/node_modules/moment/index.js': 'exports.now = () => 42;',
    'shared.txt': 'first',
    'one.txt': '1',
  });
  const second = await publish('second', { 'shared.txt': 'second', 'two.txt': '2' });
  expect(moment).toMatchObject({
    version: 1,
    acl: 0,
    compatibleRuntime: ['nodejs20'],
    arn: `acs:fc:cn-local:${ACCOUNT}:layers/moment/versions/1`,
  });
  await define('both', [moment.arn, second.arn]);
  expect(await seen('both')).toEqual({ 'shared.txt': 'second', 'one.txt': '1', 'two.txt': '2', now: 42 });
  await sdk.updateFunction('shop', 'both', { layers: [second.arn, moment.arn] });
  expect(await seen('both')).toMatchObject({ 'shared.txt': 'first' });
  await sdk.updateFunction('shop', 'both', { layers: [second.arn] });
  expect(await seen('both')).toEqual({
    'shared.txt': 'second',
    'one.txt': null,
    'two.txt': '2',
    now: 'MODULE_NOT_FOUND',
  });
  await sdk.updateFunction('shop', 'both', { layers: [] });
  expect(await seen('both')).toMatchObject({ 'shared.txt': null });
});

test('a deleted version stays with who took it, also over an update and a kill; nobody else can take it', async () => {
  const layer = await publish('going', { 'one.txt': 'kept' });
  await define('keeper', [layer.arn]);
  await sdk.deleteLayerVersion('going', '1');
  await expect(sdk.getLayerVersion('going', '1')).rejects.toMatchObject({ code: 'LayerNotFound' });
  await expect(define('late', [layer.arn])).rejects.toMatchObject({ code: 'LayerNotFound' });
  await sdk.updateFunction('shop', 'keeper', { description: 'new', memorySize: 256 });
  await engine.restart('SIGKILL');
  expect(await seen('keeper')).toMatchObject({ 'one.txt': 'kept' });
  expect((await publish('going', { 'one.txt': 'new' })).version).toBe(2);
});

test('are read by number and by ARN, listed in pages, made public', async () => {
  for (let version = 1; version <= 3; version += 1)
    expect((await publish('many', { 'one.txt': String(version) })).version).toBe(version);
  const { data } = await sdk.getLayerVersionByArn(`acs:fc:cn-local:${ACCOUNT}:layers/many/versions/2`);
  expect(data).toMatchObject({ layerName: 'many', version: 2 });
  expect((await sdk.getLayerVersionByArn('x#many#2')).data).toMatchObject({ version: 2 });
  const zip = await fetch((data as LayerView).code.location);
  expect([zip.status, zip.headers.get('content-type')]).toEqual([200, 'application/zip']);
  const versions = async (options: object): Promise<unknown> => {
    const page = (await sdk.listLayerVersions('many', options)).data as {
      layers: LayerView[];
      nextVersion?: number;
    };
    return [page.layers.map(({ version }) => version).join(), page.nextVersion];
  };
  expect(await versions({ limit: 2 })).toEqual(['1,2', 3]);
  expect(await versions({ limit: 2, startVersion: 3 })).toEqual(['3', undefined]);
  const names = async (options: object): Promise<string> => {
    const page = (await sdk.listLayers(options)).data as { layers: { layerName: string; version: number }[] };
    return page.layers.map(({ layerName, version }) => `${layerName}@${version}`).join();
  };
  expect(await names({ prefix: 'many' })).toBe('many@3');
  expect(await names({ public: 'true' })).toBe('');
  await sdk.putLayerACL('many', { public: 'true' });
  expect(await names({ public: 'true' })).toBe('many@3');
  expect((await sdk.getLayerVersion('many', '1')).data).toMatchObject({ acl: 1 });
  await expect(sdk.listLayerVersions('none')).rejects.toMatchObject({ code: 'LayerNotFound' });
  await expect(sdk.getLayerVersion('many', '9')).rejects.toMatchObject({ code: 'LayerVersionNotFound' });
});

test('are five at most, each once, and hold what is no trap', async () => {
  const arns = await Promise.all(
    Array.from(
      { length: 6 },
      async (_, index) => (await publish(`l${index}`, { 'a.txt': String(index) })).arn,
    ),
  );
  await expect(define('six', arns)).rejects.toMatchObject({ code: 'InvalidArgument' });
  await expect(define('twice', [arns[0] ?? '', arns[0] ?? ''])).rejects.toMatchObject({
    code: 'InvalidArgument',
  });
  await expect(define('what', ['nothing'])).rejects.toMatchObject({ code: 'InvalidArgument' });
  const bad = await send(engine.process, {
    method: 'POST',
    path: '/2016-08-15/layers/bad/versions',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code: { zipFile: 'bm8gemlw' } }),
  });
  expect([bad.status, bad.json().ErrorCode]).toEqual([400, 'InvalidArgument']);
});

test('eight publishings at once get eight numbers', async () => {
  const all = await Promise.all(Array.from({ length: 8 }, () => publish('race', { 'a.txt': 'a' })));
  expect(new Set(all.map(({ version }) => version))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8]));
});

test('have 500 MB at most with the code, unpacked', async () => {
  const layer = await publish('wide', { 'a.txt': 'a' });
  const folder = join(
    engine.home,
    'engine',
    'code',
    new URL(layer.code.location).pathname.split('/').at(-1) ?? '',
  );
  // Its file is made as large as is left, of nothing: only sizes are looked at.
  const code = Buffer.byteLength(`exports.handler = ${HANDLER};\n`);
  const left = 500 * 1024 * 1024 - code;
  truncateSync(join(folder, 'a.txt'), left + 1);
  await expect(define('over', [layer.arn])).rejects.toMatchObject({
    code: 'InvalidArgument',
    message: expect.stringContaining(
      'code and layers have 524288001 bytes unpacked; at most 524288000 are allowed',
    ) as string,
  });
  truncateSync(join(folder, 'a.txt'), left);
  await define('within', [layer.arn]);
});
