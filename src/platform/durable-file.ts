/** Files that a power cut must not take back: bytes are on the disk before they get their name, and then the name is too. */
import { open, rename, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a new file; its bytes are on the disk when this returns. @throws Error also where there is such a file */
export async function writeDurably(path: string, bytes: Buffer, mode: number): Promise<void> {
  await closing(await open(path, 'wx', mode), async (file) => {
    await file.writeFile(bytes);
    await file.sync();
  });
}

/** Gives a file in the same folder its name, for good. */
export async function renameDurably(draft: string, path: string): Promise<void> {
  await rename(draft, path);
  await closing(await open(dirname(path), 'r'), (folder) => folder.sync());
}

async function closing(file: FileHandle, use: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await use(file);
  } finally {
    await file.close();
  }
}
