/**
 * Lays unpacked packages over each other, later ones over earlier (guide.md §12). Files are hard links: a merged folder
 * costs names, not bytes, and packages are never written to.
 */
import { chmod, link, lstat, mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Fills `target`, which must not be there yet. */
export async function mergeFolders(sources: readonly string[], target: string): Promise<void> {
  await makeFolder(target);
  for (const source of sources) await layOver(source, target);
}

async function layOver(source: string, target: string): Promise<void> {
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const from = join(source, entry.name);
    const to = join(target, entry.name);
    const there = await lstat(to).catch(() => undefined);
    if (entry.isDirectory()) {
      if (there && !there.isDirectory()) await rm(to);
      if (!there?.isDirectory()) await makeFolder(to);
      await layOver(from, to);
      continue;
    }
    if (there) await rm(to, { recursive: true });
    if (entry.isSymbolicLink()) await symlink(await readlink(from), to);
    else await link(from, to);
  }
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path);
  await chmod(path, 0o755);
}

/** Bytes of all files below a folder. */
export async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) bytes += (await lstat(join(entry.parentPath, entry.name))).size;
  return bytes;
}
