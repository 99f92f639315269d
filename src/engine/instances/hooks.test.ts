/** The preStop hook (runtimes.md §13) in every language that has a shim: when it runs, and when it does not. */
import { afterEach, describe, expect, test } from 'vitest';
import { createFunctionRunner, type FunctionRunner } from '../../../test/support/function-runner.ts';
import type { Revision } from '../invoke/contract.ts';
import type { RunnerLimits } from '../invoke/runner.ts';
import { RuntimeRegistry } from '../runtimes/registry.ts';

const open: FunctionRunner[] = [];
afterEach(async () => {
  for (const functions of open.splice(0)) await functions.close();
});

function createFunctions(limits: Partial<RunnerLimits> = {}): FunctionRunner {
  const functions = createFunctionRunner(limits);
  open.push(functions);
  return functions;
}

const NONE = { handler: '', timeoutMs: 3_000 };
const hooks = (timeoutMs = 3_000) => ({
  preFreeze: NONE,
  preStop: { handler: 'index.stop', timeoutMs },
});

const linesOf = (functions: FunctionRunner, { service, function: name }: Revision) =>
  functions.runner.recentLog(service, name).map(({ message }) => message);

const nodejs = (stop: string) =>
  `exports.handler = (event, context, callback) => { if (String(event) === 'exit') process.exit(1); callback(null, 'ok'); }; exports.stop = (context, callback) => { ${stop} };`;

const LANGUAGES = {
  nodejs20: {
    'index.js': nodejs(
      "console.log('stopping ' + context.function.name + ' ' + (context.requestId.length > 0)); setTimeout(callback, 20);",
    ),
  },
  python3: {
    'index.py':
      "def handler(event, context):\n    return 'ok'\ndef stop(context):\n    print('stopping %s %s' % (context.function.name, len(context.request_id) > 0))\n",
  },
  'php7.2': {
    'index.php':
      "<?php\nfunction handler($event, $context) { return 'ok'; }\nfunction stop($context) { echo 'stopping ', $context['function']['name'], strlen($context['requestId']) > 0 ? ' true' : ' false', \"\\n\"; }\n",
  },
};
const registry = new RuntimeRegistry({ interpreters: {}, cache: '' });

describe.each(Object.entries(LANGUAGES))('%s', (runtime, files) => {
  test.skipIf(!registry.find(runtime).found)(
    'runs before an instance is removed, in brackets with an id of its own',
    async () => {
      const functions = createFunctions();
      const revision = functions.define(files, { runtime, hooks: hooks() });
      await functions.invoke(revision);
      functions.runner.retire(revision.key);
      await expect.poll(() => functions.runner.stats.instances).toBe(0);
      const lines = linesOf(functions, revision);
      const start = lines.findIndex((line) => line.startsWith('FC PreStop Start RequestId: '));
      const id = lines[start]?.slice('FC PreStop Start RequestId: '.length) ?? '';
      expect(id).toMatch(/^[0-9a-f-]{36}$/);
      const end = lines.indexOf(`FC PreStop End RequestId: ${id}`);
      const said = lines.slice(start + 1, end).map((line) => line.toLowerCase());
      expect(said).toContainEqual(expect.stringContaining(`stopping ${revision.function} true`));
    },
  );
});

describe('preStop', () => {
  test('that fails or takes too long is told, and the instance goes all the same', async () => {
    const functions = createFunctions();
    const failing = functions.define(nodejs("throw new Error('no');"), { hooks: hooks() });
    const slow = functions.define(nodejs(''), { hooks: hooks(50) });
    for (const revision of [failing, slow]) {
      await functions.invoke(revision);
      functions.runner.retire(revision.key);
    }
    await expect.poll(() => functions.runner.stats.instances).toBe(0);
    expect(linesOf(functions, failing).at(-1)).toMatch(
      /^FC PreStop End .*, Error: Unhandled function error$/,
    );
    expect(linesOf(functions, slow).at(-1)).toMatch(
      /^FC PreStop End .*, Error: Function timed out after 0\.05 seconds$/,
    );
  });

  test('wakes a frozen instance', async () => {
    const functions = createFunctions({ freezeMs: 0 });
    const revision = functions.define(nodejs("console.log('awake'); callback();"), { hooks: hooks() });
    await functions.invoke(revision);
    // Longer than the sweep that freezes.
    await new Promise((resolve) => {
      setTimeout(resolve, 400);
    });
    functions.runner.retire(revision.key);
    await expect.poll(() => functions.runner.stats.instances).toBe(0);
    expect(linesOf(functions, revision).join('\n')).toMatch(
      /awake\nFC PreStop End RequestId: [0-9a-f-]{36}$/,
    );
  });

  test('does not run after a crash or a timeout', async () => {
    const functions = createFunctions();
    const crashing = functions.define(nodejs('callback();'), { hooks: hooks() });
    const late = functions.define('exports.handler = () => {}; exports.stop = (c, callback) => callback();', {
      hooks: hooks(),
      timeoutMs: 100,
      instanceConcurrency: 2,
    });
    await functions.invoke(crashing, { payload: Buffer.from('exit') });
    await functions.invoke(late);
    await expect.poll(() => functions.runner.stats.instances).toBe(0);
    for (const revision of [crashing, late])
      expect(linesOf(functions, revision).join('\n')).not.toContain('PreStop');
  });

  test('runs when the engine shuts down, within its grace', async () => {
    const functions = createFunctions();
    const revision = functions.define(nodejs("console.log('bye'); callback();"), { hooks: hooks() });
    await functions.invoke(revision);
    await functions.runner.close(2_000);
    expect(linesOf(functions, revision).join('\n')).toMatch(/bye\nFC PreStop End RequestId: [0-9a-f-]{36}$/);
  });
});
