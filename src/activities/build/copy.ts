/** Copies of code folders: links stay links (they are checked when packaged), git's own folder stays behind. */
import { cp } from 'node:fs/promises';
import { basename } from 'node:path';

/** Copies the content of `from` into `to`. */
export async function copyCode(from: string, to: string): Promise<void> {
  await cp(from, to, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => basename(path) !== '.git',
  });
}
