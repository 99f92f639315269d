/** A real registry on loopback, and images that are made of files as a test wants them. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack, type Header } from 'tar-stream';
import { freePorts } from './stack.ts';

/** What the tests with images need and this machine does not have. */
export const REGISTRY_MISSING = ['/usr/bin/docker-registry', '/usr/bin/skopeo'].filter(
  (path) => !existsSync(path),
);

const BCRYPT_SALT = '$2y$05$abcdefghijklmnopqrstuu';

export type LayerEntry = Partial<Header> & { readonly name: string; readonly content?: string | Buffer };

export interface ImageDefinition {
  readonly layers: readonly (readonly LayerEntry[])[];
  /** As in an OCI image configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface TestRegistry {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** Pushes the image; returns the name to pull it by. */
  push(name: string, image: ImageDefinition): Promise<string>;
  stop(): void;
}

/** @param login asked of everybody who pushes or pulls */
export async function startRegistry(login?: { user: string; password: string }): Promise<TestRegistry> {
  const home = mkdtempSync(join(tmpdir(), 'sluice-registry-'));
  const [port = 0] = await freePorts(1);
  const host = `127.0.0.1:${port}`;
  const config = join(home, 'config.yml');
  const hash =
    login &&
    spawnSync('/usr/bin/perl', ['-e', 'print crypt shift, shift', login.password, BCRYPT_SALT], {
      encoding: 'utf8',
    });
  if (hash) writeFileSync(join(home, 'htpasswd'), `${login.user}:${hash.stdout}\n`);
  const auth = login ? `auth: {htpasswd: {realm: test, path: ${home}/htpasswd}}\n` : '';
  writeFileSync(
    config,
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${home}/data}}\nhttp: {addr: '${host}'}\n${auth}`,
  );
  const server = spawn('/usr/bin/docker-registry', ['serve', config], { stdio: 'ignore', cwd: home });
  await listening(port, server);
  return {
    host,
    async push(name, image) {
      const layout = join(home, createHash('sha256').update(name).digest('hex'));
      await writeLayout(layout, image);
      const full = `${host}/${name}`;
      const pushed = spawnSync(
        '/usr/bin/skopeo',
        [
          '--insecure-policy',
          'copy',
          '--quiet',
          '--dest-tls-verify=false',
          ...(login ? ['--dest-creds', `${login.user}:${login.password}`] : []),
          `oci:${layout}:image`,
          `docker://${full}`,
        ],
        { encoding: 'utf8' },
      );
      rmSync(layout, { recursive: true });
      if (pushed.status !== 0) throw new Error(`the image was not pushed: ${pushed.stderr}`);
      return full;
    },
    stop() {
      server.kill('SIGKILL');
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** An OCI layout with one image named `image`. */
export async function writeLayout(folder: string, { layers, config = {} }: ImageDefinition): Promise<void> {
  const blobs = join(folder, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const blob = (bytes: Buffer, mediaType: string) => {
    const hash = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(blobs, hash), bytes);
    return { mediaType, digest: `sha256:${hash}`, size: bytes.length };
  };
  const json = (value: unknown, kind: string) =>
    blob(Buffer.from(JSON.stringify(value)), `application/vnd.oci.image.${kind}+json`);
  const tars = await Promise.all(layers.map(tarOf));
  const diffs = tars.map((tar) => `sha256:${createHash('sha256').update(tar).digest('hex')}`);
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const manifest = json(
    {
      schemaVersion: 2,
      config: json(
        { architecture, os: 'linux', config, rootfs: { type: 'layers', diff_ids: diffs } },
        'config.v1',
      ),
      layers: tars.map((tar) => blob(gzipSync(tar), 'application/vnd.oci.image.layer.v1.tar+gzip')),
    },
    'manifest.v1',
  );
  const named = { ...manifest, annotations: { 'org.opencontainers.image.ref.name': 'image' } };
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [named] }));
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
}

async function tarOf(entries: readonly LayerEntry[]): Promise<Buffer> {
  const tar = pack();
  for (const { content, ...header } of entries) {
    if (content === undefined) tar.entry(header);
    else tar.entry(header, content);
  }
  tar.finalize();
  return buffer(tar);
}

async function listening(port: number, server: ChildProcess): Promise<void> {
  while (server.exitCode === null) {
    const isOpen = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (isOpen) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  throw new Error('docker-registry ended before it listened');
}
