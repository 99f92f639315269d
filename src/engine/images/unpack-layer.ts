/**
 * Unpacks the layers of an image, one over the other, below a folder. Layers come from outside: nothing is written, linked
 * or removed outside of the folder, whatever names and links they hold; devices are left out, set-user-id bits are taken
 * away, and size, number of entries and time are bounded. What comes out can be read by everybody and written by the engine.
 */
import { createReadStream, createWriteStream, type Stats } from 'node:fs';
import { link, lstat, mkdir, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { ensureError } from '../../platform/errors.ts';
import { ImageError } from './image-error.ts';
import type { Layer } from './layout.ts';

export interface ImageLimits {
  /** All layers together. */
  readonly unpackedBytes: number;
  readonly entries: number;
  /** From the first layer's begin to the last one's end. */
  readonly unpackMs: number;
  /** All layers together as the registry has them. */
  readonly pulledBytes: number;
}

type EntryContent = AsyncIterable<unknown> & { resume(): unknown };

const WHITEOUT = '.wh.';
/** Hides all that the layers below have in its folder. */
const OPAQUE = '.wh..wh..opq';
/** As many as Linux follows. */
const MOST_HOPS = 40;
const LONGEST_NAME_BYTES = 255;
const LONGEST_TARGET_BYTES = 4095;
/** Folders and links on the way to one entry: each costs a look at the disk. */
const MOST_STEPS = 256;

export class ImageUnpacker {
  readonly #root: string;
  readonly #limits: ImageLimits;
  #bytes = 0;
  #entries = 0;
  readonly #now: () => number;
  readonly #until: number;
  /** Real paths that the layer in work has written. */
  #own = new Set<string>();
  /** Folders in which it hides what lies below; to look once is enough. */
  #opaque = new Set<string>();

  /**
   * @param root an empty folder, by its real path
   * @param now milliseconds, of any clock
   */
  constructor(root: string, limits: ImageLimits, now = (): number => performance.now()) {
    this.#root = root;
    this.#limits = limits;
    this.#now = now;
    this.#until = now() + limits.unpackMs;
  }

  /** @throws ImageError for a layer that is broken, hostile or too large */
  async add({ path, isGzip }: Layer): Promise<void> {
    this.#own = new Set();
    this.#opaque = new Set();
    const tar = extract();
    const source = createReadStream(path);
    const counted = this.#counter();
    const feed = isGzip ? pipeline(source, createGunzip(), counted, tar) : pipeline(source, counted, tar);
    // Its fault comes out of the loop as well, or after it.
    feed.catch(() => undefined);
    try {
      for await (const entry of tar) await this.#place(entry.header, entry);
      await feed;
    } catch (error) {
      const fault = ensureError(error);
      if ('code' in fault && fault.code === 'ENAMETOOLONG') throw new ImageError('a name is too long');
      if (fault instanceof ImageError || 'syscall' in fault) throw fault;
      throw new ImageError(`a layer is no usable archive: ${fault.message}`);
    }
  }

  /** Counts what is unpacked whether it is a file or only pretends to be one, e.g. padding behind the last entry. */
  #counter(): Transform {
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.#bytes += chunk.length;
        if (this.#now() > this.#until) done(this.#late());
        else if (this.#bytes > this.#limits.unpackedBytes)
          done(new ImageError(`it is larger than ${this.#limits.unpackedBytes} bytes when unpacked`));
        else done(null, chunk);
      },
    });
  }

  #late(): ImageError {
    return new ImageError(`unpacking it takes longer than ${this.#limits.unpackMs / 1_000} s`);
  }

  async #place(header: Header, content: EntryContent): Promise<void> {
    this.#entries += 1;
    if (this.#now() > this.#until) throw this.#late();
    if (this.#entries > this.#limits.entries)
      throw new ImageError(`it has more than ${this.#limits.entries} entries`);
    const parts = partsOf(header.name);
    const base = parts.pop();
    if (base !== undefined)
      await this.#placeAt(await this.#folder(parts, header.name), base, header, content);
    content.resume();
  }

  async #placeAt(parent: string, base: string, header: Header, content: EntryContent): Promise<void> {
    const path = join(parent, base);
    if (base.startsWith(WHITEOUT)) {
      await this.#hide(parent, base);
      return;
    }
    this.#own.add(path);
    const before = await statOf(path);
    if (header.type === 'directory') {
      if (before?.isDirectory()) return;
      await rm(path, { recursive: true, force: true });
      await mkdir(path, { mode: 0o755 });
      return;
    }
    if (before) await rm(path, { recursive: true, force: true });
    switch (header.type) {
      case 'file':
      case 'contiguous-file': {
        // Bits beyond these (set-user-id, set-group-id) are not given, and there is one user inside.
        const mode = (header.mode & 0o111) === 0 ? 0o644 : 0o755;
        await pipeline(content, createWriteStream(path, { flags: 'wx', mode }));
        return;
      }
      case 'symlink':
        // It is followed inside only, where the image is the root.
        await symlink(linkName(header), path);
        return;
      case 'link':
        await this.#hardLink(header, path);
        return;
      case 'block-device':
      case 'character-device':
      case 'fifo':
        // The sandbox has its own /dev, and nothing else needs them.
        return;
      default:
        throw new ImageError(`'${header.name}' is of a kind that is not unpacked (${String(header.type)})`);
    }
  }

  async #hardLink(header: Header, path: string): Promise<void> {
    const parts = partsOf(linkName(header));
    const base = parts.pop();
    const target = base === undefined ? '' : join(await this.#folder(parts, header.name), base);
    if (!(await statOf(target))?.isFile())
      throw new ImageError(`'${header.name}' is a hard link to what is no file of the image`);
    await link(target, path);
  }

  async #hide(parent: string, base: string): Promise<void> {
    if (base === OPAQUE) {
      if (this.#opaque.has(parent)) return;
      this.#opaque.add(parent);
      for (const name of await readdir(parent))
        if (!this.#own.has(join(parent, name)))
          await rm(join(parent, name), { recursive: true, force: true });
    } else if (!base.startsWith(`${WHITEOUT}${WHITEOUT}`)) {
      const name = base.slice(WHITEOUT.length);
      if (name === '' || name === '.' || name === '..') throw new ImageError(`'${base}' hides nothing`);
      await rm(join(parent, name), { recursive: true, force: true });
    }
  }

  /** The real path of a folder of the image, links followed as from a root of their own; made where it is missing. */
  async #folder(parts: readonly string[], name: string): Promise<string> {
    const rest = [...parts];
    const at: string[] = [];
    let hops = 0;
    let steps = 0;
    for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
      steps += 1;
      if (steps > MOST_STEPS) throw new ImageError('the way to an entry is too long');
      if (part === '' || part === '.') continue;
      if (part === '..') {
        at.pop();
        continue;
      }
      const path = join(this.#root, ...at, part);
      const stats = await statOf(path);
      if (stats?.isSymbolicLink()) {
        hops += 1;
        if (hops > MOST_HOPS) throw new ImageError(`'${name}' lies behind a link that leads to itself`);
        const target = await readlink(path);
        if (target.startsWith('/')) at.length = 0;
        rest.unshift(...target.split('/'));
        continue;
      }
      if (!stats) {
        await mkdir(path, { mode: 0o755 });
        this.#own.add(path);
      } else if (!stats.isDirectory()) throw new ImageError(`'${name}' lies below what is no folder`);
      at.push(part);
    }
    return join(this.#root, ...at);
  }
}

function partsOf(name: string): string[] {
  if (name.includes('\0')) throw new ImageError('a name has a zero byte');
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new ImageError(`'${name}' leaves the image`);
  if (parts.some((part) => Buffer.byteLength(part) > LONGEST_NAME_BYTES))
    throw new ImageError('a name is too long');
  return parts;
}

function linkName({ name, linkname }: Header): string {
  if (!linkname || linkname.includes('\0')) throw new ImageError(`the link '${name}' has no usable target`);
  if (Buffer.byteLength(linkname) > LONGEST_TARGET_BYTES)
    throw new ImageError(`the target of the link '${name}' is too long`);
  return linkname;
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch {
    return undefined;
  }
}
