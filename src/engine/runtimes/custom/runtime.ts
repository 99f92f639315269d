/** `custom`: the package's own program serves HTTP. What it finds: this host's `/usr`, and the Node.js of the engine. */
import { realpathSync } from 'node:fs';
import { helperState } from '../../sandbox/perl-helper.ts';
import {
  unserved,
  type Command,
  type MissingRuntime,
  type RuntimeFamily,
  type ServerRuntime,
} from '../runtime.ts';

/** `custom.debian10` differs in the cloud's system image alone; here both run on the host's. */
export const CUSTOM: RuntimeFamily = { ids: ['custom', 'custom.debian10'], look };

const INTERPRETER_FOLDER = '/var/fc/bin';
const BOOTSTRAP = 'bootstrap';

function look(id: string): ServerRuntime | MissingRuntime {
  const dialler = helperState();
  if (!dialler.available) return unserved(id, dialler.reason);
  return {
    id,
    protocol: 'http',
    state: { state: 'exact', version: 'HTTP protocol of custom runtimes' },
    mounts: [{ from: realpathSync(process.execPath), to: `${INTERPRETER_FOLDER}/node` }],
    path: [INTERPRETER_FOLDER],
    environment: (codeFolder) => ({ PYTHONPATH: codeFolder, PYTHONUNBUFFERED: '1' }),
    serverCommand({ server, environment }, codeFolder): Command {
      const [first, ...rest] = server.command;
      if (first !== undefined) return [first, ...rest, ...server.args];
      return [`${codeFolder}/${environment['BOOTSTRAP_FILE'] || BOOTSTRAP}`, ...server.args];
    },
  };
}
