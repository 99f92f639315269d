/**
 * Tells a process from a later one that got the same number: by the boot it belongs to and the tick it began at. Where
 * there is no /proc (not Linux), only whether the number is in use is known.
 */
import { readFileSync } from 'node:fs';

export interface ProcessMark {
  readonly pid: number;
  /** Boot id and start tick; `in-use` where neither is known. */
  readonly mark: string;
}

/** The mark of a running process, or `undefined` when there is no such process (or it is a zombie). */
export function markOf(pid: number): ProcessMark | undefined {
  if (process.platform !== 'linux') return isInUse(pid) ? { pid, mark: 'in-use' } : undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in field 2 may hold blanks and brackets; the fields after it are counted from the last bracket.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return { pid, mark: `${boot}:${fields[19]}` };
  } catch {
    return undefined;
  }
}

/** True while exactly this process runs. */
export function isAlive(marked: ProcessMark): boolean {
  return markOf(marked.pid)?.mark === marked.mark;
}

/** Reads what JSON holds; anything else than a mark is `undefined`. */
export function parseMark(value: unknown): ProcessMark | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, mark } = value as Partial<ProcessMark>;
  return typeof pid === 'number' && pid > 1 && typeof mark === 'string' ? { pid, mark } : undefined;
}

function isInUse(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
