/**
 * A whole Sluice of its own for a test: `sluice up` as people start it, with free ports and a home that is removed in the
 * end. Tests speak to it through its public faces; what they may know beyond those is where its process ids are.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/cli/up/ports.ts';
import { readCredentials, type Credentials } from '../../src/platform/credentials.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const READY_MS = 90_000;
const STOP_MS = 15_000;

export const PARTS = ['postgres', 'temporal', 'engine', 'worker', 'api'] as const;
export type PartName = (typeof PARTS)[number];

export interface StackOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A home that is kept; without one a new folder is made, and removed by `stop`. */
  readonly home?: string;
}

export interface Stack {
  /** API and console. */
  readonly url: string;
  /** Function Compute API. */
  readonly engineUrl: string;
  readonly home: string;
  /** What the supervisor was started with. */
  readonly env: Readonly<Record<string, string>>;
  readonly credentials: Credentials;
  /** Process id of the supervisor. */
  supervisorPid(): number;
  /** Process id of a part as it is now. @throws Error while it is down */
  pid(part: PartName): number;
  /** Sends a signal to a part (SIGKILL unless told otherwise) and answers the process id it had. */
  kill(part: PartName, signal?: NodeJS.Signals): number;
  /** Resolves when the part runs under another process id than `before` and all is ready. */
  untilBack(part: PartName, before: number): Promise<void>;
  /** Resolves when `/readyz` answers 200. */
  untilReady(): Promise<void>;
  /** Sends SIGTERM; answers exit code and the milliseconds it took. The home is kept. */
  halt(signal?: NodeJS.Signals): Promise<{ readonly code: number | null; readonly tookMs: number }>;
  /** Halts where it runs, and starts again with the same home and ports, and these variables more. */
  restart(more?: Readonly<Record<string, string>>): Promise<void>;
  /** Halts where it runs, and removes the home. */
  stop(): Promise<void>;
  /** All that the supervisor wrote. */
  output(): string;
}

/** Starts a stack and waits until it is ready. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'sluice-'));
  const [port, enginePort] = await freePorts(2);
  const env: Record<string, string> = {
    ...cleanEnvironment(),
    SLUICE_HOME: home,
    SLUICE_PORT: String(port),
    SLUICE_ENGINE_PORT: String(enginePort),
    SLUICE_DEMO: '0',
    ...options.env,
  };
  let run = startUp(env, home);
  const url = `http://127.0.0.1:${env['SLUICE_PORT']}`;

  async function untilReady(): Promise<void> {
    await poll(`${url}/readyz to answer 200`, async () => {
      const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) });
      await answer.arrayBuffer();
      return answer.status === 200;
    });
  }
  const pid = (part: PartName): number => {
    const value = Number(readFileSync(join(home, 'run', `${part}.pid`), 'utf8'));
    if (!(value > 1)) throw new Error(`${part} has no process id`);
    return value;
  };
  const halt = async (signal: NodeJS.Signals = 'SIGTERM') => {
    const begun = Date.now();
    run.child.kill(signal);
    const code = await withLimit(run.ended, STOP_MS, 'sluice up does not end');
    return { code, tookMs: Date.now() - begun };
  };
  try {
    await withLimit(run.ready, READY_MS, 'sluice up is not ready');
  } catch (error) {
    run.child.kill('SIGKILL');
    if (!options.home) rmSync(home, { recursive: true, force: true });
    throw new Error(`the stack does not start: ${String(error)}\n${run.output()}`, { cause: error });
  }
  const credentials = readCredentials(home);
  if (!credentials) throw new Error('the stack has no credentials');
  return {
    url,
    engineUrl: `http://127.0.0.1:${env['SLUICE_ENGINE_PORT']}`,
    home,
    env,
    credentials,
    supervisorPid: () => run.child.pid ?? 0,
    pid,
    kill: (part, signal = 'SIGKILL') => {
      const before = pid(part);
      process.kill(before, signal);
      return before;
    },
    untilBack: async (part, before) => {
      await poll(`${part} to be back`, () => pid(part) !== before);
      await untilReady();
    },
    untilReady,
    halt,
    restart: async (more = {}) => {
      if (!hasEnded(run.child)) await halt();
      run = startUp({ ...env, ...more }, home);
      await withLimit(run.ready, READY_MS, 'sluice up is not ready');
    },
    stop: async () => {
      if (!hasEnded(run.child)) await halt();
      if (!options.home) rmSync(home, { recursive: true, force: true });
    },
    output: () => run.output(),
  };
}

/** Runs `sluice up` for tests of starts that fail: resolves with its end. */
export async function tryUp(
  env: Readonly<Record<string, string>>,
): Promise<{ code: number | null; output: string }> {
  const run = startUp({ ...cleanEnvironment(), SLUICE_DEMO: '0', ...env }, tmpdir());
  run.ready.catch(() => undefined);
  const code = await withLimit(run.ended, READY_MS, 'sluice up does not end');
  return { code, output: run.output() };
}

/** Ports that are free now, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort('127.0.0.1'));
  return [...ports];
}

/** Repeats `probe` until it is true; an exception counts as "not yet". */
export async function poll(
  what: string,
  probe: () => boolean | Promise<boolean>,
  limitMs = 60_000,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  let last: unknown = 'false';
  for (;;) {
    try {
      if (await probe()) return;
      last = 'false';
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline)
      throw new Error(`waited ${limitMs / 1000} s for ${what}; last answer: ${String(last)}`);
    await pause(50);
  }
}

interface Run {
  readonly child: ChildProcess;
  readonly ready: Promise<void>;
  readonly ended: Promise<number | null>;
  output(): string;
}

function startUp(env: Readonly<Record<string, string>>, cwd: string): Run {
  const child = spawn(process.execPath, [MAIN, 'up'], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const ready = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (/^sluice ready: /m.test(output)) resolve();
      });
    void ended.then((code) => reject(new Error(`sluice up ended with ${code}`)));
  });
  ready.catch(() => undefined);
  return { child, ready, ended, output: () => output };
}

/** The machine's environment without settings of some other Sluice; the cache is shared, because builds take minutes. */
function cleanEnvironment(): Record<string, string> {
  const foreign = /^(SLUICE_(?!CACHE$)|DATABASE_URL$|TEMPORAL_)/;
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || foreign.test(name) ? [] : [[name, value]],
    ),
  );
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function withLimit<T>(work: Promise<T>, limitMs: number, what: string): Promise<T> {
  const over = new AbortController();
  const limit = pause(limitMs, undefined, { signal: over.signal }).then(() => {
    throw new Error(`${what} within ${limitMs / 1000} s`);
  });
  limit.catch(() => undefined);
  try {
    return await Promise.race([work, limit]);
  } finally {
    over.abort();
  }
}
