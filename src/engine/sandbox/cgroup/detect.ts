/**
 * Finds out which cgroups this host has and whether this process may use them: v1 with all three controllers, v2, or
 * v1 for the limits and v2 for the rest. Found out by making a group for real, as containers forbid it in many ways.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureError } from '../../../platform/errors.ts';
import { homeHash } from '../../../platform/home-hash.ts';
import type { Logger } from '../../../platform/log.ts';
import type { CgroupState, Limiter, Stopper } from './contract.ts';
import { processesIn, write } from './files.ts';
import { folderOf, HomeGroups } from './groups.ts';
import { LimiterV1 } from './limiter-v1.ts';
import { LimiterV2 } from './limiter-v2.ts';
import { StopperV1 } from './stopper-v1.ts';
import { StopperV2 } from './stopper-v2.ts';

interface Mounts {
  /** Controller → mount point. */
  readonly v1: ReadonlyMap<string, string>;
  readonly v2: string | undefined;
}

/** What a group must be able to limit. */
const CONTROLLERS = ['memory', 'pids', 'cpu'];
const PROBE = 'probe';
/** Of v2: processes may only be in groups without groups of their own below. */
const LEAF = 'sluice-main';

/**
 * @param home `SLUICE_HOME`
 * @param only leaves the other interface out, for tests of both on a host that has both
 */
export function openCgroups(home: string, log: Logger, only?: 'v1' | 'v1+v2' | 'v2'): CgroupState {
  const mounts = findMounts(readFileSync('/proc/self/mounts', 'latin1'));
  const faults: string[] = [];
  for (const version of ['v2', 'v1+v2', 'v1'] as const) {
    if (only !== undefined && only !== version) continue;
    try {
      const sides = version === 'v2' ? openV2(mounts, home) : openV1(mounts, home, version);
      if (typeof sides === 'string') faults.push(`${version}: ${sides}`);
      else return { available: true, groups: new HomeGroups(version, sides.limiter, sides.stopper, log) };
    } catch (error) {
      faults.push(`${version}: ${ensureError(error).message}`);
    }
  }
  return {
    available: false,
    reason: `limits of memory, processes and CPU cannot be set here (${faults.join('; ')})`,
    mend: 'run as root, or as a systemd unit with Delegate=yes',
  };
}

interface Sides {
  readonly limiter: Limiter;
  readonly stopper: Stopper;
}

function openV1({ v1, v2 }: Mounts, home: string, version: 'v1' | 'v1+v2'): Sides | string {
  const missing = CONTROLLERS.filter((controller) => !v1.has(controller));
  if (missing.length > 0) return `no ${missing.join(', ')} controller`;
  const name = folderOf(homeHash(home));
  const at = (controller: string): string => join(v1.get(controller) ?? '', name);
  const limiter = new LimiterV1({ memory: at('memory'), pids: at('pids'), cpu: at('cpu') });
  let stopper: Stopper;
  if (version === 'v1+v2') {
    if (v2 === undefined) return 'v2 is not mounted';
    stopper = new StopperV2(join(v2, name));
  } else {
    if (!v1.has('freezer')) return 'no freezer controller';
    stopper = new StopperV1(at('freezer'));
  }
  return tried(limiter, stopper);
}

function openV2({ v2 }: Mounts, home: string): Sides | string {
  if (v2 === undefined) return 'not mounted';
  // The true root takes groups beside its processes, and only root may write there; elsewhere the own group is what
  // systemd or a container handed over.
  const isTrueRoot = !existsSync(join(v2, 'cgroup.type'));
  const parent = isTrueRoot && process.getuid?.() === 0 ? v2 : join(v2, ownGroup());
  const offered = readFileSync(join(parent, 'cgroup.controllers'), 'latin1').trim().split(' ');
  const missing = CONTROLLERS.filter((controller) => !offered.includes(controller));
  if (missing.length > 0) return `no ${missing.join(', ')} controller`;
  passOn(parent);
  const root = join(parent, folderOf(homeHash(home)));
  mkdirSync(root, { recursive: true });
  passOn(root);
  return tried(new LimiterV2(root), new StopperV2(root));
}

/** Lets the groups below use the controllers. */
function passOn(folder: string): void {
  const enable = (): void =>
    write(join(folder, 'cgroup.subtree_control'), CONTROLLERS.map((name) => `+${name}`).join(' '));
  try {
    enable();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    // The group that was handed over holds this installation's own processes: into a group of their own with them.
    const leaf = join(folder, LEAF);
    mkdirSync(leaf, { recursive: true });
    for (const pid of processesIn(folder)) write(join(leaf, 'cgroup.procs'), pid);
    enable();
  }
}

/** Path of this process's own v2 group below the mount; once moved into the leaf, that of the group above. */
function ownGroup(): string {
  const line = readFileSync('/proc/self/cgroup', 'latin1')
    .split('\n')
    .find((text) => text.startsWith('0::'));
  const path = line?.slice('0::'.length) ?? '/';
  return path.endsWith(`/${LEAF}`) ? path.slice(0, -LEAF.length - 1) : path;
}

function tried(limiter: Limiter, stopper: Stopper): Sides {
  const folders = new Set([...limiter.folders(PROBE), stopper.folder(PROBE)]);
  try {
    for (const folder of folders) mkdirSync(folder, { recursive: true });
    limiter.apply(PROBE, { memoryMb: 128, tasks: 16 });
    stopper.setFrozen(PROBE, false);
  } finally {
    for (const folder of folders) if (existsSync(folder)) rmdirSync(folder);
  }
  return { limiter, stopper };
}

/** @param text `/proc/self/mounts` */
function findMounts(text: string): Mounts {
  const v1 = new Map<string, string>();
  let v2: string | undefined;
  for (const line of text.split('\n')) {
    const [, point, type, options] = line.split(' ');
    if (point === undefined || options === undefined) continue;
    if (type === 'cgroup2') v2 ??= point;
    else if (type === 'cgroup') for (const option of options.split(',')) v1.set(option, point);
  }
  return { v1, v2 };
}
