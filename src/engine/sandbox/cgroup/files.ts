/** Reading and writing the small files that cgroups consist of. */
import { readFileSync, writeFileSync } from 'node:fs';

/** The number after `key` in a file of `key value` lines, or the file's only number where no key is given; 0 if there is none. */
export function readNumber(path: string, key?: string): number {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch {
    return 0;
  }
  if (key === undefined) return Number(text) || 0;
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (line.slice(0, space) === key) return Number(line.slice(space + 1)) || 0;
  }
  return 0;
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
