/** The client for several regions against two real engines: what is done in one must not show in the other. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FcClient } from '../src/fc/client.ts';
import { FcError } from '../src/fc/errors.ts';
import { createRegionalClient } from '../src/fc/regional-client.ts';
import { ACCOUNT, KEY, zipOf } from './support/engine-process.ts';
import { FUNCTION_CONFIG } from './support/function-config.ts';
import { startTestEngine, type TestEngine } from './support/test-engine.ts';

const ELSEWHERE = 'cn-shanghai/shop';

let engines: TestEngine[];
let fc: FcClient;
beforeAll(async () => {
  engines = await Promise.all([startTestEngine(), startTestEngine()]);
  const [home, other] = engines.map(({ process }) => process.url);
  fc = createRegionalClient(
    {
      endpoint: home ?? '',
      accountId: ACCOUNT,
      accessKeyId: KEY.id,
      accessKeySecret: KEY.secret,
      region: 'cn-local',
      timeoutMs: 20_000,
    },
    [{ name: 'cn-shanghai', endpoint: other ?? '' }],
  );
}, 90_000);
afterAll(() => Promise.all((engines ?? []).map((engine) => engine.close())), 30_000);

async function release(place: string, text: string): Promise<void> {
  await fc.createService({ serviceName: place, description: '', internetAccess: true, role: '' });
  const zip = await zipOf({ 'index.js': `exports.handler = async () => ${JSON.stringify(text)};` });
  await fc.createFunction(place, 'hello', FUNCTION_CONFIG, zip);
  const { versionId } = await fc.publishVersion(place, text);
  await fc.createAlias(place, 'PROD', { versionId, additionalVersionWeight: {} });
}

test('a place goes to the engine of its region, and comes back under its own name', async () => {
  await release(ELSEWHERE, 'from Shanghai');
  expect((await fc.getService(ELSEWHERE))?.value.serviceName).toBe(ELSEWHERE);
  expect(await fc.getService('shop')).toBeNull();
  expect((await engines[1]?.fc.getService('shop'))?.value.serviceName).toBe('shop');

  await release('shop', 'from home');
  const answers = await Promise.all(
    ['shop', ELSEWHERE].map((place) => fc.invoke(place, 'PROD', 'hello', Buffer.from('{}'))),
  );
  expect(answers.map(({ body }) => body.toString())).toEqual(['from home', 'from Shanghai']);
});

test('the counters of a region are its own', async () => {
  await fc.invoke(ELSEWHERE, 'PROD', 'hello', Buffer.from('{}'));
  const requests = async (place: string) => {
    const { versions } = await fc.readRing(place, 'hello', 'PROD', 0);
    return versions.reduce((sum, { totals }) => sum + totals.requests, 0);
  };
  expect(await requests(ELSEWHERE)).toBe(2);
  expect(await requests('shop')).toBe(1);
});

test('a region that is not configured is as if it were away, and the error names the mend', async () => {
  const refused = await fc.getAlias('eu-nowhere/shop', 'PROD').catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(FcError);
  expect(refused).toMatchObject({
    isUnreachable: true,
    message: expect.stringContaining('SLUICE_REGIONS') as string,
  });
});
