/**
 * `npm ci` where a folder has a lock file, with a cache of whole `node_modules` keyed by everything that decides
 * them. A package whose own scripts run at install is never cached: they may read any file of the repository.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../folders.ts';
import type { Parts } from '../parts.ts';
import { copyCode } from './copy.ts';
import { runPackageTool, type PackageJob } from './package-tool.ts';

export interface Dependencies extends PackageJob {
  /** Also what is only needed to build and test. */
  readonly withDev: boolean;
}

/** Entries of a project's cache that are kept. */
const KEPT = 10;

/** Installs; the answer is one line for people. */
export async function installDependencies(parts: Parts, job: Dependencies): Promise<string> {
  const { folder, log } = job;
  if (!existsSync(join(folder, 'package-lock.json'))) {
    if (await wantsPackages(folder))
      log.note('package.json names dependencies, but there is no package-lock.json: nothing is installed');
    return 'no dependencies';
  }
  const startedAt = Date.now();
  const took = (): string => `${((Date.now() - startedAt) / 1_000).toFixed(1)} s`;
  const key = await cacheKey(job);
  const cached = key === null ? null : join(cacheFolder(parts, job.project), key);
  if (cached !== null && existsSync(cached)) {
    await rm(join(folder, 'node_modules'), { recursive: true, force: true });
    await copyCode(cached, join(folder, 'node_modules'));
    const now = new Date();
    await utimes(cached, now, now);
    log.note(`node_modules from the build cache (${key?.slice(0, 12)})`);
    return `npm ci, ${await countPackages(folder)} packages, ${took()} (cached)`;
  }
  await runPackageTool(parts, job, {
    name: 'npm ci',
    run: `npm ci ${job.withDev ? '' : '--omit=dev '}--no-audit --no-fund`,
  });
  const modules = join(folder, 'node_modules');
  if (cached !== null && existsSync(modules)) {
    await makeFolder(cached, (draft) => copyCode(modules, draft));
    await prune(cacheFolder(parts, job.project));
  }
  return `npm ci, ${await countPackages(folder)} packages, ${took()}`;
}

function cacheFolder({ home }: Parts, project: string): string {
  return join(home, 'cache', 'modules', project);
}

/** `null` where the outcome depends on more than the key could hold. */
async function cacheKey({ folder, withDev }: Dependencies): Promise<string | null> {
  const manifest = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '');
  if (runsOwnScripts(manifest)) return null;
  const hash = createHash('sha256');
  for (const name of ['package-lock.json', '.npmrc'])
    hash.update(`${name}\n`).update(await readFile(join(folder, name)).catch(() => ''));
  return hash
    .update(manifest)
    .update(`${process.version} ${process.platform} ${process.arch} ${withDev}`)
    .digest('hex');
}

function runsOwnScripts(manifest: string): boolean {
  try {
    const scripts = (JSON.parse(manifest) as { readonly scripts?: Record<string, string> }).scripts ?? {};
    return ['preinstall', 'install', 'postinstall', 'prepare'].some((name) => name in scripts);
  } catch {
    return true;
  }
}

async function wantsPackages(folder: string): Promise<boolean> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}');
  try {
    const { dependencies } = JSON.parse(text) as { readonly dependencies?: object };
    return Object.keys(dependencies ?? {}).length > 0;
  } catch {
    return false;
  }
}

/** npm keeps the list of what it installed beside it. */
async function countPackages(folder: string): Promise<number> {
  const path = join(folder, 'node_modules', '.package-lock.json');
  const text = await readFile(path, 'utf8').catch(() => '{}');
  const { packages } = JSON.parse(text) as { readonly packages?: object };
  return Object.keys(packages ?? {}).length;
}

async function prune(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => !name.endsWith('.draft'));
  const dated = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })),
  );
  for (const { name } of dated.sort((a, b) => b.at - a.at).slice(KEPT))
    await rm(join(folder, name), { recursive: true, force: true });
}
