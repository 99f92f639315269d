/**
 * What a runtime fetches or builds on this host lies in folders of the cache, which homes share. A folder that is there
 * is whole: it is made under another name and renamed, so a kill or a second engine leaves no half one.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Makes `folder` unless it is there.
 *
 * @param fill gets an empty folder to work in; returns the folder, in it or itself, that becomes `folder`
 */
export async function makeCachedFolder(
  folder: string,
  fill: (work: string) => Promise<string>,
): Promise<void> {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  await mkdir(parent, { recursive: true });
  const work = await mkdtemp(join(parent, '.part-'));
  try {
    const made = await fill(work);
    // Sandboxes read it as a plain user.
    await chmod(made, 0o755);
    // Whoever was faster has the same in it.
    await rename(made, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Name of a folder for what is made of `seed` and these files: a change of either is another folder, never a mixture. */
export function nameByContent(seed: string, files: readonly string[]): string {
  const hash = createHash('sha256').update(seed);
  for (const file of files) hash.update(readFileSync(file)).update('\0');
  return hash.digest('hex').slice(0, 16);
}

/**
 * Checks a file that somebody else's tool brought.
 *
 * @param wanted SHA-256 in hex @param mend what to look at where it is another
 * @throws Error where it is not these very bytes
 */
export function verifyFile(file: string, wanted: string, tool: string, mend: string): void {
  const found = createHash('sha256').update(readFileSync(file)).digest('hex');
  if (found !== wanted)
    throw new Error(
      `${tool} brought another ${basename(file)} than the pinned one (SHA-256 ${found}, wanted ${wanted}); check the ${mend} that it is configured with`,
    );
}
