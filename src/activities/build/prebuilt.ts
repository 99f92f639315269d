/** Packages that are their files as they are: custom runtimes, and compiled languages, whose compilers ran before. */
import { existsSync } from 'node:fs';
import { chmod, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RuntimeFamily } from '../../domain/names/runtimes.ts';
import { invalid } from '../failure.ts';
import type { StageLog } from './log-sink.ts';

const BOOTSTRAP = 'bootstrap';

/** What a package of a compiled language has one of, at least. */
const COMPILED = {
  java: {
    files: /\.(jar|class)$/,
    text: 'jars or class files',
    hint: ', or put a pom.xml there, by which they are built',
  },
  dotnetcore: { files: /\.dll$/, text: 'assemblies (*.dll)', hint: '' },
};
type PrebuiltFamily = 'custom' | keyof typeof COMPILED;

/** True for runtimes whose packages the build only copies. */
export function isPrebuilt(family: RuntimeFamily | null): family is PrebuiltFamily {
  return family !== null && (family === 'custom' || Object.hasOwn(COMPILED, family));
}

export interface Prebuilt {
  readonly folder: string;
  readonly family: PrebuiltFamily;
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
export async function takePrebuilt({ folder, family, where, hasCommand, log }: Prebuilt): Promise<string> {
  if (family === 'custom') await checkBootstrap(folder, { where, hasCommand, log });
  else await checkCompiled(folder, COMPILED[family], where);
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

async function checkCompiled(
  folder: string,
  { files, text, hint }: (typeof COMPILED)[keyof typeof COMPILED],
  where: string,
): Promise<void> {
  const names = await readdir(folder, { recursive: true });
  if (names.some((name) => files.test(name))) return;
  throw invalid(
    `${where}: the package has no ${text}; commit them, or make them by a command in stages of sluice.yml and name their folder in codeUri${hint}`,
  );
}
