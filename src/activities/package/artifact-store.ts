/** Packages by their SHA-256 under `SLUICE_HOME/artifacts`. What has its final name is whole and on the disk. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** 64 lower-case hex digits. */
export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Stores the bytes, unless they are there; survives a kill and a power cut at any moment. */
export async function storeArtifact(home: string, bytes: Buffer): Promise<string> {
  const digest = sha256(bytes);
  const path = artifactPath(home, digest);
  if (existsSync(path)) return digest;
  await mkdir(folderOf(home, digest), { recursive: true });
  const draft = `${path}.${randomBytes(4).toString('hex')}.draft`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
  const folder = await open(folderOf(home, digest));
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  return digest;
}

/** The bytes, or `null` where they are not here; bytes that do not match their name count as lost. */
export async function readArtifact(home: string, digest: string): Promise<Buffer | null> {
  const path = artifactPath(home, digest);
  if (!existsSync(path)) return null;
  const bytes = await readFile(path);
  return sha256(bytes) === digest ? bytes : null;
}

function folderOf(home: string, digest: string): string {
  return join(home, 'artifacts', digest.slice(0, 2));
}

function artifactPath(home: string, digest: string): string {
  return join(folderOf(home, digest), `${digest}.zip`);
}
