/** Unpacks a code package into an empty folder: readable by everybody, writable by the engine alone. */
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fromBufferPromise, type ZipFile } from 'yauzl';
import { ensureError } from '../../platform/errors.ts';
import { ApiError, invalidArgument } from '../http/api-error.ts';
import { listZip, type ZipLimits } from './zip-listing.ts';

/** Files written at once; more gains nothing on two cores. */
const PARALLEL = 8;

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
        await writeEntry(file, entry, join(folder, path), executable ? 0o755 : 0o644);
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

async function writeEntry(
  zip: ZipFile,
  entry: Parameters<ZipFile['openReadStreamPromise']>[0],
  path: string,
  mode: number,
): Promise<void> {
  await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(path, { flags: 'wx', mode }));
  await chmod(path, mode);
}

/** What the file system says is ours; what the zip reader says is the package's fault. */
function asPackageFault(error: Error): Error {
  if (error instanceof ApiError || 'syscall' in error) return error;
  return invalidArgument(`the code package is not a usable zip file: ${error.message}`);
}
