/** The seccomp program as a file, because bubblewrap reads it from a descriptor that each start opens anew. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../../platform/log.ts';
import { seccompProgram } from '../../platform/seccomp.ts';

/** Writes the program below `home`; returns its path, or '' on an architecture without one, which is logged. */
export function writeSeccompFile(home: string, log: Logger): string {
  const program = seccompProgram();
  if (!program) {
    log.warn(`functions run without a seccomp filter: none is known for ${process.arch}`);
    return '';
  }
  const folder = join(home, 'engine', 'sandbox');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'seccomp.bpf');
  writeFileSync(`${path}.${process.pid}`, program, { mode: 0o600 });
  renameSync(`${path}.${process.pid}`, path);
  return path;
}
