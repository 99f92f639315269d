/** Finds what a process started, by the host's numbers. */
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';

/** Numbers are handed out in order, so a child forked at once is nearly always within this distance. */
const NEAR = 32;

/** The child of `parent` with the lowest number, or `undefined` where it has none (yet). */
export function childOf(parent: number): number | undefined {
  for (let pid = parent + 1; pid <= parent + NEAR; pid += 1) if (parentOf(pid) === parent) return pid;
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (Number.isInteger(pid) && parentOf(pid) === parent) return pid;
  }
  return undefined;
}

/** All that `ancestor` started and that has not lost its parent since. */
export function descendantsOf(ancestor: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const parent = Number.isInteger(pid) ? parentOf(pid) : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = [...(children.get(ancestor) ?? [])];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/**
 * Opens the folder in `/proc` of a sandbox's first process, which stays that process's. Its number may come to mean another
 * one, but not while its parent, our child, has not been waited for: so what still has that parent is the right one.
 *
 * @returns a descriptor, to be closed
 * @throws Error where there is no sandbox (any more)
 */
export function openSandbox(first: { readonly pid: number; readonly parent: number } | undefined): number {
  if (!first) throw new Error('there is no sandbox');
  const folder = openSync(`/proc/${first.pid}`, 'r');
  if (parentIn(`/proc/self/fd/${folder}`) === first.parent) return folder;
  closeSync(folder);
  throw new Error('the sandbox has ended');
}

function parentOf(pid: number): number | undefined {
  return parentIn(`/proc/${pid}`);
}

/** @param folder of a process in `/proc` */
function parentIn(folder: string): number | undefined {
  try {
    const stat = readFileSync(`${folder}/stat`, 'latin1');
    // The name in parentheses may hold spaces and parentheses: what follows its last one is `state ppid …`.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}
