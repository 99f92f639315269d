/**
 * Code packages on disk, by their SHA-256: the zip as it came, for download, and the folder it unpacks to, for
 * instances. A name appears by rename when it is whole, so that a kill leaves drafts only, which the next start
 * removes. The folder can always be made again from the zip.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { crc64 } from '../../domain/checksum/crc64.ts';
import { CODE_ZIP_BYTES_MAX } from '../../domain/names/fc.ts';
import { renameDurably, writeDurably } from '../../platform/durable-file.ts';
import { ensureError } from '../../platform/errors.ts';
import { invalidArgument } from '../http/api-error.ts';
import { bytesBelow, mergeFolders } from './merge-folders.ts';
import { unpack } from './unpack.ts';
import { ZIP_LIMITS, type ZipLimits } from './zip-listing.ts';

export interface CodePackage {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** CRC-64/XZ of the zip, decimal. */
  readonly checksum: string;
}

const DRAFT = '.draft-';

/** Name of the folder that shows packages over each other; empty for none, and the package's own for one. */
export function layersName(packages: readonly string[]): string {
  const [only = ''] = packages;
  if (packages.length <= 1) return only;
  return `layers-${createHash('sha256').update(packages.join('\n')).digest('hex')}`;
}

export class CodeStore {
  readonly #root: string;
  readonly #limits: ZipLimits;

  private constructor(root: string, limits: ZipLimits) {
    this.#root = root;
    this.#limits = limits;
  }

  /** Opens the store below `root` and removes what a killed process left half done. */
  static async open(root: string, limits: ZipLimits = ZIP_LIMITS): Promise<CodeStore> {
    await mkdir(root, { recursive: true });
    for (const name of await readdir(root))
      if (name.startsWith(DRAFT)) await rm(join(root, name), { recursive: true, force: true });
    return new CodeStore(root, limits);
  }

  zipPath(sha256: string): string {
    return join(this.#root, `${sha256}.zip`);
  }

  /** Absolute folder with the unpacked code. */
  folder(sha256: string): string {
    return join(this.#root, sha256);
  }

  /**
   * Stores a package; the same bytes again cost a hash. Durable when it returns.
   *
   * @throws ApiError `InvalidArgument` for what is no package that can be used; nothing of it stays on disk
   */
  async put(zip: Buffer): Promise<CodePackage> {
    if (zip.length > CODE_ZIP_BYTES_MAX)
      throw invalidArgument(
        `the code package has ${zip.length} bytes; at most ${CODE_ZIP_BYTES_MAX} are allowed`,
      );
    const sha256 = createHash('sha256').update(zip).digest('hex');
    // The disk writes the package while it is unpacked; its name appears when it is known to be good.
    const draft = existsSync(this.zipPath(sha256)) ? undefined : this.#draft();
    const results = await Promise.allSettled([
      existsSync(this.folder(sha256)) ? undefined : this.#unpackTo(sha256, zip),
      draft && writeDurably(draft, zip, 0o644),
    ]);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) {
      if (draft) await rm(draft, { force: true });
      throw ensureError(failed.reason);
    }
    if (draft) await renameDurably(draft, this.zipPath(sha256));
    // A sweep must not take what was just asked for again.
    else await utimes(this.zipPath(sha256), new Date(), new Date());
    return { sha256, sizeBytes: zip.length, checksum: crc64(zip) };
  }

  /** Unpacks a stored package again where its folder is missing. Throws where the zip is missing too. */
  async restore(sha256: string): Promise<void> {
    if (!existsSync(this.folder(sha256))) await this.#unpackTo(sha256, await readFile(this.zipPath(sha256)));
  }

  /** Bytes of a stored package when it is unpacked. */
  unpackedBytes(sha256: string): Promise<number> {
    return bytesBelow(this.folder(sha256));
  }

  /** Makes the folder of several packages over each other, named by `layersName`; one that is there is kept. */
  async merge(packages: readonly string[]): Promise<void> {
    const name = layersName(packages);
    if (name === '') return;
    // A sweep must not take what was just asked for again.
    if (existsSync(this.folder(name))) return utimes(this.folder(name), new Date(), new Date());
    const draft = this.#draft();
    try {
      await mergeFolders(
        packages.map((sha256) => this.folder(sha256)),
        draft,
      );
      await rename(draft, this.folder(name));
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      if (!existsSync(this.folder(name))) throw error;
    }
  }

  /** Removes packages that nothing refers to and that were not stored in the last `minAgeMs` milliseconds. */
  async sweep(isReferenced: (sha256: string) => boolean, minAgeMs: number): Promise<void> {
    for (const name of await readdir(this.#root)) {
      const sha256 = name.replace(/\.zip$/, '');
      if (name.startsWith(DRAFT) || isReferenced(sha256)) continue;
      const newest = await Promise.all([modifiedAt(this.zipPath(sha256)), modifiedAt(this.folder(sha256))]);
      if (Date.now() - Math.max(...newest) < minAgeMs || isReferenced(sha256)) continue;
      await rm(this.zipPath(sha256), { force: true });
      await this.#removeFolder(sha256);
    }
  }

  /** Renamed first: a folder is there whole or not at all. */
  async #removeFolder(sha256: string): Promise<void> {
    if (!existsSync(this.folder(sha256))) return;
    const draft = this.#draft();
    await rename(this.folder(sha256), draft);
    await rm(draft, { recursive: true, force: true });
  }

  async #unpackTo(sha256: string, zip: Buffer): Promise<void> {
    const draft = this.#draft();
    try {
      await unpack(zip, draft, this.#limits);
      await rename(draft, this.folder(sha256));
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      // The same package stored twice at once: the other one was faster, and its folder is the same.
      if (!existsSync(this.folder(sha256))) throw error;
    }
  }

  #draft(): string {
    return join(this.#root, `${DRAFT}${randomUUID()}`);
  }
}

async function modifiedAt(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return 0;
  }
}
