/** The hooks of a custom runtime (runtimes.md §8 and §13): requests to its server, of a real one in a real sandbox. */
import { describe, expect, test } from 'vitest';
import { defineBootstrap, serverBootstrap as server } from '../../../../test/support/bootstrap.ts';
import { ownFunctionRunner } from '../../../../test/support/function-runner.ts';
import { logOfLife } from '../../../../test/support/hooks.ts';

describe('a hook', () => {
  const handlers = {
    preFreeze: { handler: 'freezing', timeoutMs: 3_000 },
    preStop: { handler: 'stopping', timeoutMs: 3_000 },
  };

  test('is GET /pre-freeze before the freeze and GET /pre-stop before the end, with a request id of its own', async () => {
    const functions = ownFunctionRunner({ freezeMs: 0 });
    const revision = defineBootstrap(
      functions,
      server(
        "if (request.method === 'GET') console.log([request.method, request.url, ...['control-path', 'instance-lifecycle-pre-freeze-handler', 'instance-lifecycle-pre-stop-handler', 'request-id'].map((name) => request.headers['x-fc-' + name])].join(' ')); response.end();",
      ),
      { hooks: handlers },
    );
    const lines = await logOfLife(functions, revision);
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
    const functions = ownFunctionRunner({ freezeMs: 0 });
    const revision = defineBootstrap(
      functions,
      server("response.statusCode = request.url.startsWith('/pre-') ? 404 : 200; response.end('ok');"),
      { hooks: handlers },
    );
    const failed = expect.stringMatching(/^FC PreFreeze End .*, Error: Unhandled function error$/);
    await functions.invoke(revision);
    await expect.poll(() => functions.lines(revision), { timeout: 10_000 }).toContainEqual(failed);
    expect(await functions.invoke(revision)).toMatchObject({ outcome: 'ok', coldStart: false });
    functions.runner.retire(revision.key);
    await expect.poll(() => functions.runner.stats.instances, { timeout: 10_000 }).toBe(0);
    expect(functions.lines(revision).at(-1)).toMatch(/^FC PreStop End .*, Error: Unhandled function error$/);
  });

  test('that is not answered in time is given up, and its connection with it', async () => {
    const functions = ownFunctionRunner({ freezeMs: 0 });
    const revision = defineBootstrap(
      functions,
      server(
        "if (request.url === '/pre-freeze') response.on('close', () => console.log('given up')); else response.end('ok');",
      ),
      { hooks: { ...handlers, preFreeze: { handler: 'freezing', timeoutMs: 50 } } },
    );
    await functions.invoke(revision);
    await expect
      .poll(() => functions.lines(revision), { timeout: 10_000 })
      .toContainEqual(
        expect.stringMatching(/^FC PreFreeze End .*, Error: Function timed out after 0\.05 seconds$/),
      );
    expect(await functions.invoke(revision)).toMatchObject({ outcome: 'ok', coldStart: false });
    await expect.poll(() => functions.lines(revision), { timeout: 10_000 }).toContain('given up');
  });
});
