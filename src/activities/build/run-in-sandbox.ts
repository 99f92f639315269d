/**
 * Runs one command of a build: in the sandbox, as a plain user, with the network (packages come from there) but
 * nothing of the host's environment or credentials. Its output goes to the stage's log line by line.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { lstat, lchown, mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { FAILURES } from '../../domain/release/failures.ts';
import { sandboxCommand, type Mount, type SandboxState } from '../../platform/sandbox.ts';
import { finalFailure } from '../failure.ts';
import type { StageLog } from './log-sink.ts';

/** Plain user that builds run as; not the functions' one. */
export const BUILD_UID = 10_004;
const CA_BUNDLE = '/etc/ssl/certs/ca-certificates.crt';
/** Where the build's folder and its package cache are seen inside. */
const FOLDER = '/build';
const CACHE = '/cache';

export interface BuildCommand {
  /** Absolute host folder that the command works in and may change. */
  readonly folder: string;
  /** Absolute host folder of the project's package cache. */
  readonly cache: string;
  /** Line for `sh -c`. */
  readonly run: string;
  /** Beside what every build has. */
  readonly env?: Readonly<Record<string, string>>;
  readonly log: StageLog;
  readonly signal: AbortSignal;
}

/** Refuses where builds cannot be boxed in: code of a pushed repository never runs bare by accident. */
export function requireSandbox(sandbox: SandboxState): void {
  if (sandbox.available) return;
  throw finalFailure(
    FAILURES.buildFailed,
    `builds need a sandbox: ${sandbox.reason}; mend: ${sandbox.mend}`,
    { logTail: [] },
  );
}

/** Runs to the end. @returns the exit code; 128 + n after signal n */
export async function runBuildCommand(sandbox: SandboxState, build: BuildCommand): Promise<number> {
  requireSandbox(sandbox);
  await mkdir(build.cache, { recursive: true });
  const isBoxed = sandbox.available && sandbox.mode === 'on';
  if (isBoxed && process.getuid?.() === 0) {
    await giveAway(build.folder);
    await giveAway(build.cache);
  }
  const child = isBoxed ? startBoxed(build) : startBare(build);
  const stop = (): void => killGroup(child);
  build.signal.addEventListener('abort', stop, { once: true });
  // The event of a signal that was aborted before is over, and would never stop the command.
  if (build.signal.aborted) stop();
  try {
    const output = [
      pipeLines(child.stdout, 'stdout', build.log),
      pipeLines(child.stderr, 'stderr', build.log),
    ];
    const exit = await exitOf(child);
    await Promise.all(output);
    build.signal.throwIfAborted();
    return exit;
  } finally {
    build.signal.removeEventListener('abort', stop);
    stop();
  }
}

function startBoxed({ folder, cache, run, env: more }: BuildCommand): ChildProcess {
  const node = dirname(process.execPath);
  const { file, args, env, cwd } = sandboxCommand({
    uid: BUILD_UID,
    gid: BUILD_UID,
    network: 'host',
    readOnly: [
      // The host's Node, where it is not part of /usr.
      ...(node.startsWith('/usr/') ? [] : [{ from: dirname(node), to: dirname(node) }]),
      ...toolSettings(),
    ],
    writable: [
      { from: folder, to: FOLDER },
      { from: cache, to: CACHE },
    ],
    scratch: [],
    env: { ...environment(CACHE), ...more },
    cwd: FOLDER,
    command: ['/bin/sh', '-c', run],
  });
  return spawn(file, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
}

/** Debian keeps here what Java and Maven do not start without; Maven's file also names the operator's mirrors. */
function toolSettings(): Mount[] {
  return readdirSync('/etc')
    .filter((name) => /^(?:maven|java-\d)/.test(name))
    .map((name) => ({ from: join('/etc', name), to: join('/etc', name) }));
}

/** The operator has switched the sandbox off by name. */
function startBare({ folder, cache, run, env }: BuildCommand): ChildProcess {
  return spawn('/bin/sh', ['-c', run], {
    env: { ...environment(cache), ...env },
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
}

function environment(cache: string): Record<string, string> {
  return {
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    HOME: '/tmp',
    LANG: 'C.UTF-8',
    CI: 'true',
    npm_config_cache: join(cache, 'npm'),
    npm_config_fund: 'false',
    npm_config_audit: 'false',
    npm_config_update_notifier: 'false',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    // Node and pip carry certificates of their own; where the host trusts more (a company's proxy), builds need that too.
    ...(existsSync(CA_BUNDLE) ? { NODE_EXTRA_CA_CERTS: CA_BUNDLE, PIP_CERT: CA_BUNDLE } : {}),
  };
}

function pipeLines(stream: Readable | null, name: 'stdout' | 'stderr', log: StageLog): Promise<void> {
  if (stream === null) return Promise.resolve();
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  lines.on('line', (line) => log.write(name, line));
  return new Promise((resolve) => lines.on('close', resolve));
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 137)));
  });
}

/** Everything that the command started: bubblewrap takes its whole process tree with it. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

/** Root's files are made the build user's; links are changed themselves, never what they lead to. */
async function giveAway(folder: string): Promise<void> {
  await lchown(folder, BUILD_UID, BUILD_UID);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await giveAway(path);
    else if ((await lstat(path)).uid !== BUILD_UID) await lchown(path, BUILD_UID, BUILD_UID);
  }
}
