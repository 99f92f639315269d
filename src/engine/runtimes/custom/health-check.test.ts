/** `customHealthCheckConfig`: real servers that say that they are not well, at their start and while they have calls. */
import { describe, expect, test } from 'vitest';
import { defineBootstrap, serverBootstrap as server } from '../../../../test/support/bootstrap.ts';
import { ownFunctionRunner } from '../../../../test/support/function-runner.ts';
import type { HealthCheck } from '../../invoke/contract.ts';

const CHECK: HealthCheck = {
  path: '/health?deep=1',
  initialDelayMs: 0,
  periodMs: 30,
  timeoutMs: 1_000,
  failures: 3,
  successes: 2,
};

const own = (answer: string, before = '', changes: Partial<HealthCheck> = {}) => {
  const functions = ownFunctionRunner();
  const healthCheck = { ...CHECK, ...changes };
  const settings = { server: { command: [], args: [], port: 9000, healthCheck }, instanceConcurrency: 2 };
  return { functions, revision: defineBootstrap(functions, server(answer, before), settings) };
};

describe('the health check of a custom runtime', () => {
  test('comes before the first call, until it went well as often in a row as it must', async () => {
    const { functions, revision } = own(
      "if (request.method + request.url === 'GET/health?deep=1') { asked.push(request.url); response.statusCode = good[asked.length - 1] ?? 200; response.end(); } else response.end(String(asked.length));",
      'const asked = []; const good = [500, 204, 503, 200, 302];',
    );
    const result = await functions.invoke(revision);
    expect(result.outcome).toBe('ok');
    // One of those that follow every 30 ms may have come before the call.
    expect(Number(result.body.toString())).toBeGreaterThanOrEqual(5);
  });

  test('that fails as often as it may is a start that failed, with the last reason', async () => {
    const { functions, revision } = own('response.statusCode = 503; response.end();');
    await expect(functions.invoke(revision)).rejects.toMatchObject({
      status: 412,
      code: 'FunctionNotStarted',
      message:
        'the instance did not start: Process ended by the engine: its health check GET /health?deep=1 failed 3 times in a row: status 503',
    });
    await expect.poll(() => functions.runner.stats.instances).toBe(0);
  });

  test('that is not answered in time has failed', async () => {
    const { functions, revision } = own('', '', { timeoutMs: 50, failures: 1 });
    await expect(functions.invoke(revision)).rejects.toThrow('failed 1 time: no answer within 0.05 s');
  });

  test('that fails while a call runs: that call ends well, the next one has a new instance', async () => {
    const { functions, revision } = own(
      "if (request.url.startsWith('/health')) { response.statusCode = release ? 500 : 200; bad += release ? 1 : 0; response.end(); if (bad === 3) release.end('well'); } else if (body.length > 0) release = response; else response.end('quick');",
      'let release; let bad = 0;',
    );
    const slow = await functions.invoke(revision, { payload: Buffer.from('slow') });
    expect(slow).toMatchObject({ outcome: 'ok', coldStart: true });
    await expect
      .poll(() => functions.lines(revision), { timeout: 10_000 })
      .toContain(
        'the instance gets no more calls: its health check GET /health?deep=1 failed 3 times in a row: status 500',
      );
    const next = await functions.invoke(revision);
    expect(next).toMatchObject({ outcome: 'ok', coldStart: true });
    expect(next.instanceId).not.toBe(slow.instanceId);
  });
});
