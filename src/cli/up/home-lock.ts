/**
 * One supervisor a home. The lock is a file made by `link`, which fails where the name exists; a holder that died is
 * recognised by its process mark. `sluice.pid` beside it holds the bare process id, for people and scripts.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, markOf, parseMark, type ProcessMark } from './process-mark.ts';
import { StartError } from './start-error.ts';

export interface HomeLock {
  /** Gives the home free; to be called when no part runs any more. */
  release(): void;
}

/** @throws StartError naming the process that holds the home */
export function lockHome(home: string): HomeLock {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const path = join(home, 'lock');
  const draft = join(home, `lock.${process.pid}`);
  const mine = markOf(process.pid);
  for (let attempt = 0; !take(path, draft, JSON.stringify(mine)); attempt += 1) {
    const holder = readHolder(path);
    if (attempt > 20 || (holder && isAlive(holder)))
      throw new StartError(
        `${home} is in use by process ${holder?.pid ?? 'unknown'}.\n` +
          `Stop it (kill ${holder?.pid ?? 'PID'}), or start this one with its own SLUICE_HOME and ports.`,
      );
    dropStale(path, `${draft}.stale`, holder);
  }
  const pidFile = join(home, 'sluice.pid');
  writeFileSync(pidFile, `${process.pid}\n`);
  return {
    release: () => {
      rmSync(pidFile, { force: true });
      rmSync(path, { force: true });
    },
  };
}

function take(path: string, draft: string, content: string): boolean {
  writeFileSync(draft, content);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Two starts may both find the lock stale; what was moved away by mistake is put back. */
function dropStale(path: string, aside: string, judged: ProcessMark | undefined): void {
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const moved = readHolder(aside);
  if (moved && moved.mark !== judged?.mark) {
    try {
      linkSync(aside, path);
    } catch {
      // A third start took it meanwhile; the next round sees it.
    }
  }
  rmSync(aside, { force: true });
}

function readHolder(path: string): ProcessMark | undefined {
  try {
    return parseMark(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}
