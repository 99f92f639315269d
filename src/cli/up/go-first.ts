/** Processor time for the parts that somebody outside waits for. */
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** Nice value; ten steps are worth nine times the processor time of others, where there is too little for all. */
const AHEAD = -10;

/**
 * Lets a process, and what it starts from now on, go before what else runs here. Linux may schedule by sessions first
 * (`sched_autogroup_enabled`) and then heeds a process's own value among those of its session only, so both are set.
 * Changes nothing where that takes a right that this user does not have (root's, or CAP_SYS_NICE).
 *
 * @param pid leader of a session of its own
 */
export function goFirst(pid: number): void {
  for (const set of [
    () => setPriority(pid, AHEAD),
    () => writeFileSync(`/proc/${pid}/autogroup`, String(AHEAD)),
  ])
    try {
      set();
    } catch {
      // Not allowed, another system, or the process is gone already.
    }
}
