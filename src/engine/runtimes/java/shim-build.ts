/**
 * The Java shim, built from its sources in `shim/` when it is first needed and kept in the cache: compiled by the
 * JDK's javac for Java 8, beside libraries that Maven brings from wherever it is configured to. The folder's name holds
 * a hash of all that goes in, so a change of the sources is a new folder and never a mixture.
 */
import { execFile } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureError } from '../../../platform/errors.ts';
import { makeCachedFolder, nameByContent } from '../cached-folder.ts';
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
  readonly #pom: string;
  readonly #sources: readonly string[];
  readonly #jres: readonly Jre[];

  /** @param jres of this host; the JDK among them compiles */
  constructor(cache: string, jres: readonly Jre[]) {
    const shim = shimFolder('java');
    this.#pom = join(shim, 'pom.xml');
    this.#sources = ['shim', 'training'].flatMap((name) => javaFiles(join(shim, 'sluice', name)));
    this.#jres = jres;
    const name = nameByContent(JSON.stringify(LIBRARIES), [this.#pom, ...this.#sources]);
    this.folder = join(cache, 'java-shim', name);
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

  /** Builds it unless it is there. @throws Error where something is missing for it or a step fails */
  build(): Promise<void> {
    return makeCachedFolder(this.folder, async (work) => {
      const jdk = this.#jdk();
      const maven = this.#maven();
      if (!jdk || !maven) throw new Error(this.obstacle);
      const jars = join(work, 'jars');
      const classes = join(work, 'classes');
      mkdirSync(classes);
      await this.#fetch(maven, work, jars);
      verifyLibraries(jars);
      const options = ['-nowarn', '-encoding', 'UTF-8', ...releaseOptions(jdk)];
      await run(
        join(jdk.home, 'bin', 'javac'),
        [...options, '-cp', `${jars}/*`, '-d', classes, ...this.#sources],
        { timeout: STEP_LIMIT_MS },
      );
      await run(join(jdk.home, 'bin', 'jar'), ['cf', join(jars, SHIM_JAR), '-C', classes, '.'], {
        timeout: STEP_LIMIT_MS,
      });
      for (const name of readdirSync(jars)) chmodSync(join(jars, name), 0o644);
      return jars;
    });
  }

  async #fetch(maven: string, work: string, jars: string): Promise<void> {
    // A copy: Maven makes a folder beside the file that it reads.
    cpSync(this.#pom, join(work, 'pom.xml'));
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
