/** `sluice up` from outside: it keeps its parts up, guards its home and ports, and leaves nothing behind. */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePorts, PARTS, poll, startStack, tryUp, type Stack } from './support/stack.ts';

describe('sluice up', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(() => stack.stop());

  test('says that it is ready only when /readyz answers 200', async () => {
    expect(stack.output()).toContain(`sluice ready: ${stack.url}`);
    expect((await fetch(`${stack.url}/readyz`)).status).toBe(200);
  });

  test('refuses a home that is in use, and names the process — two supervisors would fight over one database', async () => {
    const [port, enginePort] = await freePorts(2);
    const second = await tryUp({
      SLUICE_HOME: stack.home,
      SLUICE_PORT: String(port),
      SLUICE_ENGINE_PORT: String(enginePort),
    });
    expect(second.code).toBe(1);
    expect(second.output).toContain(`in use by process ${stack.supervisorPid()}`);
    expect((await fetch(`${stack.url}/readyz`)).status).toBe(200);
  });

  for (const part of PARTS)
    test(`${part} comes back after kill -9`, async () => {
      const before = stack.kill(part);
      await stack.untilBack(part, before);
    });

  test('leaves no process behind when the supervisor gets kill -9, and starts again on the same home', async () => {
    await stack.halt('SIGKILL');
    const all = () => {
      const left = processesOf(stack.home);
      if (left.length > 0) throw new Error(left.join('\n'));
      return true;
    };
    await poll('all parts to be gone', all, 15_000);
    await stack.restart({ SLUICE_SANDBOX: 'off' });
  });

  test('says at its start, and on the engine’s /readyz, that the sandbox is switched off', async () => {
    for (const words of [
      'functions and builds run unsandboxed, with the rights of this user',
      'functions run as the user of the engine, unprotected',
      'builds run without a sandbox',
    ])
      expect(stack.output()).toContain(`SLUICE_SANDBOX=off: ${words}`);
    const ready = await fetch(`${stack.engineUrl}/readyz`);
    expect(await ready.json()).toMatchObject({ parts: { sandbox: { state: 'off' } } });
  });

  test('SIGTERM ends with 0 in ten seconds and leaves no process behind', async () => {
    const { code, tookMs } = await stack.halt();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(10_000);
    expect(processesOf(stack.home)).toEqual([]);
  });
});

test('a port conflict names port and variable before anything starts — a part that keeps dying tells nobody why', async () => {
  const home = mkdtempSync(join(tmpdir(), 'sluice-'));
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const { port } = holder.address() as AddressInfo;
  const [free] = await freePorts(1);
  try {
    const { code, output } = await tryUp({
      SLUICE_HOME: home,
      SLUICE_PORT: String(free),
      SLUICE_ENGINE_PORT: String(port),
    });
    expect(code).toBe(1);
    expect(output).toContain(
      `port ${port} (Function Compute API) is in use; choose another one with SLUICE_ENGINE_PORT`,
    );
    expect(readdirSync(home)).toEqual([]);
  } finally {
    holder.close();
    rmSync(home, { recursive: true, force: true });
  }
});

/** Processes that were started with this home, by their environment or command line. */
function processesOf(home: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      const read = (file: string) => {
        try {
          return readFileSync(`/proc/${pid}/${file}`, 'utf8').replaceAll('\0', ' ');
        } catch {
          return '';
        }
      };
      const command = read('cmdline');
      return command && (command.includes(home) || read('environ').includes(`SLUICE_HOME=${home} `))
        ? [command]
        : [];
    });
}
