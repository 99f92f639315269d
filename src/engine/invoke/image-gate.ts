/** Lets the revisions of containers through when their image is there and says what to start; all others at once. */
import { join } from 'node:path';
import { ensureError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import { within } from '../../platform/within.ts';
import { ImageError } from '../images/image-error.ts';
import { ImageStore } from '../images/image-store.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { RefusedError, type ImagePin, type Revision } from './contract.ts';

export interface ImageGateOptions {
  /** `SLUICE_HOME`: images lie below it, and the credentials of registries in it. */
  readonly home: string;
  readonly log: Logger;
  /** @throws RefusedError where this host cannot serve it */
  runtimeOf(revision: Revision): Runtime;
}

export class ImageGate {
  readonly store: ImageStore;
  readonly #options: ImageGateOptions;

  constructor(options: ImageGateOptions) {
    this.#options = options;
    this.store = new ImageStore(join(options.home, 'engine', 'images'), {
      authFile: join(options.home, 'registry-auth.json'),
    });
  }

  isOpen({ image }: Revision): boolean {
    return image === undefined || this.store.ready(image) !== undefined;
  }

  /**
   * Resolves when instances of the revision can be started.
   *
   * @param limitMs how long to wait for that, if not to the end
   * @throws RefusedError when the runtime is missing, or the image cannot be had, or not in time; pulling then goes on
   */
  async open(revision: Revision, limitMs?: number): Promise<void> {
    const { image } = revision;
    if (!image) return;
    const runtime = this.#options.runtimeOf(revision);
    try {
      const prepared = this.store.prepare(image);
      const { start } = await (limitMs === undefined
        ? prepared
        : within(prepared, limitMs, () => {
            throw tooSlow(limitMs);
          }));
      // Says what is missing before there is an instance.
      if (runtime.protocol === 'http') runtime.serverCommand(revision, '', start);
    } catch (error) {
      throw asRefused(error, image);
    }
  }

  /** Begins to pull what is not there, for calls to come. */
  prepare(revision: Revision): void {
    if (this.isOpen(revision)) return;
    this.open(revision).catch((error: unknown) => {
      this.#options.log.warn({ err: ensureError(error) }, 'a container cannot be started yet');
    });
  }

  /** Removes images whose pin nothing refers to any more. */
  sweep(isReferenced: (pin: string) => boolean): Promise<void> {
    return this.store.sweep(isReferenced);
  }
}

function tooSlow(limitMs: number): ImageError {
  return new ImageError(`it is still being pulled after ${limitMs / 1000} s; call again later`);
}

function asRefused(error: unknown, { reference }: ImagePin): unknown {
  if (!(error instanceof ImageError)) return error;
  return new RefusedError(
    412,
    'FunctionNotStarted',
    `the instance did not start: image '${reference}' cannot be used: ${error.message}`,
  );
}
