/** Groups of one home: a limiter and a stopper put together, and the life of each group. */
import { mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ensureError } from '../../../platform/errors.ts';
import type { Logger } from '../../../platform/log.ts';
import type { Cgroup, Cgroups, GroupLimits, Limiter, Stopper, Subgroup } from './contract.ts';

const MB = 1024 * 1024;
/** From the last process's end until the kernel lets go of the group; longer on a loaded machine. */
const REMOVE_LIMIT_MS = 10_000;
const REMOVE_POLL_MS = 20;
/** Any name: `folders` of it lie in the folders of all groups. */
const ANY = 'any';

/** Two homes on one machine have groups of their own, and each finds its own again after a crash. @param hash of the home */
export function folderOf(hash: string): string {
  return `sluice-${hash}`;
}

export class HomeGroups implements Cgroups {
  readonly version: Cgroups['version'];
  readonly #limiter: Limiter;
  readonly #stopper: Stopper;
  readonly #log: Logger;

  constructor(version: Cgroups['version'], limiter: Limiter, stopper: Stopper, log: Logger) {
    this.version = version;
    this.#limiter = limiter;
    this.#stopper = stopper;
    this.#log = log;
  }

  create(name: string, limits: GroupLimits): Cgroup {
    const folders = this.#folders(name);
    try {
      for (const folder of folders) mkdirSync(folder, { recursive: true });
      this.#limiter.apply(name, limits);
    } catch (error) {
      // Nothing may run without its limits: with the folders gone, joining fails and the start says so.
      this.#log.error({ err: ensureError(error) }, 'a cgroup cannot be made');
      for (const folder of folders) removeFolder(folder);
    }
    return new HomeGroup(name, folders, this.#limiter, this.#stopper);
  }

  async clear(): Promise<void> {
    const names = new Set(this.#roots().flatMap(childFolders));
    await Promise.all(
      [...names].map((name) =>
        new HomeGroup(name, this.#folders(name), this.#limiter, this.#stopper).remove(),
      ),
    );
  }

  async close(): Promise<void> {
    await this.clear();
    for (const root of this.#roots()) removeFolder(root);
  }

  removeEmpty(hash: string): boolean {
    const roots = this.#roots().map((root) => join(dirname(root), folderOf(hash)));
    for (const root of roots) for (const name of childFolders(root)) removeFolder(join(root, name));
    return roots.filter((root) => !removeFolder(root)).length === 0;
  }

  #roots(): string[] {
    return this.#folders(ANY).map((folder) => dirname(folder));
  }

  #folders(name: string): string[] {
    return [...new Set([...this.#limiter.folders(name), this.#stopper.folder(name)])];
  }
}

class HomeGroup implements Cgroup {
  readonly joinFiles: readonly string[];
  readonly #name: string;
  readonly #folders: readonly string[];
  readonly #limiter: Limiter;
  readonly #stopper: Stopper;
  #peak = 0;
  #removed = false;

  constructor(name: string, folders: readonly string[], limiter: Limiter, stopper: Stopper) {
    this.#name = name;
    this.#folders = folders;
    this.#limiter = limiter;
    this.#stopper = stopper;
    this.joinFiles = folders.map((folder) => `${folder}/cgroup.procs`);
  }

  limit(limits: GroupLimits): void {
    this.#limiter.apply(this.#name, limits);
  }

  setCpuShare(share: number): void {
    try {
      this.#limiter.setCpuShare(this.#name, share);
    } catch {
      // The group is gone, and so are its processes.
    }
  }

  peakMemoryMb(): number {
    if (!this.#removed) this.#peak = Math.max(this.#peak, this.#limiter.peak(this.#name) / MB);
    return this.#peak;
  }

  oomKills(): number {
    return this.#limiter.oomKills(this.#name);
  }

  freeze(): void {
    this.#setFrozen(true);
  }

  get isFrozen(): boolean {
    try {
      return this.#stopper.isFrozen(this.#name);
    } catch {
      return false;
    }
  }

  thaw(): void {
    this.#setFrozen(false);
  }

  #setFrozen(isFrozen: boolean): void {
    try {
      this.#stopper.setFrozen(this.#name, isFrozen);
    } catch {
      // The group is gone, and so are its processes.
    }
  }

  kill(): void {
    try {
      this.#stopper.kill(this.#name);
    } catch {
      // The same.
    }
  }

  part(name: string): Subgroup {
    const full = join(this.#name, name);
    const folder = this.#stopper.folder(full);
    const whole = this.#stopper.folder(this.#name);
    mkdirSync(folder);
    const kill = (): void => {
      try {
        this.#stopper.kill(full);
      } catch {
        // It is gone.
      }
    };
    return {
      joinFiles: [...this.#folders.filter((one) => one !== whole), folder].map(
        (one) => `${one}/cgroup.procs`,
      ),
      kill,
      remove: () => removeFolders([folder], kill),
    };
  }

  async remove(): Promise<void> {
    this.peakMemoryMb();
    this.#removed = true;
    await removeFolders(this.#folders, () => this.kill());
  }
}

async function removeFolders(folders: readonly string[], kill: () => void): Promise<void> {
  const deadline = Date.now() + REMOVE_LIMIT_MS;
  for (;;) {
    const left = folders.filter((folder) => !removeFolder(folder));
    if (left.length === 0 || Date.now() > deadline) return;
    kill();
    await pause(REMOVE_POLL_MS);
  }
}

/** Whether the folder is gone. */
function removeFolder(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    const parts = childFolders(folder);
    return (
      parts.length > 0 && parts.every((part) => removeFolder(join(folder, part))) && removeFolder(folder)
    );
  }
}

function childFolders(root: string): string[] {
  try {
    return readdirSync(root, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? entry.name : [],
    );
  } catch {
    return [];
  }
}
