/** Ends instances from outside, by kill -9 of any of their processes, and remembers which and when. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { instanceGroups } from './leaks.mjs';

/** A busy machine may take this long until the engine learns of an end; who comes meanwhile counts on that instance still. */
const NOTICE_MS = 5_000;

export class Killer {
  /** Instance id → when a process of it was killed, `performance.now()`. */
  killed = new Map();
  #home;
  #random;

  constructor(home, random) {
    this.#home = home;
    this.#random = random;
  }

  /** Any process of any instance, one that is just being made counted in. */
  strike() {
    const instances = instanceGroups(this.#home);
    const folder = instances[Math.floor(this.#random() * instances.length)];
    const pids = folder === undefined ? [] : processesIn(folder);
    const pid = pids[Math.floor(this.#random() * pids.length)];
    // Before the signal: its answer must not overtake the note.
    if (pid === undefined) return;
    const id = basename(folder);
    if (!this.killed.has(id)) this.killed.set(id, performance.now());
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself meanwhile.
    }
  }

  /** Whether any instance was killed between two moments, or just before: what a call that never reached one may be told of. */
  struckBetween(fromMs, toMs) {
    for (const at of this.killed.values()) if (at >= fromMs - NOTICE_MS && at <= toMs) return true;
    return false;
  }
}

function processesIn(folder) {
  try {
    return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
