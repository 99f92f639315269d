/** Hooks of a plan on real parts: the build sandbox, and functions in the engine by their new version. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HookCall } from '../../src/activities/contract.ts';
import type { Parts } from '../../src/activities/index.ts';
import { listLogLines } from '../../src/store/logs.ts';
import {
  manifest,
  quietEnvironment,
  runActivity,
  startActivityWorld,
  type ActivityWorld,
} from './activity-world.ts';
import { type TestEngine, fcClientFor, startTestEngine } from '../support/test-engine.ts';

let engine: TestEngine;
let world: ActivityWorld;
let parts: Parts;

beforeAll(async () => {
  engine = await startTestEngine();
  world = await startActivityWorld(engine.fc);
  parts = world.parts();
}, 90_000);
afterAll(async () => {
  await world?.close();
  await engine?.close();
}, 30_000);

const HANDLER = `exports.handler = async (event) => {
  const { say, fail } = JSON.parse(event.toString());
  console.log('warming up');
  if (fail) throw new Error('not ready');
  return { said: say };
};
`;

/** A release with the hooks before its only step; answers what a call of the first one begins with. */
async function release(name: string, hooks: string, files: Record<string, string> = {}): Promise<HookCall> {
  const { releaseId } = await world.release(name, {
    's.yml': manifest(name),
    'code/index.js': HANDLER,
    'sluice.yml': `version: 1
environments:
  production:
    steps:
      - weight: 5%
        hold: 1m
        hooks: {before: [${hooks}]}
`,
    ...files,
  });
  return { releaseId, attempt: 1, step: 0, when: 'before', index: 0, weight: 0, versions: [] };
}

describe('a command', () => {
  test('runs at the root of the repository, and is told the release, the step and one key for all its tries', async () => {
    const call = await release('told', '{name: tell, run: sh tell.sh}', {
      'tell.sh':
        'echo "$SLUICE_RELEASE $SLUICE_STEP $SLUICE_WEIGHT $SLUICE_IDEMPOTENCY_KEY"\necho "$SLUICE_PROJECT $SLUICE_ENVIRONMENT $SLUICE_ALIAS ${#SLUICE_COMMIT}"\n',
    });
    const done = await runActivity(parts, 'runHook', call);
    expect(done).toMatchObject({ ok: true, summary: expect.stringMatching(/^done in /) });
    const key = `${call.releaseId}/step-1/before/1`;
    expect(done.logTail).toContain(`${call.releaseId} 1 0 ${key}`);
    expect(done.logTail).toContain('told production PROD 40');
    expect((await runActivity(parts, 'runHook', call)).logTail).toContain(`${call.releaseId} 1 0 ${key}`);
    const lines = await listLogLines(world.store.db, call.releaseId, { afterId: 0, limit: 100 });
    expect(new Set(lines.map(({ stage }) => stage))).toEqual(new Set(['gray']));
  });

  test('that fails or takes too long is an answer with its last lines — the plan says what follows', async () => {
    const call = await release(
      'fails',
      "{name: exit, run: 'echo no; exit 3'}, {name: slow, run: 'echo slow; sleep 60', timeout: 1s}",
    );
    const failed = await runActivity(parts, 'runHook', call);
    expect(failed).toMatchObject({ ok: false, summary: 'exit code 3' });
    expect(failed.logTail).toContain('no');
    const late = await runActivity(parts, 'runHook', { ...call, index: 1 });
    expect(late).toMatchObject({ ok: false, summary: 'not done within 1s' });
    expect(late.logTail).toContain('slow');
  });

  test('ends with the release that is stopped', async () => {
    const call = await release('stopped', '{name: slow, run: sleep 60}');
    const environment = quietEnvironment();
    const running = runActivity(parts, 'runHook', call, environment);
    setTimeout(() => environment.cancel(), 500);
    await expect(running).rejects.toThrow();
  });
});

test('a secret in what a function answers is in no summary — it stands in an event', async () => {
  const call = await release(
    'secretive',
    `{name: warm, invoke: {function: hello, event: '{"fail": true}'}}`,
    {
      'code/index.js': "exports.handler = async () => { throw new Error('it is a-known-secret'); };\n",
    },
  );
  const { services } = await runActivity(parts, 'packageRelease', call);
  const [service] = services;
  if (!service) throw new Error('nothing was packaged');
  await runActivity(parts, 'deployService', { releaseId: call.releaseId, service });
  const { version } = await runActivity(parts, 'publishService', { releaseId: call.releaseId, service });
  const failed = await runActivity(parts, 'runHook', {
    ...call,
    versions: [{ service: 'secretive', version }],
  });
  expect(failed.ok).toBe(false);
  expect(failed.summary).toContain('it is ');
  expect(JSON.stringify(failed)).not.toContain('a-known-secret');
});

describe('a call', () => {
  test('reaches the new version by its number, whatever the alias says', async () => {
    const call = await release(
      'called',
      `{name: warm, invoke: {function: hello, event: '{"say": "{{release}} {{step}} {{idempotencyKey}} {{other}}"}'}}, {name: bad, invoke: {service: called, function: hello, event: '{"fail": true}'}}`,
    );
    const { services } = await runActivity(parts, 'packageRelease', call);
    const [service] = services;
    if (!service) throw new Error('nothing was packaged');
    await runActivity(parts, 'deployService', { releaseId: call.releaseId, service });
    const { version } = await runActivity(parts, 'publishService', { releaseId: call.releaseId, service });
    const now = { ...call, versions: [{ service: 'called', version }] };
    const done = await runActivity(parts, 'runHook', now);
    expect(done.ok).toBe(true);
    const { releaseId } = call;
    expect(done.logTail).toContain(
      `answer: {"said":"${releaseId} 1 ${releaseId}/step-1/before/1 {{other}}"}`,
    );
    const bad = await runActivity(parts, 'runHook', { ...now, index: 1 });
    expect(bad).toMatchObject({ ok: false, summary: expect.stringContaining('not ready') });
    await expect(runActivity(parts, 'runHook', { ...now, versions: [] })).rejects.toMatchObject({
      type: 'Invalid',
    });
    // An engine that is away is no failure of the hook.
    const away = { ...parts, slowFc: fcClientFor('http://127.0.0.1:1') };
    await expect(runActivity(away, 'runHook', now)).rejects.toMatchObject({
      type: 'EngineUnreachable',
      nonRetryable: false,
    });
  });
});
