/** Java: the shim (`shim/`, for Java 8 and later) and the oldest JRE of this host that can run the id's byte code. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Mount } from '../../../platform/sandbox.ts';
import { Preparations, type Preparation } from '../preparation.ts';
import {
  missingRuntime,
  unserved,
  type Command,
  type HostSettings,
  type MissingRuntime,
  type Runtime,
  type RuntimeFamily,
} from '../runtime.ts';
import { SANDBOX_SHIM } from '../shim-folder.ts';
import { archiveName, makeArchive } from './class-sharing.ts';
import { findJres, jreMounts, readJre, type Jre } from './jre.ts';
import { classPath, ShimBuild } from './shim-build.ts';

const MAJORS: Readonly<Record<string, number>> = { java8: 8, java11: 11 };

const MAIN = 'sluice.shim.Main';
/** Share of the function's memory that the heap may take, and has at first (runtimes.md §4), in percent. */
const HEAP = { most: 90, first: 30 };
/** Memory of the instance that makes the archive. */
const TRAINING_MB = 256;
/** Since this major there are modules, unified logging and their options. */
const MODULES_SINCE = 9;
/** What Java 8 and 11 let reflection into, and later ones do not; the shim itself needs java.io. */
const OPEN = [
  'io',
  'lang',
  'lang.invoke',
  'lang.reflect',
  'net',
  'nio',
  'text',
  'time',
  'util',
  'util.concurrent',
];

export const JAVA: RuntimeFamily = { ids: Object.keys(MAJORS), look, prepare };

/** By shim and JRE. */
const preparations = new Preparations();

interface Installed {
  /** The JRE that serves the id. */
  readonly jre: Jre | undefined;
  /** What was looked at, for people. */
  readonly found: string;
  readonly build: ShimBuild;
}

function look(id: string, host: HostSettings): Runtime | MissingRuntime {
  const { jre, found, build } = search(id, host);
  if (!jre) return missingRuntime(id, `a JRE >= ${majorOf(id)}`, found);
  if (build.isBuilt) return runtimeOf(id, jre, build);
  const obstacle = build.obstacle || preparationOf(jre, build).failure;
  if (obstacle === '' && host.fetching) return runtimeOf(id, jre, build);
  const reason =
    obstacle || 'its shim is not built yet, and nothing may be fetched (SLUICE_FETCH_RUNTIMES=0)';
  return unserved(id, `would run on ${nameOf(jre)}, but ${reason}`);
}

function prepare(id: string, host: HostSettings): Promise<void> | undefined {
  const { jre, build } = search(id, host);
  return jre && host.fetching ? preparationOf(jre, build).start() : undefined;
}

function search(id: string, host: HostSettings): Installed {
  const installed = findJres();
  const named = host.interpreters[id];
  const candidates = named === undefined ? installed : [existsSync(named) ? readJre(named) : undefined];
  return {
    jre: candidates.find((each) => each !== undefined && each.major >= majorOf(id)),
    found:
      candidates.map((each) => (each ? nameOf(each) : `${named} (does not answer as Java)`)).join(', ') ||
      'none',
    build: new ShimBuild(host.cache, installed),
  };
}

function preparationOf(jre: Jre, build: ShimBuild): Preparation {
  return preparations.of(`${build.folder} ${jre.home}`, () => make(jre, build));
}

async function make(jre: Jre, build: ShimBuild): Promise<void> {
  await build.build();
  const [java, ...rest] = commandIn(SANDBOX_SHIM, jre);
  const command = { java, options: memoryOptions(TRAINING_MB), rest };
  await makeArchive(jre, build.folder, SANDBOX_SHIM, mountsOf(jre, build), command);
}

function runtimeOf(id: string, jre: Jre, build: ShimBuild): Runtime {
  return {
    id,
    protocol: 'frames',
    state: { state: jre.major === majorOf(id) ? 'exact' : 'compatible', version: nameOf(jre) },
    mounts: mountsOf(jre, build),
    get command() {
      const name = archiveName(jre);
      const [java, ...rest] = commandIn(SANDBOX_SHIM, jre);
      const hasArchive = existsSync(join(build.folder, name));
      return [
        java,
        ...(hasArchive ? [`-XX:SharedArchiveFile=${SANDBOX_SHIM}/${name}`] : []),
        ...rest,
      ] as const;
    },
    bareCommand: commandIn(build.folder, jre),
    memoryOptions,
    path: [join(jre.home, 'bin')],
    environment: () => ({}),
  };
}

function mountsOf(jre: Jre, build: ShimBuild): Mount[] {
  return [...jreMounts(jre), { from: build.folder, to: SANDBOX_SHIM }];
}

function commandIn(folder: string, { home, major }: Jre): Command {
  return [join(home, 'bin', 'java'), ...optionsOf(major), '-cp', classPath(folder), MAIN];
}

function memoryOptions(memoryMb: number): string[] {
  return [heap('x', memoryMb * HEAP.most), heap('s', memoryMb * HEAP.first)];
}

function nameOf({ version }: Jre): string {
  return `Java ${version}`;
}

function majorOf(id: string): number {
  return MAJORS[id] ?? 0;
}

function heap(name: 'x' | 's', percents: number): string {
  return `-Xm${name}${Math.floor(percents / 100)}m`;
}

/** Small heaps and one or two cores are what the serial collector is for; performance data is a file in /tmp. */
function optionsOf(major: number): string[] {
  const options = [
    '-XX:+UseSerialGC',
    '-XX:-UsePerfData',
    '-Xshare:auto',
    // Whatever the function's LANG names: most locales are not installed, and then Java falls back to ASCII.
    '-Dfile.encoding=UTF-8',
    '-Dsun.jnu.encoding=UTF-8',
  ];
  if (major < MODULES_SINCE) return options;
  // The JVM's own warnings would stand on the function's standard output.
  options.push('-Xlog:disable', '-Xlog:all=error:stderr');
  for (const name of OPEN) options.push('--add-opens', `java.base/java.${name}=ALL-UNNAMED`);
  return options;
}
