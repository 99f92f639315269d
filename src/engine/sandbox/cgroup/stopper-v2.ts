/** Freezing and ending by cgroups v2. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Stopper } from './contract.ts';
import { processesIn, readNumber, write } from './files.ts';

export class StopperV2 implements Stopper {
  readonly #root: string;

  /** @param root this home's folder */
  constructor(root: string) {
    this.#root = root;
  }

  readonly folder = (name: string): string => join(this.#root, name);

  setFrozen(name: string, frozen: boolean): void {
    write(join(this.#root, name, 'cgroup.freeze'), frozen ? 1 : 0);
  }

  isFrozen(name: string): boolean {
    return readNumber(join(this.#root, name, 'cgroup.events'), 'frozen') === 1;
  }

  kill(name: string): void {
    const folder = this.folder(name);
    // `cgroup.kill` came with Linux 5.14.
    if (existsSync(`${folder}/cgroup.kill`)) {
      write(`${folder}/cgroup.kill`, 1);
      return;
    }
    this.setFrozen(name, true);
    for (const pid of processesIn(folder))
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    this.setFrozen(name, false);
  }
}
