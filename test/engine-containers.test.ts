/** Containers by the API: a version keeps what its tag meant, whoever is restarted and wherever the tag goes. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { refusal, type Sdk } from './support/engine-process.ts';
import { EVAL_BASE, EVAL_START } from './support/eval-image.ts';
import { REGISTRY_MISSING, startRegistry, type TestRegistry } from './support/registry.ts';
import { startTestEngine, type TestEngine } from './support/test-engine.ts';

let registry: TestRegistry;
let engine: TestEngine;
let sdk: Sdk;

const isPossible = REGISTRY_MISSING.length === 0;
beforeAll(async () => {
  if (!isPossible) return;
  [engine, registry] = await Promise.all([startTestEngine(), startRegistry()]);
  ({ sdk } = engine);
});
afterAll(async () => {
  if (!isPossible) return;
  await engine.close();
  registry.stop();
});

const push = (text: string): Promise<string> =>
  registry.push('shop/web:live', {
    layers: [EVAL_BASE, [{ name: 'app/text', content: text }]],
    config: EVAL_START,
  });
const read = async (qualifier?: string): Promise<string> => {
  const { data } = await sdk.invokeFunction(
    'boxes',
    'web',
    'open(my $f, "<", "/app/text"); <$f>',
    {},
    qualifier,
  );
  return String(data);
};

test.skipIf(!isPossible)('a published version runs the image that its tag was when it was set', async () => {
  const image = await push('one');
  await sdk.createService('boxes', {});
  const created = await sdk.createFunction('boxes', {
    functionName: 'web',
    runtime: 'custom-container',
    handler: 'none',
    timeout: 10,
    customContainerConfig: { image, args: '["x"]' },
  });
  expect(created.data).toMatchObject({ codeSize: 0, customContainerConfig: { image, args: '["x"]' } });
  expect(await read()).toBe('one');
  await sdk.publishVersion('boxes', 'first');

  await push('two');
  // Nothing was set: a new description is no new image.
  await sdk.updateFunction('boxes', 'web', { description: 'same image' });
  expect(await read()).toBe('one');
  await sdk.updateFunction('boxes', 'web', { customContainerConfig: { image } });
  expect([await read(), await read('1')]).toEqual(['two', 'one']);

  await engine.process.end('SIGKILL');
  await push('three');
  await engine.restart();
  expect([await read(), await read('1')]).toEqual(['two', 'one']);

  expect(await refusal(sdk.getFunctionCode('boxes', 'web'))).toContain('InvalidArgument');
  expect(await refusal(sdk.updateFunction('boxes', 'web', { runtime: 'custom' }))).toContain(
    'InvalidArgument',
  );
});
