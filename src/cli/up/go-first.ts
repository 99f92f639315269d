/** Processor time for the parts that somebody outside waits for. */
import { readdirSync, writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** Nice value; ten steps are worth nine times the processor time of others, where there is too little for all. */
const AHEAD = -10;
/** Steps that a helper of such a process is behind it, which also puts it behind what goes at the usual pace. */
const BEHIND = 20;

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

/**
 * Lets the helper threads of a process that goes first (Node.js compiles and collects in four) wait for its main thread:
 * on two cores they kept it from answering for several milliseconds at a time. Those that it starts later are as it is.
 */
export function letHelpersWait(pid: number): void {
  try {
    const behind = Math.min(getPriority(pid) + BEHIND, 19);
    for (const thread of readdirSync(`/proc/${pid}/task`).map(Number))
      if (thread !== pid) setPriority(thread, behind);
  } catch {
    // Another system, or the process is gone already.
  }
}
