/**
 * Images of container functions on disk: each digest pulled and unpacked once. A function's setting names an image by a
 * tag that may move, but a version never changes, so every write of that setting makes a pin: the first pull writes down
 * which digest the pin stands for, and that is what runs from then on.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { lstat, mkdir, readFile, realpath, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ensureError } from '../../platform/errors.ts';
import { IMAGE_HOST_FOLDER } from '../../platform/image-root.ts';
import type { ImagePin } from '../invoke/contract.ts';
import { ImageError } from './image-error.ts';
import { readLayout, type ImageStart } from './layout.ts';
import { parseImageReference, type ImageReference } from './reference.ts';
import { copyImage, resolveDigest, type Registry } from './skopeo.ts';
import { ImageUnpacker, type ImageLimits } from './unpack-layer.ts';

/** An image that can be started. */
export interface Image {
  /** Absolute folder that becomes the root of a sandbox. */
  readonly root: string;
  readonly start: ImageStart;
}

export const IMAGE_LIMITS: ImageLimits = {
  unpackedBytes: 4 * 1024 ** 3,
  entries: 200_000,
  unpackMs: 10 * 60_000,
  pulledBytes: 4 * 1024 ** 3,
};

const DRAFT = '.draft-';
/** How long a failed pull is believed, so that calls do not storm a registry. */
const FAILURE_MS = 5_000;
const Pinned = z.object({ digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) });
const Start = z.object({
  entrypoint: z.array(z.string()),
  command: z.array(z.string()),
  environment: z.record(z.string(), z.string()),
  folder: z.string(),
});

export class ImageStore {
  readonly #folder: string;
  readonly #registry: Registry;
  readonly #limits: ImageLimits;
  readonly #ready = new Map<string, Image>();
  readonly #pulling = new Map<string, Promise<Image>>();
  readonly #unpacking = new Map<string, Promise<Image>>();

  /** Opens the store below `folder` and removes what a killed process left half done. */
  constructor(folder: string, registry: Registry, limits: ImageLimits = IMAGE_LIMITS) {
    this.#folder = folder;
    this.#registry = registry;
    this.#limits = limits;
    mkdirSync(join(folder, 'pins'), { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder))
      if (name.startsWith(DRAFT)) rmSync(join(folder, name), { recursive: true, force: true });
  }

  /** The image where it was prepared before in this process. */
  ready({ pin }: ImagePin): Image | undefined {
    return this.#ready.get(pin);
  }

  /**
   * Pulls and unpacks what is not there yet.
   *
   * @throws ImageError for an image that cannot be pulled or is hostile
   */
  prepare(image: ImagePin): Promise<Image> {
    const { pin } = image;
    const ready = this.#ready.get(pin);
    if (ready) return Promise.resolve(ready);
    const before = this.#pulling.get(pin);
    if (before) return before;
    const pulling = this.#remember(image);
    this.#pulling.set(pin, pulling);
    return pulling;
  }

  async #remember(image: ImagePin): Promise<Image> {
    try {
      const found = await this.#pull(image);
      this.#ready.set(image.pin, found);
      this.#pulling.delete(image.pin);
      return found;
    } catch (error) {
      setTimeout(() => this.#pulling.delete(image.pin), FAILURE_MS).unref();
      throw error;
    }
  }

  /** Removes pins that nothing refers to, and images that no pin is left of. */
  async sweep(isReferenced: (pin: string) => boolean): Promise<void> {
    const used = new Set<string>();
    for (const pin of await readdir(join(this.#folder, 'pins'))) {
      if (isReferenced(pin) || this.#pulling.has(pin)) used.add(await this.#digestOf(pin));
      else {
        this.#ready.delete(pin);
        await rm(join(this.#folder, 'pins', pin), { force: true });
      }
    }
    for (const name of await readdir(this.#folder)) {
      const digest = `sha256:${name}`;
      if (name === 'pins' || name.startsWith(DRAFT) || used.has(digest) || this.#unpacking.has(digest))
        continue;
      const draft = this.#draft();
      await rename(join(this.#folder, name), draft);
      await rm(draft, { recursive: true, force: true });
    }
  }

  async #pull({ reference, pin }: ImagePin): Promise<Image> {
    const parsed = parseImageReference(reference);
    if (!parsed) throw new ImageError('its name is none');
    let digest = await this.#digestOf(pin);
    if (digest === '') {
      digest = await resolveDigest(parsed, this.#registry);
      await this.#writePin(pin, digest);
    }
    const before = this.#unpacking.get(digest);
    if (before) return before;
    const unpacking = this.#open(parsed, digest).finally(() => this.#unpacking.delete(digest));
    this.#unpacking.set(digest, unpacking);
    return unpacking;
  }

  async #open(reference: ImageReference, digest: string): Promise<Image> {
    const folder = join(this.#folder, digest.slice('sha256:'.length));
    if (!existsSync(folder)) {
      const draft = this.#draft();
      try {
        await mkdir(draft, { mode: 0o700 });
        await copyImage(reference, digest, this.#registry, draft, this.#limits.pulledBytes);
        await this.#unpack(draft, join(draft, 'image'));
        await rename(join(draft, 'image'), folder);
      } finally {
        await rm(draft, { recursive: true, force: true });
      }
    }
    const start = Start.parse(JSON.parse(await readFile(join(folder, 'start.json'), 'utf8')));
    return { root: join(folder, 'root'), start };
  }

  async #unpack(draft: string, folder: string): Promise<void> {
    const { layers, start } = await readLayout(join(draft, 'layout'));
    await mkdir(join(folder, 'root'), { recursive: true, mode: 0o755 });
    const root = await realpath(join(folder, 'root'));
    const unpacker = new ImageUnpacker(root, this.#limits);
    for (const layer of layers) await unpacker.add(layer);
    await makeMountPoints(root);
    await writeFile(join(folder, 'start.json'), JSON.stringify(start));
  }

  /** Empty where the pin was not resolved yet. */
  async #digestOf(pin: string): Promise<string> {
    const path = join(this.#folder, 'pins', pin);
    if (!existsSync(path)) return '';
    return Pinned.parse(JSON.parse(await readFile(path, 'utf8'))).digest;
  }

  async #writePin(pin: string, digest: string): Promise<void> {
    const draft = this.#draft();
    await writeFile(draft, JSON.stringify({ digest }), { flush: true });
    await rename(draft, join(this.#folder, 'pins', pin));
  }

  #draft(): string {
    return join(this.#folder, `${DRAFT}${randomUUID()}`);
  }
}

/** What the sandbox puts over the image must be real folders and files, and the loader must preload nothing. */
async function makeMountPoints(root: string): Promise<void> {
  await rm(join(root, IMAGE_HOST_FOLDER), { recursive: true, force: true });
  for (const name of ['proc', 'dev', 'tmp', 'etc', IMAGE_HOST_FOLDER, `${IMAGE_HOST_FOLDER}/usr`]) {
    const path = join(root, name);
    try {
      if ((await lstat(path)).isDirectory()) continue;
      await rm(path);
    } catch (error) {
      if ((ensureError(error) as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    await mkdir(path, { mode: 0o755 });
  }
  const files = ['etc/hosts', 'etc/resolv.conf'];
  for (const name of [...files, 'etc/ld.so.preload'])
    await rm(join(root, name), { recursive: true, force: true });
  for (const name of files) await writeFile(join(root, name), '', { mode: 0o644 });
}
