/**
 * Programs that know nothing of us (PostgreSQL, Temporal) must end with the supervisor, also when it gets kill -9: the
 * kernel sends them a signal at its death. Linux only; elsewhere the next start ends them by the process table.
 */
import { existsSync } from 'node:fs';

const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv', '/usr/local/bin/setpriv'].find((path) =>
  existsSync(path),
);

/** The command line that runs `command` and gets it `signal` when the parent dies. */
export function endingWithParent(signal: NodeJS.Signals, command: readonly string[]): string[] {
  if (process.platform !== 'linux' || !SETPRIV) return [...command];
  return [SETPRIV, '--pdeathsig', signal, '--', ...command];
}

/** The environment of such programs: what finding libraries and text needs, and no secret. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'TERM'];
  return Object.fromEntries(kept.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
