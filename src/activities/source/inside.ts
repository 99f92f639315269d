/** Files of a checkout, and nothing else: a repository may hold links that lead to the host's files. */
import { readFile, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import { invalid } from '../failure.ts';

/** Plans and manifests are read whole; larger ones are a mistake or an attack. Bytes. */
const TEXT_LIMIT = 1024 * 1024;

/** The real path of `path` (relative to `root`), or `undefined` where nothing is there. */
export async function pathInside(root: string, path: string): Promise<string | undefined> {
  let real: string;
  try {
    real = await realpath(join(root, path));
  } catch {
    return undefined;
  }
  const way = relative(await realpath(root), real);
  if (way.startsWith('..') || isAbsolute(way))
    throw invalid(`${path} leads out of the repository, which is not allowed`);
  return real;
}

/** The text of a file, or `undefined` where there is none. */
export async function readInside(root: string, path: string): Promise<string | undefined> {
  const real = await pathInside(root, path);
  if (real === undefined) return undefined;
  const { size } = await stat(real);
  if (size > TEXT_LIMIT) throw invalid(`${path} has ${size} bytes; ${TEXT_LIMIT} are allowed`);
  return readFile(real, 'utf8');
}
