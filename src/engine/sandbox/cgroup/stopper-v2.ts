/** Freezing and ending by cgroups v2. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Stopper } from './contract.ts';
import { readNumber, write } from './files.ts';
import { killEach } from './kill-each.ts';

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
    const file = `${this.folder(name)}/cgroup.kill`;
    // It came with Linux 5.14.
    if (existsSync(file)) write(file, 1);
    else killEach(this, name);
  }
}
