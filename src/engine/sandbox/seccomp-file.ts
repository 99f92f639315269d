/** The seccomp program as a file, because bubblewrap reads it from a descriptor that each start opens anew. */
import { join } from 'node:path';
import type { Logger } from '../../platform/log.ts';
import { seccompProgram } from '../../platform/seccomp.ts';
import { writeWhole } from '../../platform/whole-file.ts';

/** Writes the program below `home`; returns its path, or '' on an architecture without one, which is logged. */
export function writeSeccompFile(home: string, log: Logger): string {
  const program = seccompProgram();
  if (!program) {
    log.warn(`functions run without a seccomp filter: none is known for ${process.arch}`);
    return '';
  }
  const path = join(home, 'engine', 'sandbox', 'seccomp.bpf');
  writeWhole(path, program, 0o600);
  return path;
}
