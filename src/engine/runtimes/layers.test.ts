/**
 * Where each language looks for what layers bring (guide.md §12, runtimes.md §1): its own places below `/opt`, in their
 * order. A language that this machine does not have is left out.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFunctionRunner, type FunctionRunner } from '../../../test/support/function-runner.ts';
import { compileJava, jarOf } from '../../../test/support/java-classes.ts';
import { prepareRuntime } from '../../../test/support/prepared-runtime.ts';
import { writeFiles } from '../../../test/support/write-files.ts';
import { loadConfig } from '../../platform/config.ts';
import type { Revision } from '../invoke/contract.ts';

type Files = Readonly<Record<string, string | Uint8Array>>;

const { cache } = loadConfig();
const layers = mkdtempSync(join(tmpdir(), 'sluice-layers-'));
let functions: FunctionRunner;
beforeAll(() => {
  functions = createFunctionRunner({}, 'on', { cache });
});
afterAll(async () => {
  await functions.close();
  rmSync(layers, { recursive: true, force: true });
});

function layerOf(files: Files): string {
  const folder = mkdtempSync(join(layers, 'layer-'));
  // As the engine unpacks it: the function runs as another user.
  chmodSync(folder, 0o755);
  writeFiles(folder, files);
  return folder;
}
/** What the function answers that has the layer. */
async function answer(code: Files, layer: Files, settings: Partial<Revision>): Promise<string> {
  const revision = functions.define(code, { layerFolder: layerOf(layer), ...settings });
  const { outcome, body } = await functions.invoke(revision);
  expect([outcome, body.toString()]).toEqual(['ok', expect.anything()]);
  return body.toString();
}

test('Node.js takes the folder of its major before the one of all', async () => {
  const at = (place: string, name: string) => ({
    [`nodejs/${place}/${name}/index.js`]: `module.exports = ${JSON.stringify(`${name} of ${place}`)};`,
  });
  const layer = {
    ...at('node20/node_modules', 'both'),
    ...at('node_modules', 'both'),
    ...at('node_modules', 'common'),
    ...at('node18/node_modules', 'other'),
  };
  const code = `exports.handler = async () => ['both', 'common', 'other'].map((name) => {
    try { return require(name); } catch (error) { return error.code; }
  });`;
  expect(JSON.parse(await answer({ 'index.js': code }, layer, {}))).toEqual([
    'both of node20/node_modules',
    'common of node_modules',
    'MODULE_NOT_FOUND',
  ]);
});

const python = await prepareRuntime('python3');
test.skipIf(python.state === 'missing')(
  'Python takes its own code, then the site-packages of its version, then the rest',
  async () => {
    const [, minor = ''] = /\b3\.(\d+)/.exec('version' in python ? python.version : '') ?? [];
    const packages = `python/lib/python3.${minor}/site-packages`;
    const at = (place: string, ...names: string[]) =>
      Object.fromEntries(names.map((name) => [`${place}/${name}.py`, `SAID = '${name} of ${place}'\n`]));
    const layer = {
      ...at(packages, 'own', 'both', 'packed'),
      ...at('python', 'own', 'both', 'plain'),
      ...at('python/lib/python2.6/site-packages', 'other'),
    };
    const code = `import importlib
def said(name):
    try:
        return importlib.import_module(name).SAID
    except ImportError:
        return 'missing'
def handler(event, context):
    return [said(name) for name in ('own', 'both', 'packed', 'plain', 'other')]
`;
    const settings = { runtime: 'python3', handler: 'index.handler' };
    const files = { 'index.py': code, 'own.py': "SAID = 'own of the code'\n" };
    expect(JSON.parse(await answer(files, layer, settings))).toEqual([
      'own of the code',
      `both of ${packages}`,
      `packed of ${packages}`,
      'plain of python',
      'missing',
    ]);
  },
);

const php = await prepareRuntime('php7.2');
test.skipIf(php.state === 'missing')('PHP includes from /opt/php, behind its own code', async () => {
  const said = (text: string) => `<?php return '${text}';`;
  const layer = { 'php/own.php': said('own of the layer'), 'php/shared.php': said('shared of the layer') };
  const code = {
    'index.php':
      "<?php function handler($event, $context) { return [include 'own.php', include 'shared.php']; }",
    'own.php': said('own of the code'),
  };
  const settings = { runtime: 'php7.2', handler: 'index.handler' };
  expect(JSON.parse(await answer(code, layer, settings))).toEqual(['own of the code', 'shared of the layer']);
});

describe.skipIf((await prepareRuntime('java8')).state === 'missing')('Java', () => {
  test('has every jar of /opt/java/lib on its class path', async () => {
    const classes = await compileJava({
      't.Teller': `package t;
        public class Teller implements com.aliyun.fc.runtime.PojoRequestHandler<String, String> {
          public String handleRequest(String event, com.aliyun.fc.runtime.Context context) { return "of " + t.Shared.NAME; }
        }`,
      't.Shared': 'package t; public class Shared { public static final Object NAME = "the layer"; }',
    });
    const layer = {
      'java/lib/teller.jar': await jarOf(classes.get('t.Teller') ?? {}),
      'java/lib/shared.jar': await jarOf(classes.get('t.Shared') ?? {}),
    };
    const settings = { runtime: 'java8', handler: 't.Teller::handleRequest', memoryMb: 256 };
    expect(JSON.parse(await answer({ 'empty.txt': '' }, layer, settings))).toBe('of the layer');
  });
});

test('a runtime of the function’s own finds programs in /opt/bin and libraries in /opt/lib', async () => {
  const program =
    "require('http').createServer((q, r) => r.end(process.env.LD_LIBRARY_PATH.includes('/opt/lib') + ' ' + require('child_process').execFileSync('told'))).listen(process.env.FC_SERVER_PORT);";
  const layer = { 'bin/told': '#!/bin/sh\necho by the layer\n' };
  const folder = layerOf(layer);
  chmodSync(join(folder, 'bin/told'), 0o755);
  const revision = functions.define(
    { 'server.js': program },
    {
      runtime: 'custom',
      layerFolder: folder,
      server: { command: ['node'], args: ['server.js'], port: 9000, healthCheck: undefined },
    },
  );
  expect((await functions.invoke(revision)).body.toString()).toBe('true by the layer\n');
});
