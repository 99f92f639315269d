/**
 * Which process is which part: `run/<part>.pid` for people and tests, `run/processes.json` with marks for the next
 * start, which ends what a killed supervisor left behind before it starts anything.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isAlive, markOf, parseMark, type ProcessMark } from './process-mark.ts';

/** What is left notices its supervisor's end by itself; after this long it is helped. */
const PATIENCE_MS = 6_000;

export interface ProcessTable {
  set(part: string, pid: number): void;
  clear(part: string): void;
}

export function createProcessTable(home: string): ProcessTable {
  const folder = join(home, 'run');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const marks = new Map<string, ProcessMark>();
  function save(): void {
    const path = join(folder, 'processes.json');
    writeFileSync(`${path}.draft`, JSON.stringify(Object.fromEntries(marks)));
    renameSync(`${path}.draft`, path);
  }
  return {
    set: (part, pid) => {
      const mark = markOf(pid);
      if (!mark) return;
      marks.set(part, mark);
      save();
      writeFileSync(join(folder, `${part}.pid`), `${pid}\n`);
    },
    clear: (part) => {
      marks.delete(part);
      save();
      rmSync(join(folder, `${part}.pid`), { force: true });
    },
  };
}

/** Ends the parts of an earlier supervisor that was killed; answers their names. */
export async function endLeftovers(home: string): Promise<string[]> {
  const left = readTable(home).filter(([, mark]) => isAlive(mark));
  const deadline = Date.now() + PATIENCE_MS;
  for (const [, { pid }] of left) signalGroup(pid, 'SIGTERM');
  while (left.some(([, mark]) => isAlive(mark)) && Date.now() < deadline) await pause(50);
  for (const [, mark] of left) if (isAlive(mark)) signalGroup(mark.pid, 'SIGKILL');
  while (left.some(([, mark]) => isAlive(mark)) && Date.now() < deadline + PATIENCE_MS) await pause(50);
  return left.map(([part]) => part);
}

/** Every part leads a process group of its own, so that what it started goes with it. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, signal);
      return;
    } catch {
      // No such group: perhaps it did not get to lead one.
    }
  }
}

function readTable(home: string): [string, ProcessMark][] {
  try {
    const stored = JSON.parse(readFileSync(join(home, 'run', 'processes.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    return Object.entries(stored).flatMap(([part, value]) => {
      const mark = parseMark(value);
      return mark ? [[part, mark] as [string, ProcessMark]] : [];
    });
  } catch {
    return [];
  }
}
