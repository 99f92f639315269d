/** Talks to registries through skopeo, which knows their ways of authentication and verifies digests. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ImageError } from './image-error.ts';
import type { ImageReference } from './reference.ts';

const SKOPEO = ['/usr/bin/skopeo', '/usr/local/bin/skopeo'];
const INSPECT_MS = 30_000;
const COPY_MS = 300_000;
/** Between two looks at what a copy has written. */
const LOOK_MS = 250;
/** Blocks of 512 bytes: no file that it writes, a layer that is, is larger than 2 GiB. */
const FILE_BLOCKS = (2 * 1024 ** 3) / 512;
const MANIFEST_BYTES = 4 * 1024 * 1024;
const SAID_BYTES = 2_000;

export function findSkopeo(): string | undefined {
  return SKOPEO.find((path) => existsSync(path));
}

export interface Registry {
  /** Credentials in the form of Docker's `config.json`; used if it is there. */
  readonly authFile: string;
}

/** The digest that a name stands for now: of one image, or of a list for several machines. */
export async function resolveDigest(image: ImageReference, registry: Registry): Promise<string> {
  const args = ['inspect', '--raw', ...tls('--tls-verify', image), ...authentication(registry)];
  const manifest = await run([...args, `docker://${image.full}`], '/tmp', INSPECT_MS);
  return `sha256:${createHash('sha256').update(manifest).digest('hex')}`;
}

/**
 * Writes the image for this machine as an OCI layout below `folder`, which is also where skopeo keeps what it needs. What
 * a manifest says of sizes is its registry's word, so what is written is measured.
 *
 * @throws ImageError also where more than `limitBytes` were written
 */
export async function copyImage(
  image: ImageReference,
  digest: string,
  registry: Registry,
  folder: string,
  limitBytes: number,
): Promise<void> {
  const args = ['--insecure-policy', 'copy', '--quiet', ...tls('--src-tls-verify', image)];
  const source = `docker://${image.name}@${digest}`;
  const tooLarge = new AbortController();
  const look = (): boolean => {
    if (bytesBelow(folder) > limitBytes) tooLarge.abort();
    return tooLarge.signal.aborted;
  };
  const looks = setInterval(look, LOOK_MS);
  const full = [...args, ...authentication(registry), source, `oci:${folder}/layout:image`];
  try {
    await run(full, folder, COPY_MS, tooLarge.signal);
  } catch (error) {
    if (!tooLarge.signal.aborted) throw error;
  } finally {
    clearInterval(looks);
  }
  if (look()) throw new ImageError(`its layers are larger than ${limitBytes} bytes together`);
}

/** Of all files, whose number is small: there is one a layer. */
function bytesBelow(folder: string): number {
  let bytes = 0;
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      bytes += entry.isDirectory()
        ? bytesBelow(path)
        : (statSync(path, { throwIfNoEntry: false })?.size ?? 0);
    }
  } catch {
    // It was renamed or removed meanwhile.
  }
  return bytes;
}

function tls(option: string, { isLoopback }: ImageReference): string[] {
  return isLoopback ? [`${option}=false`] : [];
}

function authentication({ authFile }: Registry): string[] {
  return existsSync(authFile) ? ['--authfile', authFile] : [];
}

/** @throws ImageError with what skopeo said */
function run(args: readonly string[], folder: string, limitMs: number, stop?: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const program = findSkopeo() ?? 'skopeo';
    const child = spawn('/bin/sh', ['-c', `ulimit -f ${FILE_BLOCKS}; exec "$@"`, 'sh', program, ...args], {
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: folder, TMPDIR: folder, XDG_RUNTIME_DIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: limitMs,
      killSignal: 'SIGKILL',
      ...(stop && { signal: stop }),
    });
    const output: Buffer[] = [];
    let bytes = 0;
    let said = '';
    child.stdout.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes <= MANIFEST_BYTES) output.push(piece);
    });
    child.stderr.on('data', (piece: Buffer) => {
      said = `${said}${piece.toString()}`.slice(-SAID_BYTES);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0 && bytes <= MANIFEST_BYTES) resolve(Buffer.concat(output));
      else if (code === 0) reject(new ImageError('its manifest is too large'));
      else if (signal) reject(new ImageError(`pulling it took longer than ${limitMs / 1000} s`));
      else reject(new ImageError(said.trim().replace(/^time=\S+ level=fatal msg=/, '')));
    });
  });
}
