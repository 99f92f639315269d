/** What `/etc/hosts` is in a sandbox: its own names alone, so that servers can listen on `localhost`. */
import { join } from 'node:path';
import { writeWhole } from '../../platform/whole-file.ts';

/** `sandbox` is the host name that every sandbox has. */
const HOSTS = '127.0.0.1 localhost sandbox\n::1 localhost ip6-localhost\n';

/** Writes the file below `home` and returns its path. */
export function writeHostsFile(home: string): string {
  const path = join(home, 'engine', 'sandbox', 'hosts');
  writeWhole(path, HOSTS, 0o644);
  return path;
}
