/** Reads an OCI image layout with one image in it, as skopeo writes it: its layers, and how it is to be started. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ImageError } from './image-error.ts';

const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const Descriptor = z.object({ mediaType: z.string().default(''), digest: Digest });
const Index = z.object({ manifests: z.array(Descriptor).min(1) });
const Manifest = z.object({ config: Descriptor, layers: z.array(Descriptor).max(256) });
const texts = z.array(z.string().refine((text) => !text.includes('\0'))).nullish();
const Config = z.object({
  config: z
    .object({
      Entrypoint: texts,
      Cmd: texts,
      Env: texts,
      WorkingDir: z.string().nullish(),
    })
    .nullish(),
});

/** How an image says that it is started. */
export interface ImageStart {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly folder: string;
}

export interface Layer {
  readonly path: string;
  readonly isGzip: boolean;
}

/** @throws ImageError naming what does not fit */
export async function readLayout(folder: string): Promise<{ layers: Layer[]; start: ImageStart }> {
  const index = parse(Index, 'index', await readFile(join(folder, 'index.json')));
  const manifest = parse(Manifest, 'manifest', await readBlob(folder, index.manifests[0]?.digest ?? ''));
  const { config } = parse(Config, 'configuration', await readBlob(folder, manifest.config.digest));
  const environment: Record<string, string> = {};
  for (const line of config?.Env ?? []) {
    const at = line.indexOf('=');
    if (at > 0) environment[line.slice(0, at)] = line.slice(at + 1);
  }
  return {
    layers: manifest.layers.map(({ mediaType, digest }) => {
      if (/zstd|foreign|nondistributable/.test(mediaType))
        throw new ImageError(`a layer has the media type ${mediaType}; gzip and plain tar are served`);
      return { path: blobPath(folder, digest), isGzip: mediaType.endsWith('gzip') };
    }),
    start: {
      entrypoint: config?.Entrypoint ?? [],
      command: config?.Cmd ?? [],
      environment,
      folder: config?.WorkingDir || '/',
    },
  };
}

function blobPath(folder: string, digest: string): string {
  return join(folder, 'blobs', ...digest.split(':'));
}

function readBlob(folder: string, digest: string): Promise<Buffer> {
  return readFile(blobPath(folder, digest));
}

function parse<T>(schema: z.ZodType<T>, what: string, bytes: Buffer): T {
  try {
    return schema.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    throw new ImageError(`its ${what} is not what OCI describes`);
  }
}
