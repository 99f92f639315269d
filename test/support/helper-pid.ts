/** Finds a Perl helper that this process has started, and what it has started. */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * @param script e.g. `mounter.pl`
 * @throws Error when there is none
 */
export function helperPid(script: string): number {
  const found = readdirSync('/proc').find((pid) => {
    try {
      return (
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(script) &&
        readFileSync(`/proc/${pid}/status`, 'utf8').includes(`\nPPid:\t${process.pid}\n`)
      );
    } catch {
      return false;
    }
  });
  if (found === undefined) throw new Error(`no ${script} runs`);
  return Number(found);
}

/** Their numbers, as the kernel writes them; empty: none. */
export function childrenOf(pid: number): string {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
}
