/** Name servers as resolv.conf(5) lists them. */
import { readFileSync } from 'node:fs';

/** In the order of the file, as they stand there; none where it cannot be read. */
export function readNameServers(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
  } catch {
    return [];
  }
}
