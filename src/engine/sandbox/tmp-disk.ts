/**
 * `/tmp` of an instance as a small file system of its own on disk, because pages of a memory file system count as the
 * function's memory: half full, it would end a small function. An image is copied from a template, mounted inside the
 * mount namespace of the instance alone and deleted then, so that it is gone with its last process, whatever ended.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';

export interface TmpDisks {
  readonly template: string;
  /** Takes an image's place for as long as a start takes. */
  imageOf(instanceId: string): string;
  /** Where each instance mounts its own, in its own namespace. */
  readonly mountPoint: string;
}

/** Size of `/tmp` (runtimes.md §11, Limits); a few MB of it are the file system's own. */
export const TMP_BYTES = 512 * 1024 * 1024;
const INODES = 65_536;
/**
 * With the type: to find it out costs each start 2 ms. Without barriers: nothing of it outlives its instance, so there is
 * nothing to wait for the disk for.
 */
export const MOUNT = ['mount', '-t', 'ext4', '-o', 'loop,nosuid,nodev,noatime,noinit_itable,nobarrier'];
const TRY_LIMIT_MS = 5_000;

/**
 * Makes the template and tries to mount it once, as containers often have no loop devices.
 *
 * @param folder only for this; what a killed engine left there is removed
 * @returns `undefined` where it cannot be done; `/tmp` is memory then
 */
export function openTmpDisks(folder: string, log: Logger): TmpDisks | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const template = join(folder, 'template.img');
  const mountPoint = join(folder, 'mount');
  const content = join(folder, 'content');
  try {
    mkdirSync(mountPoint, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder)) if (name.endsWith('.img')) rmSync(join(folder, name));
    mkdirSync(join(content, 'tmp'), { recursive: true });
    chmodSync(join(content, 'tmp'), 0o1777);
    makeFileSystem(template, content);
  } catch (error) {
    log.warn({ err: ensureError(error) }, 'functions have /tmp in memory: mkfs.ext4 failed');
    return undefined;
  }
  const tried = spawnSync('unshare', ['-m', '--propagation', 'slave', ...MOUNT, template, mountPoint], {
    encoding: 'utf8',
    timeout: TRY_LIMIT_MS,
  });
  if (tried.status !== 0) {
    const why = tried.error?.message ?? (tried.stderr.trim() || `exit ${tried.status}`);
    log.warn(`functions have /tmp in memory: an image cannot be mounted here (${why})`);
    return undefined;
  }
  return { template, mountPoint, imageOf: (instanceId) => join(folder, `${instanceId}.img`) };
}

function makeFileSystem(image: string, content: string): void {
  // No journal: nothing in it outlives its instance. No space for root: root does not write there.
  execFileSync('mkfs.ext4', [
    '-q',
    '-F',
    '-O',
    '^has_journal,^resize_inode',
    '-m',
    '0',
    '-N',
    String(INODES),
    '-E',
    'lazy_itable_init=1,nodiscard',
    '-d',
    content,
    image,
    `${TMP_BYTES / 1024}k`,
  ]);
}
