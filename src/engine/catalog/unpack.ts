/** Unpacks a code package into an empty folder: readable by everybody, writable by the engine alone. */
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, open, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';
import { fromBufferPromise, type Entry, type ZipFile } from 'yauzl';
import { ensureError } from '../../platform/errors.ts';
import { ApiError, invalidArgument } from '../http/api-error.ts';
import { listZip, type ZipLimits } from './zip-listing.ts';

/** Files written at once; more gains nothing on two cores. */
const PARALLEL = 8;
/**
 * Files up to this size are inflated and written in one piece each. Streamed, every 16 KB are two waits for a thread:
 * a package of 1 MB took 13 ms of processor time instead of 5.
 */
const WHOLE_BYTES = 4 * 1024 * 1024;
/** Compression methods of zip files. */
const STORED = 0;
const DEFLATED = 8;

const inflate = promisify(inflateRaw);

/**
 * Unpacks `zip` below `folder`, which is created. On any error the caller removes the folder.
 *
 * @throws ApiError `InvalidArgument` for a package that is broken or hostile
 */
export async function unpack(zip: Buffer, folder: string, limits: ZipLimits): Promise<void> {
  try {
    const file = await fromBufferPromise(zip, { lazyEntries: true });
    const listing = await listZip(file, limits);
    await makeFolder(folder);
    for (const path of listing.folders) await makeFolder(join(folder, path));
    const waiting = listing.files.values();
    const writeRest = async (): Promise<void> => {
      for (const { path, executable, entry } of waiting)
        await writeEntry({ zip, file, entry }, join(folder, path), executable ? 0o755 : 0o644);
    };
    // All of them settle before an error is passed on: nobody writes any more when the caller cleans up.
    const results = await Promise.allSettled(Array.from({ length: PARALLEL }, writeRest));
    for (const result of results) if (result.status === 'rejected') throw ensureError(result.reason);
    for (const { path, target } of listing.links) await symlink(target, join(folder, path));
  } catch (error) {
    throw asPackageFault(ensureError(error));
  }
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o755);
}

interface Packed {
  /** All of the package. */
  readonly zip: Buffer;
  readonly file: ZipFile;
  readonly entry: Entry;
}

async function writeEntry(packed: Packed, path: string, mode: number): Promise<void> {
  const { file, entry } = packed;
  const content = await wholeContent(packed);
  if (content) {
    const target = await open(path, 'wx', mode);
    try {
      await target.writeFile(content);
      await target.chmod(mode);
    } finally {
      await target.close();
    }
    return;
  }
  await pipeline(await file.openReadStreamPromise(entry), createWriteStream(path, { flags: 'wx', mode }));
  await chmod(path, mode);
}

/** What the entry holds; `undefined` for what must be streamed. Throws where it is not as long as the zip says. */
async function wholeContent({ zip, file, entry }: Packed): Promise<Buffer | undefined> {
  const { uncompressedSize: size, compressedSize, compressionMethod } = entry;
  if (size > WHOLE_BYTES || (compressionMethod !== STORED && compressionMethod !== DEFLATED))
    return undefined;
  const { fileDataStart } = await file.readLocalFileHeaderPromise(entry, { minimal: true });
  const raw = zip.subarray(fileDataStart, fileDataStart + compressedSize);
  // One byte more than it says is room to see that there is more, and keeps zlib from a second turn.
  const content =
    compressionMethod === STORED
      ? raw
      : await inflate(raw, { chunkSize: size + 64, maxOutputLength: size + 1 });
  if (content.length !== size)
    throw new Error(`'${entry.fileName}' has not the ${size} bytes that the list of the package says`);
  return content;
}

/** What the file system says is ours; what the zip reader says is the package's fault. */
function asPackageFault(error: Error): Error {
  if (error instanceof ApiError || 'syscall' in error) return error;
  return invalidArgument(`the code package is not a usable zip file: ${error.message}`);
}
