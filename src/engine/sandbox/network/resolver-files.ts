/** Files that sandboxes show as `/etc/resolv.conf`: one for the host's servers, and one for each way that functions ask for. */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../../../platform/whole-file.ts';
import type { NameResolution } from '../../invoke/contract.ts';
import { resolverFile } from './resolvers.ts';

export class ResolverFiles {
  readonly #folder: string;
  readonly #resolvers: readonly string[];
  readonly #usual: string;
  readonly #own = new Map<string, string>();

  /** Removes what an earlier engine of the home left: its sandboxes ended with it. */
  constructor(folder: string, resolvers: readonly string[]) {
    this.#folder = join(folder, 'resolv');
    this.#resolvers = resolvers;
    this.#usual = join(folder, 'resolv.conf');
    rmSync(this.#folder, { recursive: true, force: true });
    writeWhole(this.#usual, resolverFile(resolvers), 0o644);
  }

  of(resolution: NameResolution | undefined): string {
    if (!resolution) return this.#usual;
    const text = resolverFile(this.#resolvers, resolution);
    let path = this.#own.get(text);
    if (path === undefined) {
      path = join(this.#folder, createHash('sha256').update(text).digest('hex').slice(0, 24));
      writeWhole(path, text, 0o644);
      this.#own.set(text, path);
    }
    return path;
  }
}
