/** Node.js: one shim (`shim/`, CommonJS for Node.js 6 and later) and the interpreter that runs the engine itself. */
import { realpathSync } from 'node:fs';
import type { RuntimeFamily, ShimRuntime } from '../runtime.ts';
import { SANDBOX_SHIM, shimFolder } from '../shim-folder.ts';

const ID = /^nodejs(\d+)$/;
const MAJORS = [6, 8, 10, 12, 14, 16, 18, 20];

export const NODEJS_IDS = MAJORS.map((major) => `nodejs${major}`);
export const NODEJS: RuntimeFamily = { ids: NODEJS_IDS, look };

/** Where the sandbox shows the interpreter. */
const INTERPRETER_FOLDER = '/var/fc/bin';

function look(id: string): ShimRuntime {
  const major = Number(ID.exec(id)?.[1]);
  const interpreter = realpathSync(process.execPath);
  const shim = shimFolder('nodejs');
  return {
    id,
    protocol: 'frames',
    state: {
      state: Number(process.versions.node.split('.')[0]) === major ? 'exact' : 'compatible',
      version: `Node.js ${process.version}`,
    },
    mounts: [
      { from: interpreter, to: `${INTERPRETER_FOLDER}/node` },
      { from: shim, to: SANDBOX_SHIM },
    ],
    command: [`${INTERPRETER_FOLDER}/node`, `${SANDBOX_SHIM}/main.js`],
    bareCommand: [interpreter, `${shim}/main.js`],
    // V8 collects by the size of the machine otherwise, long after the kernel ended the instance.
    memoryOptions: (memoryMb) => [`--max-old-space-size=${memoryMb}`],
    path: [INTERPRETER_FOLDER],
    environment: () => ({
      NODE_PATH: `/usr/local/lib/node_modules:/opt/nodejs/node${major}/node_modules:/opt/nodejs/node_modules`,
    }),
  };
}
