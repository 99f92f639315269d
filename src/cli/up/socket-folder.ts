/**
 * Where PostgreSQL's unix socket lies. The whole path must stay under 107 bytes (sun_path), so a home with a long path
 * gets a short folder elsewhere, named by a hash of the home and checked to be ours: /tmp belongs to everybody.
 */
import { lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { homeHash } from '../../platform/home-hash.ts';
import { StartError } from './start-error.ts';

const LONGEST_SOCKET_BYTES = 106;
/** PostgreSQL's setting is a list, where a comma or a quote would need care. */
const PLAIN_PATH = /^[\w./@+-]+$/;
const FILE = '.s.PGSQL.5432.lock';

/** The folder for this home, made when missing, closed to others. */
export function socketFolder(home: string, runtimeFolder: string | undefined): string {
  const near = join(home, 'run', 'pg');
  const folder = fits(near) ? near : farFolder(home, runtimeFolder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = lstatSync(folder);
  if (!stat.isDirectory() || (stat.uid !== process.getuid?.() && process.getuid?.() !== 0))
    throw new StartError(`${folder} belongs to somebody else; remove it or choose another SLUICE_HOME`);
  return folder;
}

function farFolder(home: string, runtimeFolder: string | undefined): string {
  const name = `sluice-${process.getuid?.() ?? 0}-${homeHash(home)}`;
  const candidates = [...(runtimeFolder ? [runtimeFolder] : []), '/tmp'].map((base) => join(base, name));
  const found = candidates.find(fits);
  if (!found) throw new StartError('no folder is short enough for the database socket');
  return found;
}

function fits(folder: string): boolean {
  return PLAIN_PATH.test(folder) && Buffer.byteLength(join(folder, FILE)) <= LONGEST_SOCKET_BYTES;
}
