/**
 * PostgreSQL refuses to run as root, yet a root's home is closed to every other user. Two ways out, both without making
 * the home more open: a user namespace in which root's files belong to a plain user; where namespaces are forbidden (most
 * containers), a plain user that keeps the one capability of passing closed folders.
 */
import { spawnSync } from 'node:child_process';
import { chownSync } from 'node:fs';

/** `nobody`: initdb looks its user up, and this one is in every passwd file. */
const PLAIN_USER = 65_534;

export interface PostgresUser {
  /** Put before a command line of PostgreSQL. */
  readonly prefix: readonly string[];
  /** Gives a folder or file to the user that PostgreSQL runs as. */
  own(path: string): void;
}

export function postgresUser(): PostgresUser {
  if (process.getuid?.() !== 0) return { prefix: [], own: () => undefined };
  const namespace = ['unshare', '--user', `--map-user=${PLAIN_USER}`, `--map-group=${PLAIN_USER}`, '--'];
  const [file = '', ...args] = namespace;
  if (spawnSync(file, [...args, 'true'], { stdio: 'ignore', timeout: 5_000 }).status === 0)
    return { prefix: namespace, own: () => undefined };
  const user = ['--reuid', String(PLAIN_USER), '--regid', String(PLAIN_USER), '--clear-groups'];
  const pass = ['--inh-caps', '+dac_override', '--ambient-caps', '+dac_override'];
  return {
    prefix: ['setpriv', ...user, ...pass, '--'],
    own: (path) => chownSync(path, PLAIN_USER, PLAIN_USER),
  };
}
