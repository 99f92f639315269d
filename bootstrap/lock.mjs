/**
 * One at a time, also across processes and clones: a lock is a file with its holder's process id, made by `link`, which
 * fails where the name exists. A holder that is gone is noticed by its id and start time.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Runs `work` while holding the lock at `path`.
 *
 * @param {string} path
 * @param {(holder: number) => void} onWait called when another process holds it
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 * @template T
 */
export async function withLock(path, onWait, work) {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  const mine = JSON.stringify({ pid: process.pid, begun: startMark(process.pid) });
  while (!take(path, draft, mine)) {
    const holder = read(path);
    if (holder && startMark(holder.pid) === holder.begun) {
      onWait(holder.pid);
      await pause(250);
    } else if (holder) {
      dropStale(path, `${draft}.stale`, holder);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path, draft, mine) {
  writeFileSync(draft, mine);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Two waiters may both find the lock stale; what was moved away by mistake is put back. */
function dropStale(path, aside, holder) {
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const moved = read(aside);
  if (moved && (moved.pid !== holder.pid || moved.begun !== holder.begun)) {
    try {
      linkSync(aside, path);
    } catch {
      // A third process took it meanwhile.
    }
  }
  rmSync(aside, { force: true });
}

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** When a process began, in clock ticks since boot; `gone` without such a process; where /proc is missing, `unknown`. */
function startMark(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    if (process.platform === 'linux') return 'gone';
  }
  try {
    process.kill(pid, 0);
    return 'unknown';
  } catch (error) {
    return error.code === 'EPERM' ? 'unknown' : 'gone';
  }
}
