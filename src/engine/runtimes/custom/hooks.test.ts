/** The hooks of a custom runtime (runtimes.md §8 and §13): requests to its server, of a real one in a real sandbox. */
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createFunctionRunner, type FunctionRunner } from '../../../../test/support/function-runner.ts';
import type { Revision } from '../../invoke/contract.ts';

const open: FunctionRunner[] = [];
afterEach(async () => {
  for (const functions of open.splice(0)) await functions.close();
});

function createFunctions(): FunctionRunner {
  const functions = createFunctionRunner({ freezeMs: 0 });
  open.push(functions);
  return functions;
}

function define(functions: FunctionRunner, bootstrap: string, hooks: Revision['hooks']): Revision {
  const revision = functions.define({ bootstrap }, { runtime: 'custom', handler: 'any', hooks });
  chmodSync(join(revision.codeFolder, 'bootstrap'), 0o755);
  return revision;
}

/** A bootstrap that does `answer(request, response)` for each request. */
const server = (answer: string) => `#!/usr/bin/env node
const server = require('http').createServer((request, response) => {
  request.on('end', () => { ${answer} }).resume();
});
server.listen(process.env.FC_SERVER_PORT);
`;

describe('a hook', () => {
  const handlers = {
    preFreeze: { handler: 'freezing', timeoutMs: 3_000 },
    preStop: { handler: 'stopping', timeoutMs: 3_000 },
  };
  const said = ({ runner }: FunctionRunner, revision: Revision) =>
    runner.recentLog(revision.service, revision.function).map(({ message }) => message);

  test('is GET /pre-freeze before the freeze and GET /pre-stop before the end, with a request id of its own', async () => {
    const functions = createFunctions();
    const revision = define(
      functions,
      server(
        "if (request.method === 'GET') console.log([request.method, request.url, ...['control-path', 'instance-lifecycle-pre-freeze-handler', 'instance-lifecycle-pre-stop-handler', 'request-id'].map((name) => request.headers['x-fc-' + name])].join(' ')); response.end();",
      ),
      handlers,
    );
    await functions.invoke(revision, { requestId: 'r-1' });
    await expect
      .poll(() => said(functions, revision), { timeout: 10_000 })
      .toContainEqual(expect.stringMatching('^FC PreFreeze End '));
    functions.runner.retire(revision.key);
    await expect.poll(() => functions.runner.stats.instances, { timeout: 10_000 }).toBe(0);
    const lines = said(functions, revision);
    for (const [title, path] of [
      ['PreFreeze', '/pre-freeze'],
      ['PreStop', '/pre-stop'],
    ]) {
      const before = `FC ${title} Start RequestId: `;
      const id = lines.find((line) => line.startsWith(before))?.slice(before.length) ?? '';
      expect(id).toMatch(/^[0-9a-f-]{36}$/);
      expect(lines).toContain(`GET ${path} ${path} freezing stopping ${id}`);
      expect(lines).toContain(`FC ${title} End RequestId: ${id}`);
    }
  });

  test('that the server does not answer with 200 failed, which is told and stops nothing', async () => {
    const functions = createFunctions();
    const revision = define(
      functions,
      server("response.statusCode = request.url.startsWith('/pre-') ? 404 : 200; response.end('ok');"),
      handlers,
    );
    const failed = expect.stringMatching(/^FC PreFreeze End .*, Error: Unhandled function error$/);
    await functions.invoke(revision);
    await expect.poll(() => said(functions, revision), { timeout: 10_000 }).toContainEqual(failed);
    expect(await functions.invoke(revision)).toMatchObject({ outcome: 'ok', coldStart: false });
    functions.runner.retire(revision.key);
    await expect.poll(() => functions.runner.stats.instances, { timeout: 10_000 }).toBe(0);
    expect(said(functions, revision).at(-1)).toMatch(/^FC PreStop End .*, Error: Unhandled function error$/);
  });

  test('that is not answered in time is given up, and its connection with it', async () => {
    const functions = createFunctions();
    const revision = define(
      functions,
      server(
        "if (request.url === '/pre-freeze') response.on('close', () => console.log('given up')); else response.end('ok');",
      ),
      { ...handlers, preFreeze: { handler: 'freezing', timeoutMs: 50 } },
    );
    await functions.invoke(revision);
    await expect
      .poll(() => said(functions, revision), { timeout: 10_000 })
      .toContainEqual(
        expect.stringMatching(/^FC PreFreeze End .*, Error: Function timed out after 0\.05 seconds$/),
      );
    expect(await functions.invoke(revision)).toMatchObject({ outcome: 'ok', coldStart: false });
    await expect.poll(() => said(functions, revision), { timeout: 10_000 }).toContain('given up');
  });
});
