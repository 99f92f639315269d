/** Python: one shim for CPython 2.7 and 3.6 or later, and whichever interpreter of the host fits the id. */
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Mount } from '../../../platform/sandbox.ts';
import { askJson, findPrograms } from '../interpreters.ts';
import {
  missingRuntime,
  type HostSettings,
  type MissingRuntime,
  type Runtime,
  type RuntimeFamily,
} from '../runtime.ts';
import { SANDBOX_SHIM, shimFolder } from '../shim-folder.ts';

/** The least version of each id, and whether a newer minor version is the runtime itself or a stand-in. */
const WANTED: Readonly<Record<string, { major: number; minor: number; isAnyMinor: boolean }>> = {
  'python2.7': { major: 2, minor: 7, isAnyMinor: true },
  python3: { major: 3, minor: 6, isAnyMinor: true },
  'python3.9': { major: 3, minor: 9, isAnyMinor: false },
  'python3.10': { major: 3, minor: 10, isAnyMinor: false },
};

/** Python 2 has no `sys.implementation`. A virtual environment is left for the installation below it. */
const QUESTION = `import sys, os, json
base = getattr(sys, 'base_prefix', sys.prefix)
name = 'python%d.%d' % sys.version_info[:2]
program = os.path.join(base, 'bin', name)
print(json.dumps({'version': list(sys.version_info[:3]), 'prefix': base,
  'program': program if os.path.exists(program) else os.path.realpath(sys.executable),
  'implementation': getattr(getattr(sys, 'implementation', None), 'name', 'cpython')}))`;

const Answer = z.object({
  version: z.tuple([z.int(), z.int(), z.int()]),
  prefix: z.string().startsWith('/'),
  program: z.string().startsWith('/'),
  implementation: z.string(),
});
type Interpreter = z.infer<typeof Answer>;

/** No environment, no user's folder, no host's packages, nothing compiled into the code folder. */
const FLAGS = ['-E', '-s', '-S', '-B'];
/** Because of `-E` none of its own; `PYTHONPATH` and `PYTHONUSERBASE` are the shim's, which looks at them later. */
const START_VARIABLES = /^TZ$/;

export const PYTHON: RuntimeFamily = { ids: Object.keys(WANTED), look };

function look(id: string, host: HostSettings): Runtime | MissingRuntime {
  const wanted = WANTED[id];
  if (!wanted) throw new Error(`${id} is no Python runtime`);
  const configured = host.interpreters[id];
  // Python 2 is served only where the operator names one: nobody maintains it.
  const paths = configured
    ? [configured]
    : wanted.major === 2
      ? []
      : findPrograms([`python${wanted.major}.${wanted.minor}`, 'python3']);
  const found: string[] = [];
  for (const path of paths) {
    const interpreter = askJson(path, ['-E', '-s', '-c', QUESTION], Answer);
    if (interpreter && fits(interpreter, wanted)) return runtimeOf(id, interpreter, wanted);
    found.push(`${path} (${interpreter ? nameOf(interpreter) : 'does not answer as Python'})`);
  }
  const need = wanted.major === 2 ? 'python 2.7' : `python >= ${wanted.major}.${wanted.minor}`;
  return missingRuntime(id, need, found.join(', ') || 'none');
}

function fits(
  { version: [major, minor], implementation }: Interpreter,
  wanted: { major: number; minor: number },
): boolean {
  return implementation === 'cpython' && major === wanted.major && minor >= wanted.minor;
}

function nameOf({ version, implementation }: Interpreter): string {
  return `${implementation === 'cpython' ? 'Python' : implementation} ${version.join('.')}`;
}

function runtimeOf(
  id: string,
  interpreter: Interpreter,
  wanted: { minor: number; isAnyMinor: boolean },
): Runtime {
  const shim = shimFolder('python');
  const { program, prefix } = interpreter;
  const isSystem = prefix === '/usr' || prefix.startsWith('/usr/');
  const own: Mount[] = isSystem ? [] : [{ from: prefix, to: prefix }];
  return {
    id,
    protocol: 'frames',
    state: {
      state: wanted.isAnyMinor || interpreter.version[1] === wanted.minor ? 'exact' : 'compatible',
      version: nameOf(interpreter),
    },
    // At its own path: an interpreter finds its library, and often libpython, by where it was installed.
    mounts: [...own, { from: shim, to: SANDBOX_SHIM }],
    command: [program, ...FLAGS, `${SANDBOX_SHIM}/main.py`],
    bareCommand: [program, ...FLAGS, `${shim}/main.py`],
    waiting: { startVariables: START_VARIABLES },
    path: isSystem ? [] : [dirname(program)],
    environment: () => ({ PYTHONUNBUFFERED: '1' }),
  };
}
