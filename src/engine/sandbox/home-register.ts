/**
 * Homes whose engines made something on this host that a kill leaves behind. One file a home, named by its hash, that says
 * which it is: what is left of a deleted home is removed by any start that can see it, so each network namespace of engines
 * has a folder of its own.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { homeHash } from '../../platform/home-hash.ts';
import { writeWhole } from '../../platform/whole-file.ts';

export interface HomeRegister {
  /** Hashes of homes that are no more. */
  readonly gone: readonly string[];
  /** Call it when nothing is left of the home. */
  remove(hash: string): void;
}

const HOMES = '/run/sluice/homes';

/**
 * Enters `home`. Call it before anything is made in its name.
 *
 * @returns `undefined` where nothing can be kept: without root, or where `/run` cannot be written
 */
export function enterHome(home: string): HomeRegister | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const folder = join(HOMES, readlinkSync('/proc/self/ns/net').replaceAll(/\D/g, ''));
  const own = homeHash(home);
  try {
    writeWhole(join(folder, own), home, 0o600);
  } catch {
    return undefined;
  }
  return {
    gone: readdirSync(folder).filter(
      (hash) => /^[0-9a-f]{12}$/.test(hash) && hash !== own && !existsSync(homeIn(join(folder, hash))),
    ),
    remove: (hash) => rmSync(join(folder, hash), { force: true }),
  };
}

/** Another engine may have just ended and removed it: the root folder, which exists, stands for that. */
function homeIn(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '/';
  }
}
