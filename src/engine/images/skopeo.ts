/** Talks to registries through skopeo, which knows their ways of authentication and verifies digests. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { ImageError } from './image-error.ts';
import type { ImageReference } from './reference.ts';

const SKOPEO = ['/usr/bin/skopeo', '/usr/local/bin/skopeo'];
const INSPECT_MS = 30_000;
const COPY_MS = 300_000;
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

/** Writes the image for this machine as an OCI layout below `folder`, which is also where skopeo keeps what it needs. */
export async function copyImage(
  image: ImageReference,
  digest: string,
  registry: Registry,
  folder: string,
): Promise<void> {
  const args = ['--insecure-policy', 'copy', '--quiet', ...tls('--src-tls-verify', image)];
  const source = `docker://${image.name}@${digest}`;
  await run([...args, ...authentication(registry), source, `oci:${folder}/layout:image`], folder, COPY_MS);
}

function tls(option: string, { isLoopback }: ImageReference): string[] {
  return isLoopback ? [`${option}=false`] : [];
}

function authentication({ authFile }: Registry): string[] {
  return existsSync(authFile) ? ['--authfile', authFile] : [];
}

/** @throws ImageError with what skopeo said */
function run(args: readonly string[], folder: string, limitMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const program = findSkopeo() ?? 'skopeo';
    const child = spawn('/bin/sh', ['-c', `ulimit -f ${FILE_BLOCKS}; exec "$@"`, 'sh', program, ...args], {
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: folder, TMPDIR: folder, XDG_RUNTIME_DIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: limitMs,
      killSignal: 'SIGKILL',
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
