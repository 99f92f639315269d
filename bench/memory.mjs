/** What the processes of a stack take, by part: proportional memory (PSS: shared pages counted once), processor time. */
import { readFileSync, readdirSync } from 'node:fs';

/** Linux counts the times of processes in hundredths of a second for every program (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** @returns {{all: number, parts: Record<string, number>}} megabytes; `engine` with the instances that it keeps */
export function memoryOf(stack) {
  const pids = stack.parts();
  const parts = {
    supervisor: treeOf(stack.supervisorPid, new Set(Object.values(pids))),
    ...Object.fromEntries(Object.entries(pids).map(([part, pid]) => [part, treeOf(pid, new Set())])),
  };
  return { all: Object.values(parts).reduce((sum, mb) => sum + mb, 0), parts };
}

export function measureMemory(stack) {
  const { all, parts } = memoryOf(stack);
  return [
    { figure: 'memory at rest, all processes (PSS)', value: `${Math.round(all)} MB`, aim: '≤ 900 MB' },
    ...Object.entries(parts)
      .toSorted(([, a], [, b]) => b - a)
      .map(([part, mb]) => ({ figure: `— ${part}`, value: `${Math.round(mb)} MB`, aim: '' })),
  ];
}

/** Processor time that each part has used since it began, with its children that still run; seconds. */
export function processorOf(stack) {
  return Object.fromEntries(Object.entries(stack.parts()).map(([part, pid]) => [part, secondsOf(pid)]));
}

/** When a process began, from the boot of the machine; milliseconds. */
export function startedMs(pid) {
  return (Number(statOf(pid)[19]) / TICKS_PER_SECOND) * 1_000;
}

function secondsOf(pid) {
  const fields = statOf(pid);
  const own = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  return own + childrenOf(pid).reduce((sum, child) => sum + secondsOf(child), 0);
}

/** Fields of /proc/<pid>/stat behind the name, which may have spaces. */
function statOf(pid) {
  return readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
}

function treeOf(pid, without) {
  if (without.has(pid)) return 0;
  const own = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  return (
    Number(own?.[1] ?? 0) / 1_024 + childrenOf(pid).reduce((sum, child) => sum + treeOf(child, without), 0)
  );
}

/** Its children and theirs; without those of a process that ended meanwhile. */
export function descendantsOf(pid) {
  try {
    return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
  } catch {
    return [];
  }
}

/** Fails where the process is gone. */
function childrenOf(pid) {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}
