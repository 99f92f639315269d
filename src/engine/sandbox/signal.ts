/** Signals to processes that may have ended by themselves, which is no error. */

/** @param pid negative: the whole process group */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Already gone.
  }
}
