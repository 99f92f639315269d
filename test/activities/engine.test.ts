/** The FC side of a release against the real engine: the client, deploy and publish across crashes, moves of aliases. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PRODUCTION } from '../support/production.ts';
import type { AliasMove, PackagedService } from '../../src/activities/contract.ts';
import type { Parts } from '../../src/activities/index.ts';
import { DEFAULT_JUDGE_SETTINGS } from '../../src/domain/analysis/settings.ts';
import { differenceLines } from '../../src/domain/difference/lines.ts';
import { alone, graySplit } from '../../src/domain/release/split.ts';
import type { FcClient } from '../../src/fc/client.ts';
import { findAliasState } from '../../src/store/alias-states.ts';
import { addOverride } from '../../src/store/overrides.ts';
import { changeProject } from '../../src/store/projects.ts';
import { manifest, runActivity, startActivityWorld, type ActivityWorld } from './activity-world.ts';
import { type TestEngine, fcClientFor, startTestEngine } from '../support/test-engine.ts';

let engine: TestEngine;
let fc: FcClient;
let world: ActivityWorld;
let parts: Parts;

beforeAll(async () => {
  engine = await startTestEngine();
  fc = engine.fc;
  world = await startActivityWorld(fc);
  parts = world.parts();
}, 90_000);
afterAll(async () => {
  await world?.close();
  await engine?.close();
}, 30_000);

const handler = (tag: string): string => `exports.handler = async () => '${tag}';\n`;

/** A release that is packaged, of a service of its own or of one that exists. */
async function packaged(
  service: string,
  tag: string,
  isFirst = true,
): Promise<{ releaseId: string; service: PackagedService }> {
  const files = { 's.yml': manifest(service), 'code/index.js': handler(tag) };
  const { releaseId } = isFirst ? await world.release(service, files) : await world.push(service, files);
  const { services } = await runActivity(parts, 'packageRelease', { releaseId });
  const [only] = services;
  if (!only) throw new Error('nothing was packaged');
  return { releaseId, service: only };
}

async function released(service: string, tag: string, isFirst = true) {
  const one = await packaged(service, tag, isFirst);
  await runActivity(parts, 'deployService', one);
  const { version } = await runActivity(parts, 'publishService', one);
  return { ...one, version };
}

async function answerOf(service: string, qualifier: string): Promise<string> {
  return (await fc.invoke(service, qualifier, 'hello', Buffer.from('{}'))).body.toString();
}

describe('client', () => {
  test('says what is missing as null, and what is refused by status and code', async () => {
    expect(await fc.getService('none')).toBeNull();
    expect(await fc.getAlias('none', 'PROD')).toBeNull();
    await expect(fc.listFunctions('none')).rejects.toMatchObject({
      name: 'FcError',
      status: 404,
      code: 'ServiceNotFound',
      isMissing: true,
    });
  });

  test('says an engine that is not there as unreachable', async () => {
    await expect(fcClientFor('http://127.0.0.1:1').getService('x')).rejects.toMatchObject({
      status: 0,
      isUnreachable: true,
    });
  });

  test('moves an alias only from the state that was read', async () => {
    await released('etag', 'v1');
    const { value, etag } = await fc.createAlias('etag', 'PROD', {
      versionId: '1',
      additionalVersionWeight: {},
    });
    expect(value).toMatchObject({ versionId: '1', additionalVersionWeight: {} });
    await fc.updateAlias('etag', 'PROD', { versionId: '1', additionalVersionWeight: {} }, etag);
    await expect(
      fc.updateAlias('etag', 'PROD', { versionId: '1', additionalVersionWeight: {} }, etag),
    ).rejects.toMatchObject({ status: 412, isConflict: true });
  });

  test('hands back the code that was deployed, and the counters of a qualifier', async () => {
    const { version, service } = await released('code', 'v1');
    const code = await fc.getFunctionCode('code', 'hello', version);
    expect(service.functions[0]?.artifact).toHaveLength(64);
    expect(code.subarray(0, 2).toString()).toBe('PK');
    expect(await answerOf('code', version)).toBe('v1');
    const ring = await fc.readRing('code', 'hello', version, Date.now() - 60_000);
    expect(ring.versions).toMatchObject([{ version, totals: { requests: 1, failures: 0 } }]);
  });

  test('counts probes apart, whatever they call — users’ counts stay what users did', async () => {
    const { version } = await released('probed', 'v1');
    await fc.createAlias('probed', 'PROD', { versionId: version, additionalVersionWeight: {} });
    const before = (await fc.readRing('probed', 'hello', version, 0)).versions;
    await fc.probe('probed', version, 'hello', Buffer.from('{}'));
    await fc.probe('probed', 'PROD', 'hello', Buffer.from('{}'));
    const ring = await fc.readRing('probed', 'hello', version, 0, { probes: true });
    expect(ring.versions).toEqual(before);
    expect(ring.probes).toMatchObject([{ version, totals: { requests: 2, failures: 0 } }]);
    expect((await fc.readRing('probed', 'hello', 'PROD', 0)).versions).toEqual([]);
    // Who does not ask gets the answer of before.
    expect(await fc.readRing('probed', 'hello', version, 0)).not.toHaveProperty('probes');
  });

  test('tells a function’s own error from success', async () => {
    const { releaseId } = await world.release('throws', {
      's.yml': manifest('throws'),
      'code/index.js': "exports.handler = async () => { throw new Error('no price'); };\n",
    });
    const { services } = await runActivity(parts, 'packageRelease', { releaseId });
    const [service] = services;
    if (!service) throw new Error('nothing was packaged');
    await runActivity(parts, 'deployService', { releaseId, service });
    const { version } = await runActivity(parts, 'publishService', { releaseId, service });
    const failed = await fc.invoke('throws', version, 'hello', Buffer.from('{}'));
    expect(failed.errorType).not.toBeNull();
    expect(failed.body.toString()).toContain('no price');
    // The same seen by the verify stage: three tries, then the function's own words.
    await expect(
      runActivity(parts, 'smoke', { releaseId, service: 'throws', function: 'hello', version }),
    ).rejects.toMatchObject({ type: 'VerifyFailed', message: expect.stringContaining('no price') });
  });

  test('a smoke call that FC denies says nothing of the version — a clock that jumps or a rotated key is mended, and it is called again', async () => {
    const { releaseId, version } = await released('denied', 'v1');
    await expect(
      runActivity({ ...parts, slowFc: fcClientFor(engine.process.url, 'another secret') }, 'smoke', {
        releaseId,
        service: 'denied',
        function: 'hello',
        version,
      }),
    ).rejects.toMatchObject({ type: 'EngineDenied' });
  });
});

describe('deploy and publish', () => {
  test('writes only what differs: a repeated call changes nothing', async () => {
    const one = await packaged('again', 'v1');
    const first = await runActivity(parts, 'deployService', one);
    expect(first.summary).toBe('again: service created, hello created');
    expect((await runActivity(parts, 'deployService', one)).summary).toBe('again: as it was');
  });

  test('publishes one version, also when the worker died between publishing and writing it down', async () => {
    const one = await released('crash', 'v1');
    await world.store.db.deleteFrom('publications').where('release_id', '=', one.releaseId).execute();
    const found = await runActivity(parts, 'publishService', one);
    expect(found.version).toBe(one.version);
    expect(await fc.listVersions('crash', 10)).toHaveLength(1);
  });

  test('uses the newest version again where the code equals it — FC refuses to publish that twice', async () => {
    const one = await released('equal', 'v1');
    const again = await released('equal', 'v1', false);
    expect(again.version).toBe(one.version);
    expect(await fc.listVersions('equal', 10)).toHaveLength(1);
  });

  test('sees an unchanged commit by comparing with what is live', async () => {
    const one = await released('same', 'v1');
    const before = await runActivity(parts, 'compareWithLive', {
      releaseId: one.releaseId,
      services: [one.service],
    });
    expect(before).toMatchObject([{ service: 'same', before: null, stable: null, unchanged: false }]);
    await fc.createAlias('same', 'PROD', { versionId: '1', additionalVersionWeight: {} });
    const again = await packaged('same', 'v1', false);
    const compared = await runActivity(parts, 'compareWithLive', {
      releaseId: again.releaseId,
      services: [again.service],
    });
    expect(compared).toMatchObject([
      {
        service: 'same',
        before: alone('1'),
        stable: '1',
        unchanged: true,
        difference: { change: 'unchanged', live: '1' },
      },
    ]);
  });

  test('sets the hooks that the manifest names, sees no change in them, and removes what it names no more', async () => {
    const hooks = '        instanceLifecycleConfig: {preStop: {handler: index.stop, timeout: 9}}\n';
    const files = (more: string) => ({ 's.yml': manifest('hooked', more), 'code/index.js': handler('v1') });
    const packagedOf = async (releaseId: string) => {
      const { services } = await runActivity(parts, 'packageRelease', { releaseId });
      const [service] = services;
      if (!service) throw new Error('nothing was packaged');
      return { releaseId, service };
    };
    const liveHooks = async () => (await fc.listFunctions('hooked'))[0]?.instanceLifecycleConfig;
    const none = { handler: '', timeout: 3 };
    const one = await packagedOf((await world.release('hooked', files(hooks))).releaseId);
    await runActivity(parts, 'deployService', one);
    await runActivity(parts, 'publishService', one);
    await fc.createAlias('hooked', 'PROD', { versionId: '1', additionalVersionWeight: {} });
    expect(await liveHooks()).toEqual({ preFreeze: none, preStop: { handler: 'index.stop', timeout: 9 } });
    const again = await packagedOf((await world.push('hooked', files(hooks))).releaseId);
    const compare = ({ releaseId, service }: typeof one) =>
      runActivity(parts, 'compareWithLive', { releaseId, services: [service] });
    expect(await compare(again)).toMatchObject([{ unchanged: true }]);
    const without = await packagedOf((await world.push('hooked', files(''))).releaseId);
    const [compared] = await compare(without);
    expect(compared?.difference?.functions[0]?.settings).toEqual([
      expect.objectContaining({
        member: 'instanceLifecycleConfig.preStop.handler',
        from: 'index.stop',
        to: '',
      }),
      expect.objectContaining({ member: 'instanceLifecycleConfig.preStop.timeout', from: 9, to: 3 }),
    ]);
    await runActivity(parts, 'deployService', without);
    expect(await liveHooks()).toEqual({ preFreeze: none, preStop: none });
  });

  test('sets the health check of a server of its own, sees no change in it, and removes what the manifest names no more', async () => {
    const check = '        customHealthCheckConfig: {httpGetUrl: /well, failureThreshold: 9}\n';
    const files = (more: string) => ({
      's.yml': manifest('well', more).replace('runtime: nodejs20', 'runtime: custom'),
      'code/bootstrap': '#!/bin/sh\n',
    });
    const packagedOf = async (releaseId: string) => {
      const { services } = await runActivity(parts, 'packageRelease', { releaseId });
      const [service] = services;
      if (!service) throw new Error('nothing was packaged');
      return { releaseId, service };
    };
    const deploy = async (of: Awaited<ReturnType<typeof packagedOf>>) =>
      (await runActivity(parts, 'deployService', of)).summary;
    const live = async () => (await fc.listFunctions('well'))[0]?.customHealthCheckConfig;
    await deploy(await packagedOf((await world.release('well', files(check))).releaseId));
    expect(await live()).toMatchObject({ httpGetUrl: '/well', failureThreshold: 9, periodSeconds: 3 });
    const again = await packagedOf((await world.push('well', files(check))).releaseId);
    expect(await deploy(again)).toBe('well: as it was');
    await deploy(await packagedOf((await world.push('well', files(''))).releaseId));
    expect(await live()).toMatchObject({ httpGetUrl: '', failureThreshold: 3 });
  });

  test('says what differs from the live version, function by function — and no value of a variable', async () => {
    const first = await world.release('differs', {
      's.yml': manifest('differs', "        environmentVariables: {TOKEN: 'old-value', KEPT: same}\n"),
      'code/index.js': handler('v1'),
    });
    const deploy = async (releaseId: string) => {
      const { services } = await runActivity(parts, 'packageRelease', { releaseId });
      const [service] = services;
      if (!service) throw new Error('nothing was packaged');
      return { releaseId, service };
    };
    const old = await deploy(first.releaseId);
    const [fresh] = await runActivity(parts, 'compareWithLive', {
      releaseId: old.releaseId,
      services: [old.service],
    });
    expect(fresh?.difference).toMatchObject({
      change: 'new',
      live: null,
      functions: [{ name: 'hello', change: 'new', code: { from: null, to: { files: 1 } } }],
    });
    await runActivity(parts, 'deployService', old);
    await runActivity(parts, 'publishService', old);
    await fc.createAlias('differs', 'PROD', { versionId: '1', additionalVersionWeight: {} });
    const next = await deploy(
      (
        await world.push('differs', {
          's.yml': manifest(
            'differs',
            "        memorySize: 256\n        environmentVariables: {TOKEN: 'new-value', KEPT: same, MORE: 'x'}\n",
          ),
          'code/index.js': handler('v2'),
          'code/prices.js': 'exports.prices = [];\n',
        })
      ).releaseId,
    );
    const [compared] = await runActivity(parts, 'compareWithLive', {
      releaseId: next.releaseId,
      services: [next.service],
    });
    const lines = differenceLines(compared?.difference ? [compared.difference] : []);
    expect(lines[0]).toBe('differs: changed (version 1 is live)');
    expect(lines[1]).toBe('  hello: changed');
    expect(lines[2]).toMatch(/^ {4}code: 1 file, .* → 2 files, .*\(sha256 /);
    expect(lines.slice(3)).toEqual([
      '    memorySize: 128 → 256',
      '    environmentVariables.MORE: added (values are not shown)',
      '    environmentVariables.TOKEN: changed (values are not shown)',
    ]);
    expect(JSON.stringify(compared)).not.toMatch(/old-value|new-value/);
  });
});

describe('variables of the environment', () => {
  /** A release of a function that answers with a variable, and what sets that. */
  async function withTable(project: string) {
    const { releaseId } = await world.release(project, {
      's.yml': manifest(project, '        environmentVariables: {TABLE: "${env(TABLE)}"}\n'),
      'code/index.js': 'exports.handler = async () => process.env.TABLE;\n',
    });
    const set = async (TABLE: string) => {
      await changeProject(world.store.db, project, {
        environments: [{ ...PRODUCTION, variables: { TABLE } }],
      });
    };
    return { releaseId, set };
  }

  test('stand for ${env(NAME)} in the manifest, and those that were packaged are deployed or nothing is', async () => {
    const { releaseId, set } = await withTable('tables');
    await expect(runActivity(parts, 'prepareSource', { releaseId })).rejects.toMatchObject({
      message: expect.stringMatching(
        /^s\.yml:15:\d+: .*TABLE: the environment has no variable TABLE; .*sluice variables/,
      ),
    });
    await set('prices');
    const { services } = await runActivity(parts, 'packageRelease', { releaseId });
    const [service] = services;
    if (!service) throw new Error('nothing was packaged');
    await set('others');
    await expect(runActivity(parts, 'deployService', { releaseId, service })).rejects.toMatchObject({
      type: 'Invalid',
      message: expect.stringContaining("somebody changed the environment's variables"),
    });
    await set('prices');
    await runActivity(parts, 'deployService', { releaseId, service });
    expect(await answerOf('tables', 'LATEST')).toBe('prices');
  });

  test('are those of the version that an earlier try published, or the release is not tried again with it', async () => {
    const { releaseId, set } = await withTable('retables');
    await set('prices');
    await runActivity(parts, 'packageRelease', { releaseId });
    const tryAgain = async () => {
      const [service] = (await runActivity(parts, 'keptPackages', { releaseId }))?.services ?? [];
      if (!service) throw new Error('nothing was kept');
      await runActivity(parts, 'deployService', { releaseId, service });
      return (await runActivity(parts, 'publishService', { releaseId, service })).version;
    };
    expect(await tryAgain()).toBe('1');
    await set('others');
    await expect(tryAgain()).rejects.toMatchObject({
      type: 'Invalid',
      message: expect.stringContaining(
        'version 1 of retables, which an earlier try published, has other settings',
      ),
    });
    await set('prices');
    expect(await tryAgain()).toBe('1');
    expect(await answerOf('retables', '1')).toBe('prices');
  });
});

describe('rollback of LATEST', () => {
  test('puts the stable version’s code back, so that the next publish does not carry the rejected one', async () => {
    const stable = await released('latest', 'good');
    const canary = await released('latest', 'bad', false);
    expect(await answerOf('latest', 'LATEST')).toBe('bad');
    const restore = {
      holder: canary.releaseId,
      service: 'latest',
      functions: ['hello'],
      stable: stable.version,
      canary: canary.version,
    };
    await runActivity(parts, 'restoreLatest', restore);
    expect(await answerOf('latest', 'LATEST')).toBe('good');
    // Somebody deployed meanwhile: that is not the release's to undo.
    await released('latest', 'third', false);
    await runActivity(parts, 'restoreLatest', restore);
    expect(await answerOf('latest', 'LATEST')).toBe('third');
  });

  test('works where the artifact is not here — FC has the code too', async () => {
    const stable = await released('elsewhere', 'good');
    const canary = await released('elsewhere', 'bad', false);
    await runActivity(world.parts(), 'restoreLatest', {
      holder: canary.releaseId,
      service: 'elsewhere',
      functions: ['hello'],
      stable: stable.version,
      canary: canary.version,
    });
    expect(await answerOf('elsewhere', 'LATEST')).toBe('good');
  });
});

describe('moves of an alias', () => {
  async function begun(service: string): Promise<AliasMove> {
    const stable = await released(service, 'v1');
    const canary = await released(service, 'v2', false);
    await fc.createAlias(service, 'PROD', { versionId: stable.version, additionalVersionWeight: {} });
    return {
      releaseId: canary.releaseId,
      project: service,
      environment: 'production',
      service,
      alias: 'PROD',
      stable: stable.version,
      canary: canary.version,
      weight: 0.05,
      expected: [alone(stable.version)],
      sinceMs: Date.now() - 1_000,
    };
  }
  const present = async (service: string) => (await fc.getAlias(service, 'PROD'))?.value;

  test('set the weight, are repeatable, and keep the table in step', async () => {
    const move = await begun('moves');
    await runActivity(parts, 'moveAlias', move);
    await runActivity(parts, 'moveAlias', move);
    expect(await present('moves')).toMatchObject({ versionId: '1', additionalVersionWeight: { '2': 0.05 } });
    expect(await findAliasState(world.store.db, 'moves', 'PROD')).toMatchObject({
      stable: '1',
      canary: '2',
      weight: 0.05,
    });
    await runActivity(parts, 'moveAlias', { ...move, weight: 1, expected: [graySplit('1', '2', 0.05)] });
    expect(await present('moves')).toMatchObject({ versionId: '2', additionalVersionWeight: {} });
    expect(await findAliasState(world.store.db, 'moves', 'PROD')).toMatchObject({
      stable: '2',
      canary: null,
    });
  });

  test('create the alias of a first release', async () => {
    const { releaseId, version } = await released('created', 'v1');
    await runActivity(parts, 'moveAlias', {
      releaseId,
      project: 'created',
      environment: 'production',
      service: 'created',
      alias: 'PROD',
      stable: null,
      canary: version,
      weight: 1,
      expected: [null],
      sinceMs: 0,
    });
    expect(await answerOf('created', 'PROD')).toBe('v1');
  });

  test('never overwrite what somebody else set, and say both values', async () => {
    const move = await begun('outside');
    const alias = await fc.getAlias('outside', 'PROD');
    await fc.updateAlias(
      'outside',
      'PROD',
      { versionId: '1', additionalVersionWeight: { '2': 0.8 } },
      alias?.etag ?? '',
    );
    await expect(runActivity(parts, 'moveAlias', move)).rejects.toMatchObject({
      type: 'ChangedOutside',
      nonRetryable: true,
      details: [{ expected: 'version 1 alone', found: 'version 1, 80 % to version 2' }],
    });
    expect(await present('outside')).toMatchObject({ additionalVersionWeight: { '2': 0.8 } });
  });

  test('to a version that was deleted change nothing, and name the newest one before it', async () => {
    const move = await begun('deleted');
    const back = { ...move, stable: '99', weight: 0 };
    await expect(runActivity(parts, 'moveAlias', back)).rejects.toMatchObject({
      type: 'VersionGone',
      nonRetryable: true,
      details: [{ version: '99', older: '1' }],
    });
    expect(await present('deleted')).toMatchObject({ versionId: '1' });
  });

  test('yield to a person’s recorded override', async () => {
    const move = { ...(await begun('override')), expected: [graySplit('1', '2', 0.25)], weight: 0.5 };
    await addOverride(world.store.db, {
      project: 'override',
      environment: 'production',
      service: 'override',
      alias: 'PROD',
      from: {},
      toVersion: '1',
      actor: 'op',
      comment: 'pager',
    });
    await expect(runActivity(parts, 'moveAlias', move)).rejects.toMatchObject({
      type: 'Overridden',
      details: [{ actor: 'op', comment: 'pager', version: '1' }],
    });
  });

  test('end the watch when a person makes them — the release must not wait for its next step to learn of it', async () => {
    const { releaseId, service, stable, canary, ...move } = await begun('watched');
    const id = releaseId ?? '';
    const began = Date.now() - 1_000;
    await runActivity(parts, 'record', {
      releaseId: id,
      events: [{ seq: 0, at: began, event: { type: 'started' } }],
    });
    const watched = runActivity(parts, 'watch', {
      releaseId: id,
      alias: move.alias,
      services: [{ service, functions: ['hello'], stable: stable ?? '', canary }],
      analysis: { intervalMs: 100, errors: DEFAULT_JUDGE_SETTINGS, latency: null },
    });
    await addOverride(world.store.db, {
      project: service,
      environment: 'production',
      service,
      alias: 'PROD',
      from: {},
      toVersion: '1',
      actor: 'op',
      comment: 'pager',
    });
    await expect(watched).rejects.toMatchObject({
      type: 'Overridden',
      nonRetryable: true,
      details: [{ actor: 'op', comment: 'pager', version: '1' }],
    });
  });

  test('back to any version that exists, and to no other', async () => {
    const move = await begun('person');
    await runActivity(parts, 'moveAlias', move);
    const ask = {
      project: 'person',
      environment: 'production',
      service: 'person',
      actor: 'op',
      comment: 'pager',
      afterOverride: 0,
    };
    await expect(runActivity(parts, 'rollBackTo', { ...ask, version: '9' })).rejects.toMatchObject({
      type: 'Invalid',
      message: expect.stringContaining('no version 9'),
    });
    expect(await runActivity(parts, 'rollBackTo', { ...ask, version: '1' })).toEqual({
      functions: ['hello'],
      alias: 'PROD',
      left: '2',
    });
    expect(await present('person')).toMatchObject({ versionId: '1', additionalVersionWeight: {} });
    // Carried out late: somebody decided otherwise after this was asked for, and that stands. Its own trace does not
    // stop a repetition.
    await expect(runActivity(parts, 'rollBackTo', { ...ask, version: '2' })).rejects.toMatchObject({
      type: 'Overridden',
      details: [{ actor: 'op', version: '1' }],
    });
    expect(await runActivity(parts, 'rollBackTo', { ...ask, version: '1' })).toEqual({
      functions: ['hello'],
      alias: 'PROD',
      left: null,
    });
    expect(await present('person')).toMatchObject({ versionId: '1' });
    // Harm of the bake time is Sluice's to take back only where its own version still stands alone.
    const baked = { ...ask, version: '2', afterOverride: Number.MAX_SAFE_INTEGER, isBake: true, left: '3' };
    await expect(runActivity(parts, 'rollBackTo', baked)).rejects.toMatchObject({ type: 'ChangedOutside' });
    expect(await present('person')).toMatchObject({ versionId: '1' });
    await runActivity(parts, 'rollBackTo', { ...baked, left: '1' });
    expect(await present('person')).toMatchObject({ versionId: '2' });
  });

  test('are worth repeating when the engine does not answer', async () => {
    const away = { ...parts, fc: fcClientFor('http://127.0.0.1:1') };
    const move = { ...(await begun('away')), weight: 0.25 };
    const failure: unknown = await runActivity(away, 'moveAlias', move).catch((error: unknown) => error);
    expect(failure).toMatchObject({ type: 'EngineUnreachable', nonRetryable: false });
  });
});
