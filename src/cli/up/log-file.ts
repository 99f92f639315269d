/** A part's log file: one line an entry, moved aside when it is full. Written at once, so that a kill loses nothing. */
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const FULL_BYTES = 10 * 1024 * 1024;
/** Older files are `<name>.1` (newest) … `<name>.3`. */
const KEPT = 3;

export interface LogFile {
  write(line: string): void;
  close(): void;
}

export function openLogFile(path: string, fullBytes: number = FULL_BYTES): LogFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  let descriptor = openSync(path, 'a', 0o600);
  let size = fstatSync(descriptor).size;
  function rotate(): void {
    closeSync(descriptor);
    for (let number = KEPT - 1; number >= 0; number -= 1) {
      try {
        renameSync(number === 0 ? path : `${path}.${number}`, `${path}.${number + 1}`);
      } catch {
        // That many do not exist yet.
      }
    }
    descriptor = openSync(path, 'a', 0o600);
    size = 0;
  }
  return {
    write: (line) => {
      if (size >= fullBytes) rotate();
      size += writeSync(descriptor, `${line}\n`);
    },
    close: () => closeSync(descriptor),
  };
}
