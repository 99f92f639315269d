/** Reading and writing the small files that cgroups consist of. */
import { readFileSync, writeFileSync } from 'node:fs';

/** The numbers after `keys` in a file of `key value` lines, added up, or the file's only number where no key is given; 0 if there is none. */
export function readNumber(path: string, ...keys: readonly string[]): number {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch {
    return 0;
  }
  if (keys.length === 0) return Number(text) || 0;
  let sum = 0;
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (keys.includes(line.slice(0, space))) sum += Number(line.slice(space + 1)) || 0;
  }
  return sum;
}

export function write(path: string, value: string | number): void {
  writeFileSync(path, String(value));
}

/** For what not every kernel has. */
export function writeIfThere(path: string, value: string | number): void {
  try {
    write(path, value);
  } catch {
    // Older kernels, or swap accounting switched off: there is nothing to limit then.
  }
}

/** The processes in a group; empty where it is gone. */
export function processesIn(folder: string): number[] {
  try {
    return readFileSync(`${folder}/cgroup.procs`, 'latin1').split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
