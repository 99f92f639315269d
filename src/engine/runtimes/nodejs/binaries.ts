/**
 * Node.js binaries of exact majors: npm packages of the platform's own name that carry `bin/node`. Fetched when a
 * function first needs one, by the npm that is here and from the registry that it is set to, checked against that
 * registry's own digest, kept in the cache that homes share.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, readdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { makeCachedFolder } from '../cached-folder.ts';

const run = promisify(execFile);

const PACKAGE = `node-${process.platform}-${process.arch}`;
const FOLDER = /^v(\d+)\.\d+\.\d+$/;
const VERSION = /^(\d+)\.(\d+)\.(\d+)$/;
const NPM_LIMIT_MS = 5 * 60_000;
/** Away from the network a function must not wait for npm's patience. */
const NPM_FLAGS = [
  '--json',
  '--ignore-scripts',
  '--fetch-retries=1',
  '--fetch-retry-mintimeout=500',
  '--fetch-retry-maxtimeout=2000',
];

const Release = z.object({
  version: z.string().regex(VERSION),
  'dist.integrity': z.string().startsWith('sha512-'),
});
/** npm answers with one object where one version fits. */
const Releases = z.union([z.array(Release), Release.transform((one) => [one])]);
const Packed = z.tuple([z.object({ filename: z.string().regex(/^[\w.-]+\.tgz$/) })]);

export interface NodeBinary {
  readonly path: string;
  /** As Node.js writes it: `v12.22.12`. */
  readonly version: string;
}

/** The newest binary of this major in the cache. @param cache folder of all downloads */
export function cachedBinary(cache: string, major: number): NodeBinary | undefined {
  const [version] = list(folderOf(cache))
    .filter((name) => Number(FOLDER.exec(name)?.[1]) === major)
    .sort((a, b) => newerFirst(a.slice(1), b.slice(1)));
  return version === undefined ? undefined : { path: join(folderOf(cache), version, 'node'), version };
}

/**
 * Fetches the newest binary of this major.
 *
 * @throws Error where npm or the network is away, the registry has none, or what came is not what it announced
 */
export async function fetchBinary(cache: string, major: number): Promise<NodeBinary> {
  const cwd = folderOf(cache);
  await mkdir(cwd, { recursive: true });
  const seen = await npm(cwd, ['view', `${PACKAGE}@${major}`, 'version', 'dist.integrity']);
  const [release] = Releases.parse(JSON.parse(seen)).sort((a, b) => newerFirst(a.version, b.version));
  if (!release) throw new Error(`the npm registry has no ${PACKAGE}@${major}`);
  const version = `v${release.version}`;
  const folder = join(cwd, version);
  await makeCachedFolder(folder, async (work) => {
    const packed = await npm(work, ['pack', `${PACKAGE}@${release.version}`]);
    const archive = join(work, Packed.parse(JSON.parse(packed))[0].filename);
    await check(archive, release['dist.integrity']);
    await run('tar', [
      '-xzf',
      archive,
      '-C',
      work,
      '--no-same-owner',
      '--strip-components=2',
      'package/bin/node',
    ]);
    await rm(archive);
    await checkVersion(join(work, 'node'), version);
    return work;
  });
  return { path: join(folder, 'node'), version };
}

async function npm(cwd: string, args: readonly string[]): Promise<string> {
  // Of our own variables npm needs none.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(SLUICE_|DATABASE_URL$|TEMPORAL_)/.test(name)),
  );
  const { stdout } = await run('npm', [...args, ...NPM_FLAGS], {
    cwd,
    env,
    timeout: NPM_LIMIT_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

async function check(archive: string, integrity: string): Promise<void> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(archive), hash);
  const found = `sha512-${hash.digest('base64')}`;
  if (found !== integrity)
    throw new Error(`what came as ${PACKAGE} has the digest ${found}, its registry announced ${integrity}`);
}

async function checkVersion(program: string, version: string): Promise<void> {
  const { stdout } = await run(program, ['--version'], { env: {} });
  if (stdout.trim() !== version)
    throw new Error(`the binary of ${PACKAGE} says that it is ${stdout.trim()}, not ${version}`);
}

function folderOf(cache: string): string {
  return join(cache, 'nodejs');
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function newerFirst(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let at = 0; at < 3; at += 1) {
    const difference = (right?.[at] ?? 0) - (left?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
