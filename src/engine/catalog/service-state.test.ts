import { describe, expect, test } from 'vitest';
import { functionConfig } from './function-config.ts';
import type { AliasRecord, FunctionRecord, ServiceRecord, VersionRecord } from './records.ts';
import { serviceConfig } from './service-config.ts';
import { buildState, deploymentOf, targetOf, type ServiceParts, type ServiceState } from './service-state.ts';

const STAMP = { etag: '1', createdAt: 0, modifiedAt: 0 };
const SERVICE: ServiceRecord = { id: 's', name: 'demo', config: serviceConfig({}, {}), ...STAMP };

function fn(name: string, code: string, description = ''): FunctionRecord {
  const config = functionConfig({ runtime: 'nodejs12', handler: 'index.handler' }, { description });
  return {
    id: `id-${name}`,
    name,
    config,
    code: { sha256: code, sizeBytes: 1, checksum: `crc-${code}` },
    layers: [],
    ...STAMP,
  };
}

function version(versionId: string, ...functions: FunctionRecord[]): VersionRecord {
  return { versionId, description: '', service: SERVICE, functions, ...STAMP };
}

function parts(
  functions: FunctionRecord[],
  versions: VersionRecord[] = [],
  aliases: AliasRecord[] = [],
): ServiceParts {
  return {
    generation: '1',
    nextVersion: versions.length + 1,
    service: SERVICE,
    functions: new Map(functions.map((record) => [record.name, record])),
    versions: new Map(versions.map((record) => [record.versionId, record])),
    aliases: new Map(aliases.map((record) => [record.name, record])),
    triggers: new Map(),
    attachments: new Map(),
  };
}

const build = (given: ServiceParts, before?: ServiceState): ServiceState =>
  buildState(given, before, (sha256) => `/code/${sha256}`);
const half = (): number => 0.5;

describe('what a qualifier names', () => {
  const alias = (weight: Record<string, number>): AliasRecord => ({
    name: 'PROD',
    config: { description: '', versionId: '1', additionalVersionWeight: weight },
    ...STAMP,
  });
  const state = build(
    parts(
      [fn('hello', 'c3')],
      [version('1', fn('hello', 'c1')), version('2', fn('hello', 'c2'))],
      [alias({ '2': 0.6 })],
    ),
  );

  test('LATEST is what can be changed, a version what was frozen', () => {
    expect(targetOf(state, 'LATEST', 'hello', half).revision).toMatchObject({
      versionId: '',
      codeFolder: '/code/c3',
    });
    expect(targetOf(state, '1', 'hello', half).revision).toMatchObject({
      versionId: '1',
      codeFolder: '/code/c1',
    });
    expect(targetOf(state, 'LATEST', 'hello', half).version).toBe('LATEST');
  });

  test('an alias draws between its versions for calls, and is its main version for reads', () => {
    expect(targetOf(state, 'PROD', 'hello', half).version).toBe('2');
    expect(targetOf(state, 'PROD', 'hello', () => 0.61).version).toBe('1');
    expect(deploymentOf(state, 'PROD').version).toBe('1');
  });

  test('what is missing is named as what it would be', () => {
    expect(() => targetOf(state, '9', 'hello', half)).toThrow("version '9' of service 'demo' does not exist");
    expect(() => targetOf(state, 'BETA', 'hello', half)).toThrow(
      "alias 'BETA' of service 'demo' does not exist",
    );
    expect(() => targetOf(state, 'PROD', 'bye', half)).toThrow(
      "function 'bye' of service 'demo' does not exist",
    );
  });
});

describe('instances and counters survive what does not concern them', () => {
  const first = build(parts([fn('a', 'c1'), fn('b', 'c1')]));
  const target = (state: ServiceState, name: string) => state.latest.targets.get(name);
  // Both are called before anything is written.
  for (const name of ['a', 'b']) target(first, name);

  test('another function keeps its target', () => {
    const next = build(parts([fn('a', 'c2'), fn('b', 'c1')]), first);
    expect(target(next, 'b')).toBe(target(first, 'b'));
    expect(target(next, 'a')?.revision.key).not.toBe(target(first, 'a')?.revision.key);
    expect(target(next, 'a')?.series).toBe(target(first, 'a')?.series);
  });

  test('a new description is no new revision — it must not cost a cold start', () => {
    const next = build(parts([fn('a', 'c1', 'better words'), fn('b', 'c1')]), first);
    expect(target(next, 'a')).toBe(target(first, 'a'));
  });

  test('a version has revisions of its own, although the code is the same', () => {
    const published = build(parts([fn('a', 'c1')], [version('1', fn('a', 'c1'))]), first);
    expect(published.deployments.get('1')?.targets.get('a')?.revision.key).not.toBe(
      target(published, 'a')?.revision.key,
    );
  });
});
