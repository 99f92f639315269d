/** PHP: one shim for 7.2 and later, and the host's php-cli. */
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

const QUESTION =
  'echo json_encode([PHP_VERSION, realpath(PHP_BINARY), PHP_SAPI, PHP_CONFIG_FILE_PATH, PHP_CONFIG_FILE_SCAN_DIR]);';
const Answer = z
  .tuple([z.string(), z.string().startsWith('/'), z.string(), z.string(), z.string()])
  .transform(([version, program, sapi, ...configuration]) => ({ version, program, sapi, configuration }));
type Interpreter = z.infer<typeof Answer>;

/** Folder of a function's own extensions and settings in its code. */
const EXTENSIONS = 'extension';
/** The time zone is PHP's own, by its settings. */
const START_VARIABLES = /^(?:PHP|USE_ZEND_ALLOC$|TMPDIR$|TZ$)/;
/** Warnings and fatal errors go where `echo` goes, the function's log; the instance's own limits are enough. */
const FLAGS = [
  'display_errors=1',
  'log_errors=0',
  'html_errors=0',
  'memory_limit=-1',
  'max_execution_time=0',
].flatMap((setting) => ['-d', setting]);

export const PHP: RuntimeFamily = { ids: ['php7.2'], look };

function look(id: string, host: HostSettings): Runtime | MissingRuntime {
  const configured = host.interpreters[id];
  const found: string[] = [];
  for (const path of configured ? [configured] : findPrograms(['php7.2', 'php'])) {
    const interpreter = askJson(path, ['-r', QUESTION], Answer);
    if (interpreter && fits(interpreter)) return runtimeOf(id, interpreter);
    found.push(
      `${path} (${interpreter ? `PHP ${interpreter.version}, ${interpreter.sapi}` : 'does not answer as PHP'})`,
    );
  }
  return missingRuntime(id, 'php >= 7.2', found.join(', ') || 'none');
}

function fits({ version, sapi }: Interpreter): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return sapi === 'cli' && (major > 7 || (major === 7 && minor >= 2));
}

function runtimeOf(id: string, { version, program, configuration }: Interpreter): Runtime {
  const shim = shimFolder('php');
  const isSystem = program.startsWith('/usr/');
  const own = isSystem ? [] : [dirname(dirname(program))];
  // Which extensions are on stands in /etc/php on Debian, of which a sandbox shows nothing by itself.
  const settings = configuration.filter((path) => path.startsWith('/etc/')).map((path) => firstTwo(path));
  const mounts: Mount[] = [...new Set([...own, ...settings])].map((path) => ({ from: path, to: path }));
  return {
    id,
    protocol: 'frames',
    state: { state: version.startsWith('7.') ? 'exact' : 'compatible', version: `PHP ${version}` },
    mounts: [...mounts, { from: shim, to: SANDBOX_SHIM }],
    command: [program, ...FLAGS, `${SANDBOX_SHIM}/main.php`],
    bareCommand: [program, ...FLAGS, `${shim}/main.php`],
    waiting: { startVariables: START_VARIABLES, startFolder: EXTENSIONS },
    path: isSystem ? [] : [dirname(program)],
    // The empty part stands for the folder that PHP was built with.
    environment: (codeFolder) => ({ PHP_INI_SCAN_DIR: `:${codeFolder}/${EXTENSIONS}` }),
  };
}

/** `/etc/php/8.2/cli` → `/etc/php`. */
function firstTwo(path: string): string {
  return path.split('/').slice(0, 3).join('/');
}
