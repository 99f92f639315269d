/** Freezing and ending by the v1 freezer, which has no way to kill a group. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stopper } from './contract.ts';
import { write } from './files.ts';
import { killEach } from './kill-each.ts';

export class StopperV1 implements Stopper {
  readonly #root: string;

  /** @param root this home's folder below the freezer's mount */
  constructor(root: string) {
    this.#root = root;
  }

  readonly folder = (name: string): string => join(this.#root, name);

  setFrozen(name: string, frozen: boolean): void {
    write(join(this.#root, name, 'freezer.state'), frozen ? 'FROZEN' : 'THAWED');
  }

  isFrozen(name: string): boolean {
    return readFileSync(join(this.#root, name, 'freezer.state'), 'latin1').startsWith('FROZEN');
  }

  kill(name: string): void {
    killEach(this, name);
  }
}
