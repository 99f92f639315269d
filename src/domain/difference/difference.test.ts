import { describe, expect, test } from 'vitest';
import { FUNCTION_CONFIG } from '../../../test/support/function-config.ts';
import { bounded } from './bounded.ts';
import { serviceDifference, type ComparedFunction, type ComparedState } from './difference.ts';
import { differenceLines } from './lines.ts';
import { memberChanges } from './members.ts';

type Config = ComparedFunction['config'];

const SETTINGS = { description: '', internetAccess: true, role: '' };

function one(name: string, change: Partial<Config> = {}, checksum = '1'): ComparedFunction {
  const code = { digest: `sha256:${checksum.padEnd(64, '0')}`, bytes: 2048, files: 3 };
  return { name, config: { ...FUNCTION_CONFIG, ...change }, code, checksum };
}
const state = (...functions: ComparedFunction[]): ComparedState => ({ settings: SETTINGS, functions });
const live = (...functions: ComparedFunction[]) => ({ ...state(...functions), version: '3' });

describe('a difference', () => {
  test('is new where nothing is live, and says what each function would be', () => {
    const difference = serviceDifference('shop', null, state(one('greet')));
    expect(difference).toMatchObject({ change: 'new', live: null, functions: [{ change: 'new' }] });
    expect(differenceLines([difference])).toEqual([
      'shop: new (nothing is live behind the alias)',
      '  greet: new, 3 files, 2.0 KB (sha256 100000000000)',
    ]);
  });

  test('says of an image that it is one — it has no files to count', () => {
    const image = { ...one('box'), code: { digest: `sha256:${'ab'.repeat(32)}`, bytes: 0, files: null } };
    expect(differenceLines([serviceDifference('shop', null, state(image))])).toContain(
      '  box: new, an image (sha256 abababababab)',
    );
  });

  test('is unchanged only where settings and code of all functions are', () => {
    expect(serviceDifference('shop', live(one('greet')), state(one('greet'))).change).toBe('unchanged');
    expect(serviceDifference('shop', live(one('greet')), state(one('greet', {}, '2'))).change).toBe(
      'changed',
    );
    const role = { ...state(one('greet')), settings: { ...SETTINGS, role: 'acs:ram::1:role/x' } };
    const difference = serviceDifference('shop', live(one('greet')), role);
    expect(difference).toMatchObject({ change: 'changed', functions: [{ change: 'unchanged' }] });
    expect(differenceLines([difference])).toContain('  role: "" → "acs:ram::1:role/x"');
  });

  test('names functions that the manifest left out as staying — a deploy deletes nothing', () => {
    const difference = serviceDifference('shop', live(one('greet'), one('old')), state(one('greet')));
    expect(difference).toMatchObject({ change: 'unchanged', kept: ['old'] });
    expect(differenceLines([difference]).at(-1)).toContain('old: stays');
  });

  test('never holds a variable’s value — that is where secrets stand', () => {
    const from: Config = {
      ...FUNCTION_CONFIG,
      environmentVariables: { A: 'secret-1', GONE: 'secret-2', SAME: 'secret-3' },
    };
    const to: Config = {
      ...FUNCTION_CONFIG,
      environmentVariables: { A: 'secret-4', SAME: 'secret-3', constructor: 'secret-5' },
    };
    const changes = memberChanges(from, to);
    expect(changes.map(({ member, change }) => `${member} ${change}`)).toEqual([
      'environmentVariables.A changed',
      'environmentVariables.GONE removed',
      'environmentVariables.constructor added',
    ]);
    expect(JSON.stringify(changes)).not.toContain('secret');
  });

  test('takes the time limit of an initializer that is not there for nothing', () => {
    expect(memberChanges(FUNCTION_CONFIG, { ...FUNCTION_CONFIG, initializationTimeout: 9 })).toEqual([]);
    const withOne = { ...FUNCTION_CONFIG, initializer: 'index.start' };
    expect(memberChanges(withOne, { ...withOne, initializationTimeout: 9 })).toHaveLength(1);
  });

  test('tells the members of a setting that has several, lists as JSON', () => {
    const server = (command: string[]): Config => ({
      ...FUNCTION_CONFIG,
      caPort: 9_000,
      customRuntimeConfig: { command, args: [] },
    });
    expect(memberChanges(server([]), server([]))).toEqual([]);
    expect(memberChanges(server([]), server(['node', 'x.js']))).toEqual([
      {
        member: 'customRuntimeConfig.command',
        change: 'changed',
        from: '[]',
        to: '["node","x.js"]',
        hidden: false,
      },
    ]);
  });

  test('is bounded, tells changes before what is unchanged, and says how much it left out', () => {
    const names = Array.from({ length: 60 }, (_, i) => `f${String(i).padStart(2, '0')}`);
    const difference = serviceDifference(
      'shop',
      live(...names.map((name) => one(name))),
      state(...names.map((name, i) => (i < 55 ? one(name) : one(name, { memorySize: 256 })))),
    );
    const small = bounded(difference, 20);
    expect(small.functions.filter(({ change }) => change === 'changed')).toHaveLength(5);
    expect(small.functions).toHaveLength(15);
    expect(small.leftOut).toBe(45);
    expect(differenceLines([small]).at(-1)).toBe('  … and 45 more lines');
    expect(bounded(difference).leftOut).toBe(0);
  });
});
