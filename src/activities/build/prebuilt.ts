/** Packages that are their files as they are: custom runtimes, and compiled languages, whose compilers ran before. */
import { existsSync } from 'node:fs';
import { chmod, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { invalid } from '../failure.ts';
import type { StageLog } from './log-sink.ts';

const BOOTSTRAP = 'bootstrap';

/** True for runtimes whose packages the build only copies. */
export function isPrebuilt(runtime: string): boolean {
  return /^(custom|java|dotnet)/.test(runtime);
}

export interface Prebuilt {
  readonly folder: string;
  readonly runtime: string;
  /** File and line of the function in the manifest. */
  readonly where: string;
  /** Whether a command is configured, so that no `bootstrap` is needed. */
  readonly hasCommand: boolean;
  readonly log: StageLog;
}

/**
 * Checks what the platform could only say at the first call; the answer is one line for people.
 *
 * @throws ApplicationFailure `Invalid` where what is started, or loaded, is not there
 */
export async function takePrebuilt({ folder, runtime, where, hasCommand, log }: Prebuilt): Promise<string> {
  if (runtime.startsWith('custom')) await checkBootstrap(folder, { where, hasCommand, log });
  else await checkCompiled(folder, runtime, where);
  return 'files as they are';
}

async function checkBootstrap(
  folder: string,
  { where, hasCommand, log }: Pick<Prebuilt, 'where' | 'hasCommand' | 'log'>,
): Promise<void> {
  const path = join(folder, BOOTSTRAP);
  if (!existsSync(path)) {
    if (hasCommand) return;
    throw invalid(
      `${where}: the package has no file ${BOOTSTRAP}; add it, or name a command in customRuntimeConfig`,
    );
  }
  const entry = await lstat(path);
  // What a link leads to is not ours to change: it keeps the mode that was committed.
  if (!entry.isFile() || (entry.mode & 0o111) !== 0) return;
  await chmod(path, 0o755);
  log.note(
    `${BOOTSTRAP} was not executable: it is in the package (git update-index --chmod=+x ${BOOTSTRAP})`,
  );
}

async function checkCompiled(folder: string, runtime: string, where: string): Promise<void> {
  const wanted = runtime.startsWith('java') ? /\.(jar|class)$/ : /\.dll$/;
  const names = await readdir(folder, { recursive: true });
  if (names.some((name) => wanted.test(name))) return;
  const mend = runtime.startsWith('java') ? 'jars or class files' : 'assemblies (*.dll)';
  throw invalid(
    `${where}: the package has no ${mend}; commit them, or make them by a command in stages of sluice.yml and name their folder in codeUri`,
  );
}
