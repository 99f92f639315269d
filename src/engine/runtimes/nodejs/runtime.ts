/** Node.js: one shim (`shim/`, CommonJS for Node.js 6 and later) and the interpreter that runs the engine itself. */
import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Runtime } from '../runtime.ts';

const ID = /^nodejs(\d+)$/;
const MAJORS = [6, 8, 10, 12, 14, 16, 18, 20];

export const NODEJS_IDS = MAJORS.map((major) => `nodejs${major}`);

/** Where the sandbox shows the interpreter and the shim: outside of every folder that a package may bring. */
const INTERPRETER_FOLDER = '/var/fc/bin';
const SHIM_FOLDER = '/var/fc/runtime';

/** @param id one of `NODEJS_IDS` */
export function nodejsRuntime(id: string): Runtime {
  const major = Number(ID.exec(id)?.[1]);
  const interpreter = realpathSync(process.execPath);
  const shim = shimFolder();
  return {
    id,
    state: {
      state: Number(process.versions.node.split('.')[0]) === major ? 'exact' : 'compatible',
      version: `Node.js ${process.version}`,
    },
    mounts: [
      { from: interpreter, to: `${INTERPRETER_FOLDER}/node` },
      { from: shim, to: SHIM_FOLDER },
    ],
    command: [`${INTERPRETER_FOLDER}/node`, `${SHIM_FOLDER}/main.js`],
    bareCommand: [interpreter, `${shim}/main.js`],
    path: [INTERPRETER_FOLDER],
    environment: () => ({
      NODE_PATH: `/usr/local/lib/node_modules:/opt/nodejs/node${major}/node_modules:/opt/nodejs/node_modules`,
    }),
  };
}

/** The shim is data, not part of the build: from `dist/` it is found in `src/` beside it. */
function shimFolder(): string {
  const candidates = ['./shim', '../../../../src/engine/runtimes/nodejs/shim'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const found = candidates.find((path) => existsSync(path));
  if (!found) throw new Error(`the Node.js shim is in none of ${candidates.join(', ')}; reinstall Sluice`);
  return found;
}
