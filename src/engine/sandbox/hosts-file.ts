/** What `/etc/hosts` is in a sandbox: its own names alone, so that servers can listen on `localhost`. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** `sandbox` is the host name that every sandbox has. */
const HOSTS = '127.0.0.1 localhost sandbox\n::1 localhost ip6-localhost\n';

/** Writes the file below `home` and returns its path. */
export function writeHostsFile(home: string): string {
  const folder = join(home, 'engine', 'sandbox');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'hosts');
  writeFileSync(`${path}.${process.pid}`, HOSTS, { mode: 0o644 });
  renameSync(`${path}.${process.pid}`, path);
  return path;
}
