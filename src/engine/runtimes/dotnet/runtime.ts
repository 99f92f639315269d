/** .NET Core: the shim (`shim/`) on the runtime that `build.ts` fetches; .NET Core 3.1 runs assemblies for 2.1. */
import { join } from 'node:path';
import { Preparations, type Preparation } from '../preparation.ts';
import {
  missingRuntime,
  type Command,
  type HostSettings,
  type MissingRuntime,
  type Runtime,
  type RuntimeFamily,
} from '../runtime.ts';
import { SANDBOX_SHIM } from '../shim-folder.ts';
import { DOTNET_VERSION, DotnetBuild, SHIM_DLL } from './build.ts';

export const DOTNET: RuntimeFamily = { ids: ['dotnetcore2.1'], look, prepare };

/** By folder of the build. */
const preparations = new Preparations();

function look(id: string, host: HostSettings): Runtime | MissingRuntime {
  const build = new DotnetBuild(host.cache);
  const obstacle = build.isBuilt ? '' : build.obstacle || preparationOf(build).failure;
  if (build.isBuilt || (obstacle === '' && host.fetching)) return runtimeOf(id, build);
  const reason = obstacle || 'it is not fetched yet, and nothing may be (SLUICE_FETCH_RUNTIMES=0)';
  return missingRuntime(id, 'a .NET Core runtime >= 2.1', `none, and ${reason}`);
}

function prepare(_id: string, host: HostSettings): Promise<void> | undefined {
  const build = new DotnetBuild(host.cache);
  return build.isBuilt || !host.fetching ? undefined : preparationOf(build).start();
}

function preparationOf(build: DotnetBuild): Preparation {
  return preparations.of(build.folder, () => build.build());
}

function runtimeOf(id: string, build: DotnetBuild): Runtime {
  return {
    id,
    protocol: 'frames',
    state: { state: 'compatible', version: `.NET Core ${DOTNET_VERSION}` },
    mounts: [{ from: build.folder, to: SANDBOX_SHIM }],
    command: commandIn(SANDBOX_SHIM),
    bareCommand: commandIn(build.folder),
    path: [],
    environment: () => ({}),
  };
}

function commandIn(folder: string): Command {
  return [join(folder, 'bin', 'dotnet'), join(folder, SHIM_DLL)];
}
