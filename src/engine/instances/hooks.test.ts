/** The hooks of an instance (runtimes.md §13) at its edges; what they are in every language is in the conformance table. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ownFunctionRunner } from '../../../test/support/function-runner.ts';

const PATIENT = { timeout: 10_000 };
const NONE = { handler: '', timeoutMs: 3_000 };
const hooks = (timeoutMs = 3_000) => ({
  preFreeze: NONE,
  preStop: { handler: 'index.stop', timeoutMs },
});

const preFreeze = (timeoutMs = 3_000) => ({
  preFreeze: { handler: 'index.stop', timeoutMs },
  preStop: NONE,
});

const nodejs = (stop: string) =>
  `exports.handler = (event, context, callback) => { if (String(event) === 'exit') process.exit(1); callback(null, 'ok'); }; exports.stop = (context, callback) => { ${stop} };`;

function endsOf(title: string, lines: readonly string[]): string[] {
  return lines.filter((line) => line.startsWith(`FC ${title} End `));
}

/** Hooks that wait for a file: outside of a sandbox, where functions see it. */
function gated() {
  const functions = ownFunctionRunner({ freezeMs: 0 }, 'off');
  const go = join(functions.home, 'go');
  const wait = `const look = () => (require('fs').existsSync('${go}') ? callback() : setTimeout(look, 5)); look();`;
  return { functions, go, wait };
}

describe('preFreeze', () => {
  test('that takes too long is told, and the next call is served all the same', async () => {
    const functions = ownFunctionRunner({ freezeMs: 0 });
    const revision = functions.define(nodejs(''), { hooks: preFreeze(50) });
    await functions.invoke(revision);
    await expect
      .poll(() => endsOf('PreFreeze', functions.lines(revision)), PATIENT)
      .toEqual([expect.stringMatching(/, Error: Function timed out after 0\.05 seconds$/)]);
    expect(await functions.invoke(revision)).toMatchObject({ outcome: 'ok', coldStart: false });
  });

  test('that answers too late is not taken for the hook after it', async () => {
    const { functions, go, wait } = gated();
    const later = `${nodejs(wait)} exports.last = (context, callback) => { const look = () => (require('fs').existsSync('${go}') ? setTimeout(() => { console.log('bye'); callback(); }, 50) : setTimeout(look, 5)); look(); };`;
    const revision = functions.define(later, {
      hooks: { ...preFreeze(50), preStop: { handler: 'index.last', timeoutMs: 60_000 } },
    });
    await functions.invoke(revision);
    await expect.poll(() => endsOf('PreFreeze', functions.lines(revision)), PATIENT).toHaveLength(1);
    functions.runner.retire(revision.key);
    writeFileSync(go, '');
    await expect.poll(() => functions.runner.stats.instances, PATIENT).toBe(0);
    expect(functions.lines(revision).join('\n')).toMatch(/bye\nFC PreStop End RequestId: [0-9a-f-]{36}$/);
  });

  test('holds back a call that comes meanwhile, which then goes first — no second instance, no freeze', async () => {
    const { functions, go, wait } = gated();
    const revision = functions.define(nodejs(wait), { hooks: preFreeze(60_000) });
    const first = await functions.invoke(revision);
    await expect
      .poll(() => functions.lines(revision), PATIENT)
      .toContainEqual(expect.stringContaining('FC PreFreeze Start '));
    const second = functions.invoke(revision);
    expect(functions.runner.stats).toMatchObject({ instances: 1, busy: 1 });
    writeFileSync(go, '');
    expect(await second).toMatchObject({ coldStart: false, instanceId: first.instanceId });
    const starts = functions.lines(revision).flatMap((line) => /^FC (\w+) Start /.exec(line)?.[1] ?? []);
    expect(starts.slice(0, 3)).toEqual(['Invoke', 'PreFreeze', 'Invoke']);
  });

  test('is over before preStop when the instance is to go meanwhile', async () => {
    const { functions, go, wait } = gated();
    const both = { handler: 'index.stop', timeoutMs: 60_000 };
    const revision = functions.define(nodejs(wait), { hooks: { preFreeze: both, preStop: both } });
    await functions.invoke(revision);
    await expect
      .poll(() => functions.lines(revision), PATIENT)
      .toContainEqual(expect.stringContaining('FC PreFreeze Start '));
    functions.runner.retire(revision.key);
    writeFileSync(go, '');
    await expect.poll(() => functions.runner.stats.instances, PATIENT).toBe(0);
    const titles = functions.lines(revision).map((line) => /^FC (Pre\w+ \w+) /.exec(line)?.[1]);
    expect(titles.filter((title) => title !== undefined)).toEqual([
      'PreFreeze Start',
      'PreFreeze End',
      'PreStop Start',
      'PreStop End',
    ]);
  });
});

describe('preStop', () => {
  test('that fails or takes too long is told, and the instance goes all the same', async () => {
    const functions = ownFunctionRunner();
    const failing = functions.define(nodejs("throw new Error('no');"), { hooks: hooks() });
    const slow = functions.define(nodejs(''), { hooks: hooks(50) });
    for (const revision of [failing, slow]) {
      await functions.invoke(revision);
      functions.runner.retire(revision.key);
    }
    await expect.poll(() => functions.runner.stats.instances, PATIENT).toBe(0);
    expect(functions.lines(failing).at(-1)).toMatch(/^FC PreStop End .*, Error: Unhandled function error$/);
    expect(functions.lines(slow).at(-1)).toMatch(
      /^FC PreStop End .*, Error: Function timed out after 0\.05 seconds$/,
    );
  });

  test('wakes a frozen instance', async () => {
    const functions = ownFunctionRunner({ freezeMs: 0 });
    const revision = functions.define(nodejs("console.log('awake'); callback();"), { hooks: hooks() });
    await functions.invoke(revision);
    // Longer than the sweep that freezes.
    await new Promise((resolve) => {
      setTimeout(resolve, 400);
    });
    functions.runner.retire(revision.key);
    await expect.poll(() => functions.runner.stats.instances, PATIENT).toBe(0);
    expect(functions.lines(revision).join('\n')).toMatch(/awake\nFC PreStop End RequestId: [0-9a-f-]{36}$/);
  });

  test('does not run after a crash or a timeout', async () => {
    const functions = ownFunctionRunner();
    const crashing = functions.define(nodejs('callback();'), { hooks: hooks() });
    const late = functions.define('exports.handler = () => {}; exports.stop = (c, callback) => callback();', {
      hooks: hooks(),
      timeoutMs: 100,
      instanceConcurrency: 2,
    });
    await functions.invoke(crashing, { payload: Buffer.from('exit') });
    await functions.invoke(late);
    await expect.poll(() => functions.runner.stats.instances, PATIENT).toBe(0);
    for (const revision of [crashing, late])
      expect(functions.lines(revision).join('\n')).not.toContain('PreStop');
  });

  test('runs when the engine shuts down, within its grace', async () => {
    const functions = ownFunctionRunner();
    const revision = functions.define(nodejs("console.log('bye'); callback();"), { hooks: hooks() });
    await functions.invoke(revision);
    await functions.runner.close(2_000);
    expect(functions.lines(revision).join('\n')).toMatch(/bye\nFC PreStop End RequestId: [0-9a-f-]{36}$/);
  });
});
