/**
 * The Java shim, built from its sources in `shim/` when it is first needed and kept in the cache: compiled by the
 * JDK's javac for Java 8, beside libraries that Maven brings from wherever it is configured to. The folder's name holds
 * a hash of all that goes in, so a change of the sources is a new folder and never a mixture.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureError } from '../../../platform/errors.ts';
import { findPrograms } from '../interpreters.ts';
import { shimFolder } from '../shim-folder.ts';
import type { Jre } from './jre.ts';
import { LIBRARIES, verifyLibraries } from './libraries.ts';

const run = promisify(execFile);
const SHIM_JAR = 'shim.jar';
const STEP_LIMIT_MS = 120_000;
/** Since this major a JDK can compile for an older Java and check against that one's classes. */
const RELEASE_OPTION_SINCE = 9;

/** Class path below a folder. */
export function classPath(folder: string): string {
  return [SHIM_JAR, ...Object.keys(LIBRARIES)].map((name) => join(folder, name)).join(':');
}

export class ShimBuild {
  /** Holds the jars, once they are built. */
  readonly folder: string;
  readonly #sources: string;
  readonly #jres: readonly Jre[];
  #running: Promise<void> | undefined;

  /** @param jres of this host; the JDK among them compiles */
  constructor(cache: string, jres: readonly Jre[]) {
    this.#sources = shimFolder('java');
    this.#jres = jres;
    this.folder = join(cache, 'java-shim', hashOf(this.#sources));
  }

  get isBuilt(): boolean {
    return existsSync(this.folder);
  }

  /** What is missing to build it, with the mend; empty: nothing. */
  get obstacle(): string {
    const missing = [this.#jdk() ? '' : 'javac', this.#maven() ? '' : 'mvn'].filter(Boolean);
    if (missing.length === 0) return '';
    return `its shim is compiled on first use and this host has no ${missing.join(' and no ')}. Install a JDK and Maven (apt-get install default-jdk-headless maven)`;
  }

  /** Builds it unless it is there. Callers at the same time share one build. */
  build(): Promise<void> {
    this.#running ??= this.#build().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #build(): Promise<void> {
    if (this.isBuilt) return;
    const jdk = this.#jdk();
    const maven = this.#maven();
    if (!jdk || !maven) throw new Error(this.obstacle);
    const parent = join(this.folder, '..');
    mkdirSync(parent, { recursive: true });
    const work = mkdtempSync(join(parent, '.part-'));
    try {
      const jars = join(work, 'jars');
      const classes = join(work, 'classes');
      mkdirSync(classes, { recursive: true });
      await this.#fetch(maven, work, jars);
      verifyLibraries(jars);
      const files = ['shim', 'training'].flatMap((name) => javaFiles(join(this.#sources, 'sluice', name)));
      await run(
        join(jdk.home, 'bin', 'javac'),
        [
          '-nowarn',
          '-encoding',
          'UTF-8',
          ...releaseOptions(jdk),
          '-cp',
          `${jars}/*`,
          '-d',
          classes,
          ...files,
        ],
        { timeout: STEP_LIMIT_MS },
      );
      await run(join(jdk.home, 'bin', 'jar'), ['cf', join(jars, SHIM_JAR), '-C', classes, '.'], {
        timeout: STEP_LIMIT_MS,
      });
      for (const name of readdirSync(jars)) chmodSync(join(jars, name), 0o644);
      chmodSync(jars, 0o755);
      // Whoever finds the folder finds all of it; another process that was faster has the same in it.
      if (!this.isBuilt) renameSync(jars, this.folder);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }

  async #fetch(maven: string, work: string, jars: string): Promise<void> {
    // A copy: Maven makes a folder beside the file that it reads.
    cpSync(join(this.#sources, 'pom.xml'), join(work, 'pom.xml'));
    const options = ['-DincludeScope=runtime', `-DoutputDirectory=${jars}`];
    try {
      await run(
        maven,
        ['-q', '-B', '-f', join(work, 'pom.xml'), 'dependency:copy-dependencies', ...options],
        {
          timeout: STEP_LIMIT_MS,
        },
      );
    } catch (error) {
      const { stdout = '', message } = ensureError(error) as Error & { stdout?: string };
      const said = /\[ERROR\] (.*)/.exec(stdout)?.[1] ?? message;
      throw new Error(`Maven could not fetch its libraries: ${said}`, { cause: error });
    }
  }

  #jdk(): Jre | undefined {
    return this.#jres.find(({ home }) => existsSync(join(home, 'bin', 'javac')));
  }

  #maven(): string | undefined {
    return findPrograms(['mvn'])[0];
  }
}

function releaseOptions(jdk: Jre): string[] {
  return jdk.major >= RELEASE_OPTION_SINCE ? ['--release', '8'] : ['-source', '8', '-target', '8'];
}

function javaFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.java'))
    .sort()
    .map((name) => join(folder, name));
}

function hashOf(sources: string): string {
  const hash = createHash('sha256').update(JSON.stringify(LIBRARIES));
  const files = ['shim', 'training'].flatMap((name) => javaFiles(join(sources, 'sluice', name)));
  for (const file of [join(sources, 'pom.xml'), ...files]) hash.update(readFileSync(file)).update('\0');
  return hash.digest('hex').slice(0, 16);
}
