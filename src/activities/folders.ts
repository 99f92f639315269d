/**
 * Where things lie below `SLUICE_HOME`. A folder with its final name is complete: it is made under another name and
 * renamed, so that a killed worker leaves no half one.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface WorkFolders {
  readonly root: string;
  /** Clean checkout of the release's commit. */
  readonly source: string;
  /** Copy of it in which declared commands run. */
  readonly tree: string;
  /** Code of one function as it goes into the package. */
  function(service: string, name: string): string;
}

/** Folders of one release. */
export function workFolders(home: string, releaseId: string): WorkFolders {
  const root = join(home, 'work', releaseId);
  return {
    root,
    source: join(root, 'source'),
    tree: join(root, 'tree'),
    function: (service, name) => join(root, 'functions', service, name),
  };
}

/** Makes `folder` by `fill`, all or nothing; what stands at its place is replaced. */
export async function makeFolder(folder: string, fill: (draft: string) => Promise<void>): Promise<void> {
  const draft = `${folder}.${randomBytes(4).toString('hex')}.draft`;
  await mkdir(dirname(folder), { recursive: true });
  try {
    await mkdir(draft, { recursive: true });
    await fill(draft);
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
