/**
 * Node.js: one shim (`shim/`, CommonJS for Node.js 6 and later). An id is served by the interpreter that the operator
 * named, by the one that runs the engine where that has the major, by a fetched binary of it, and else by the engine's
 * own as a stand-in.
 */
import { realpathSync } from 'node:fs';
import { askProgram } from '../interpreters.ts';
import {
  missingRuntime,
  type HostSettings,
  type MissingRuntime,
  type Runtime,
  type RuntimeFamily,
} from '../runtime.ts';
import { SANDBOX_CODE } from '../../sandbox/process.ts';
import { SANDBOX_SHIM, shimFolder } from '../shim-folder.ts';
import { cachedBinary, type NodeBinary } from './binaries.ts';

const ID = /^nodejs(\d+)(\.\d+)?$/;
/** The shim's oldest; what is older runs on it, as `compatible`. */
const OLDEST_MAJOR = 6;
const MAJORS = [OLDEST_MAJOR, 8, 10, 12, 14, 16, 18, 20];
/** Runtimes in which an exception of the handler ends the process, as any that nobody catches. */
const ENDING_BY_EXCEPTION = ['nodejs4.4', 'nodejs6'];

export const NODEJS_IDS = ['nodejs4.4', ...MAJORS.map((major) => `nodejs${major}`)];
export const NODEJS: RuntimeFamily = { ids: NODEJS_IDS, look, prepare };

/** Where the sandbox shows the interpreter. */
const INTERPRETER_FOLDER = '/var/fc/bin';
/** The time zone among them: before Node.js 13 it is read once; `HOME`, because modules are looked for in `.node_modules` there. */
const START_VARIABLES = /^(?:NODE_(?!ENV$)|UV_|OPENSSL_|SSL_|ICU_|TZ$|HOME$)/;
const OWN: NodeBinary = { path: process.execPath, version: process.version };

function look(id: string, host: HostSettings): Runtime | MissingRuntime {
  const major = majorOf(id);
  const configured = host.interpreters[id];
  const named = configured === undefined ? undefined : ask(configured);
  if (configured !== undefined && named === undefined)
    return missingRuntime(id, `Node.js ${major}`, `${configured} (does not answer as Node.js)`);
  const binary = named ?? exact(servedBy(major), host) ?? OWN;
  const interpreter = realpathSync(binary.path);
  const shim = shimFolder('nodejs');
  const options = ENDING_BY_EXCEPTION.includes(id) ? ['--exceptions-end'] : [];
  return {
    id,
    protocol: 'frames',
    state: {
      state: versionMajor(binary) === major ? 'exact' : 'compatible',
      version: `Node.js ${binary.version}`,
    },
    mounts: [
      { from: interpreter, to: `${INTERPRETER_FOLDER}/node` },
      { from: shim, to: SANDBOX_SHIM },
    ],
    command: [`${INTERPRETER_FOLDER}/node`, `${SANDBOX_SHIM}/main.js`, ...options],
    bareCommand: [interpreter, `${shim}/main.js`, ...options],
    // V8 collects by the size of the machine otherwise, long after the kernel ended the instance.
    memoryOptions: (memoryMb) => [`--max-old-space-size=${memoryMb}`],
    waiting: { startVariables: START_VARIABLES },
    path: [INTERPRETER_FOLDER],
    environment: (codeFolder) => ({
      NODE_PATH: [
        '/usr/local/lib/node_modules',
        `${codeFolder === SANDBOX_CODE ? SANDBOX_SHIM : shim}/modules`,
        `/opt/nodejs/node${major}/node_modules`,
        '/opt/nodejs/node_modules',
      ].join(':'),
    }),
  };
}

function prepare(id: string, host: HostSettings): Promise<void> | undefined {
  const major = servedBy(majorOf(id));
  if (host.interpreters[id] !== undefined || versionMajor(OWN) === major) return undefined;
  return host.fetching?.prepare(major);
}

function exact(major: number, { cache }: HostSettings): NodeBinary | undefined {
  return versionMajor(OWN) === major ? OWN : cachedBinary(cache, major);
}

function ask(path: string): NodeBinary | undefined {
  const version = askProgram(path, ['--version'])?.trim();
  return version !== undefined && /^v\d+\.\d+\.\d+/.test(version) ? { path, version } : undefined;
}

function servedBy(major: number): number {
  return Math.max(major, OLDEST_MAJOR);
}

function majorOf(id: string): number {
  return Number(ID.exec(id)?.[1]);
}

function versionMajor({ version }: NodeBinary): number {
  return Number(/^v(\d+)\./.exec(version)?.[1]);
}
