/**
 * Byte-for-byte reproducible zips: the same files give the same bytes on any day, in any time zone, whoever built
 * them. Names are sorted, times and owners are left out, of the modes only "executable" stays.
 */
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { ZipArchive } from 'archiver';
import { FAILURES } from '../../domain/release/failures.ts';
import { finalFailure } from '../failure.ts';
import type { Ignore } from './ignore.ts';

/** MS-DOS times begin in 1980 and have no zone; any fixed one does. */
const FIXED_TIME = new Date(Date.UTC(2000, 0, 1));

interface Entry {
  /** Relative to the folder, `/`-separated. */
  readonly path: string;
  readonly link: string | null;
  readonly mode: number;
}

/** Zips the folder's files. @throws ApplicationFailure `Invalid` for links that lead out and for special files */
export async function zipFolder(folder: string, ignore: Ignore): Promise<Buffer> {
  const archive = new ZipArchive({ zlib: { level: 9 } });
  const chunks: Buffer[] = [];
  archive.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve, reject) => {
    archive.on('end', resolve);
    archive.on('error', reject);
    archive.on('warning', reject);
  });
  const entries = await listEntries(folder, ignore);
  for (const { path, link, mode } of entries)
    if (link === null)
      archive.append(await readFile(join(folder, path)), { name: path, date: FIXED_TIME, mode });
    else archive.append(link, { name: path, date: FIXED_TIME, mode, type: 'symlink' });
  await archive.finalize();
  await ended;
  return Buffer.concat(chunks);
}

async function listEntries(folder: string, ignore: Ignore): Promise<Entry[]> {
  const entries: Entry[] = [];
  async function walk(below: string): Promise<void> {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (ignore(path, entry.isDirectory())) continue;
      if (entry.isDirectory()) await walk(path);
      else if (entry.isSymbolicLink()) entries.push(await linkEntry(folder, path));
      else if (entry.isFile()) {
        const { mode } = await lstat(join(folder, path));
        entries.push({ path, link: null, mode: (mode & 0o111) === 0 ? 0o644 : 0o755 });
      } else throw unusable(path, 'is neither a file nor a link');
    }
  }
  await walk('');
  // By code point, not by the host's language.
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function linkEntry(folder: string, path: string): Promise<Entry> {
  const link = await readlink(join(folder, path));
  const target = posix.normalize(posix.join(posix.dirname(path), link));
  if (posix.isAbsolute(link) || target === '..' || target.startsWith('../'))
    throw unusable(path, `is a link to ${link}, outside the function's folder`);
  return { path, link, mode: 0o777 };
}

function unusable(path: string, why: string): Error {
  return finalFailure(FAILURES.invalid, `${path} ${why}; it cannot be packaged`, { logTail: [] });
}
