/**
 * Open files that this process was started with beside its standard ones. A shell, a terminal or a lock file of whoever
 * started it leaves them open, and every child would get them, sandboxes too.
 */
import { closeSync, readdirSync, readFileSync } from 'node:fs';

/** Linux: set on everything that Node.js opens itself, and on nothing that crosses an exec. */
const O_CLOEXEC = 0o2_000_000;
const FDINFO = '/proc/self/fdinfo';

/** Closes them. Call it first, before anything here could have been given one of them to use. */
export function closeInheritedDescriptors(): void {
  for (const descriptor of inheritable()) if (descriptor > 2) closeSync(descriptor);
}

function inheritable(): number[] {
  let names: string[];
  try {
    names = readdirSync(FDINFO);
  } catch {
    // Not Linux: no sandboxes either.
    return [];
  }
  return names.map(Number).filter((descriptor) => {
    try {
      const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`${FDINFO}/${descriptor}`, 'latin1'))?.[1];
      return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0;
    } catch {
      // The one that read the folder.
      return false;
    }
  });
}
