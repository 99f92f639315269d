/** What belongs to one home but lies outside of it (sockets, cgroups, links) carries this in its name. */
import { createHash } from 'node:crypto';

/** Twelve hexadecimal digits. @param home `SLUICE_HOME`, absolute */
export function homeHash(home: string): string {
  return createHash('sha256').update(home).digest('hex').slice(0, 12);
}
