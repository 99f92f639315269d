import { readFileSync } from 'node:fs';

/** A dead process that nobody has reaped counts as dead. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}
