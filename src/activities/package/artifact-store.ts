/** Packages by their SHA-256 under `SLUICE_HOME/artifacts`. What has its final name is whole and on the disk. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { renameDurably, writeDurably } from '../../platform/durable-file.ts';

/** Bytes of a zip's end record, and how it begins. */
const END_RECORD = 22;
const END_SIGNATURE = 0x06054b50;

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
    await writeDurably(draft, bytes, 0o600);
    await renameDurably(draft, path);
  } finally {
    await rm(draft, { force: true });
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

export interface ArtifactFacts {
  readonly bytes: number;
  /** Entries of the zip; `null` where it has 65,535 or more. */
  readonly files: number | null;
}

/** Size and number of files, without reading the whole; `null` where the artifact is not here. */
export async function artifactFacts(home: string, digest: string): Promise<ArtifactFacts | null> {
  const path = artifactPath(home, digest);
  if (!existsSync(path)) return null;
  const file = await open(path);
  try {
    const { size } = await file.stat();
    // Sluice's zips end with the end record of the format (APPNOTE 4.3.16), without a comment after it.
    const end = Buffer.alloc(Math.min(size, END_RECORD));
    await file.read(end, 0, end.length, size - end.length);
    const count =
      end.length === END_RECORD && end.readUInt32LE(0) === END_SIGNATURE ? end.readUInt16LE(10) : null;
    return { bytes: size, files: count === 0xffff ? null : count };
  } finally {
    await file.close();
  }
}

function folderOf(home: string, digest: string): string {
  return join(home, 'artifacts', digest.slice(0, 2));
}

function artifactPath(home: string, digest: string): string {
  return join(folderOf(home, digest), `${digest}.zip`);
}
