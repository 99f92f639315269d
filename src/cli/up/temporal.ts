/**
 * Temporal's development server on a SQLite file. Two of its habits are answered here: a kill while the file is first
 * laid out breaks it for good, so it is made under another name, brought to health, stopped and renamed; and its limits
 * on updates and retention are made for demonstrations, so they are raised.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ensureError } from '../../platform/errors.ts';
import { isTemporalServing } from './grpc-health.ts';
import { endingWithParent, plainEnvironment } from './orphan-guard.ts';
import type { Launch } from './part.ts';
import { freePort } from './ports.ts';
import { StartError } from './start-error.ts';
import { timeLimit } from '../../platform/time-limit.ts';

const run = promisify(execFile);
const HOST = '127.0.0.1';
const DRAFT = 'temporal.draft-';
const FIRST_HEALTH_MS = 30_000;
/** Ten years: Sluice keeps its own history; Temporal must not forget what a running lane still needs. */
const RETENTION = '87600h';
const SETTINGS = [
  '--sqlite-pragma',
  'journal_mode=WAL',
  '--sqlite-pragma',
  'synchronous=NORMAL',
  // 0 = no limit. The defaults (10 at once, 2000 in all) make long-lived lanes refuse work.
  '--dynamic-config-value',
  'history.maxInFlightUpdates=0',
  '--dynamic-config-value',
  'history.maxTotalUpdates=0',
];

export interface LocalTemporal {
  /** Frontend, `host:port`; the same for the whole life of the supervisor. */
  readonly address: string;
  launch(): Promise<Launch>;
  isReady(): Promise<boolean>;
}

/** Makes the database file of this home where it is missing; starts nothing that stays. */
export async function prepareTemporal(
  home: string,
  executable: string,
  signal: AbortSignal,
): Promise<LocalTemporal> {
  const folder = join(home, 'temporal');
  for (const name of readdirSync(home))
    if (name.startsWith(DRAFT)) rmSync(join(home, name), { recursive: true, force: true });
  if (!existsSync(folder)) await createFile(home, folder, executable, signal);
  const port = await freePort(HOST);
  const address = `${HOST}:${port}`;
  return {
    address,
    launch: async () => ({
      command: serverCommand(executable, join(folder, 'temporal.db'), port, 'SIGTERM'),
      env: plainEnvironment(),
      ipc: false,
    }),
    isReady: () => isTemporalServing(address),
  };
}

async function createFile(
  home: string,
  folder: string,
  executable: string,
  signal: AbortSignal,
): Promise<void> {
  const draft = join(home, `${DRAFT}${process.pid}`);
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  const port = await freePort(HOST);
  const [file, ...args] = serverCommand(executable, join(draft, 'temporal.db'), port, 'SIGKILL');
  const server = spawn(file, args, {
    env: plainEnvironment(),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [server.stdout, server.stderr])
    stream.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-2_000)));
  const ended = Promise.race([once(server, 'exit'), once(server, 'error')]);
  const limit = AbortSignal.any([signal, timeLimit(FIRST_HEALTH_MS)]);
  try {
    await until(
      () => isTemporalServing(`${HOST}:${port}`),
      limit,
      () => server.exitCode === null,
    );
    await until(
      () => raiseRetention(executable, port),
      limit,
      () => server.exitCode === null,
    );
    server.kill('SIGTERM');
    await ended;
    renameSync(draft, folder);
  } catch (error) {
    server.kill('SIGKILL');
    await ended.catch(() => undefined);
    rmSync(draft, { recursive: true, force: true });
    if (signal.aborted) throw new StartError('stopped');
    throw new StartError(
      `the Temporal server (${executable}) does not come up: ${said.trim() || ensureError(error).message}`,
    );
  }
}

async function until(
  probe: () => Promise<boolean>,
  limit: AbortSignal,
  isAlive: () => boolean,
): Promise<void> {
  while (!(await probe())) {
    if (!isAlive()) throw new Error('it ended');
    await pause(50, undefined, { signal: limit });
  }
}

/** False while the namespace is not registered yet. */
async function raiseRetention(executable: string, port: number): Promise<boolean> {
  const args = [
    'operator',
    'namespace',
    'update',
    '-n',
    'default',
    '--retention',
    RETENTION,
    '--address',
    `${HOST}:${port}`,
  ];
  try {
    await run(executable, args, { env: plainEnvironment(), timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

function serverCommand(
  executable: string,
  file: string,
  port: number,
  atParentsDeath: NodeJS.Signals,
): [string, ...string[]] {
  const place = ['--headless', '--ip', HOST, '--port', String(port), '--db-filename', file];
  const logs = ['--log-level', 'warn', '--log-format', 'json'];
  return endingWithParent(atParentsDeath, [
    executable,
    'server',
    'start-dev',
    ...place,
    ...logs,
    ...SETTINGS,
  ]) as [string, ...string[]];
}
