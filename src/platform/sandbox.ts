/**
 * Bubblewrap command lines, for functions (engine) and builds (activities) alike. What runs inside is a plain user
 * with no capabilities, no host environment and only the folders that were named.
 *
 * Started by root, bubblewrap sets up the mounts itself and `setpriv` drops to the plain user inside: a user
 * namespace made by root would map the inner user to host root, and a plain user outside cannot reach folders below
 * a closed home. Started by anybody else, a user namespace gives the inner user.
 *
 * The command's environment is set after that drop. Before it, `LD_PRELOAD` or `GCONV_PATH` of a function would be
 * code that runs inside `setpriv` as root.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { SandboxMode } from './config.ts';
import { hostProgram, IMAGE_HOST_FOLDER } from './image-root.ts';

export interface Mount {
  readonly from: string;
  readonly to: string;
}

export interface SandboxSpec {
  /** User and group inside (and, when root starts it, on the host). */
  readonly uid: number;
  readonly gid: number;
  /** `host` shares the host's network; `none` leaves loopback alone; `inherited` keeps the one it is started in. */
  readonly network: 'none' | 'host' | 'inherited';
  /** A folder that is the root instead of this host's system; made ready by `engine/images`. */
  readonly root?: string;
  /** Shown read-only, beside the system's own `/usr` and what belongs to it. */
  readonly readOnly: readonly Mount[];
  readonly writable: readonly Mount[];
  /** Empty writable folders in memory; `/tmp` is always one, unless `writable` has it. */
  readonly scratch: readonly string[];
  /** Empty folders that are root's, for mounts that come later. */
  readonly folders?: readonly string[];
  /** The whole environment of the command. It shows in the host's process list: no secrets. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly command: readonly [string, ...string[]];
  /** Most bytes in each folder of `scratch` and in `/tmp`; left out, the kernel's own limit (half of the memory). */
  readonly scratchBytes?: number;
  readonly descriptors?: SandboxDescriptors;
}

/** File descriptors that the caller hands to bubblewrap; none of them reaches the command. */
export interface SandboxDescriptors {
  /** Gets JSON documents; the first names `child-pid`, the host's number of the sandbox's first process. */
  readonly status?: number;
  /** The sandbox waits until this one has a byte to read. */
  readonly block?: number;
  /** A seccomp program to read to its end. */
  readonly seccomp?: number;
  /** Gets the options, so that no path of the host is on the command line, which the sandbox can read. */
  readonly args?: number;
}

export interface SandboxCommand {
  readonly file: string;
  readonly args: string[];
  /** What the caller must write to the descriptor `args`, and then close it; empty without one. */
  readonly options: Buffer;
  /** Give it to `spawn` as it is: `/proc/1/environ` of a sandbox shows what bubblewrap itself was started with. */
  readonly env: Record<string, string>;
  readonly cwd: string;
}

export type SandboxState =
  | { readonly available: true; readonly mode: SandboxMode }
  | { readonly available: false; readonly reason: string; readonly mend: string };

/** Parts of a Debian-like root that dynamic programs need; missing ones are skipped. */
const SYSTEM_LINKS = ['/lib', '/lib64', '/bin', '/sbin'];
const SYSTEM_FILES = [
  '/etc/alternatives',
  '/etc/ld.so.cache',
  '/etc/ssl',
  '/etc/passwd',
  '/etc/group',
  '/etc/nsswitch.conf',
  '/etc/localtime',
];
const NETWORK_FILES = {
  none: [],
  host: ['/etc/resolv.conf', '/etc/hosts', '/etc/services'],
  inherited: ['/etc/services'],
};

/** The command line that runs `spec.command` in a sandbox. */
export function sandboxCommand(spec: SandboxSpec): SandboxCommand {
  const isRoot = process.getuid?.() === 0;
  const args = [
    '--unshare-ipc',
    '--unshare-pid',
    '--unshare-uts',
    '--unshare-cgroup-try',
    '--die-with-parent',
    '--new-session',
  ];
  if (spec.network === 'none') args.push('--unshare-net');
  if (isRoot)
    args.push(
      '--cap-drop',
      'ALL',
      '--cap-add',
      'CAP_SETUID',
      '--cap-add',
      'CAP_SETGID',
      '--cap-add',
      'CAP_SETPCAP',
    );
  else args.push('--unshare-user', '--uid', String(spec.uid), '--gid', String(spec.gid));

  args.push(...(spec.root === undefined ? systemRoot(spec.network) : imageRoot(spec.root)));
  args.push('--proc', '/proc', '--dev', '/dev');
  const size = spec.scratchBytes ? ['--size', String(spec.scratchBytes)] : [];
  const mounted = new Set(spec.writable.map(({ to }) => to));
  for (const path of new Set(['/tmp', ...spec.scratch].filter((scratch) => !mounted.has(scratch))))
    args.push('--perms', '1777', ...size, '--tmpfs', path);
  // Bubblewrap makes missing parents for its root alone (0700).
  const folders = [...parentsOf([...spec.readOnly, ...spec.writable]), ...(spec.folders ?? [])];
  for (const folder of folders) args.push('--dir', folder);
  for (const { from, to } of spec.readOnly) args.push('--ro-bind', from, to);
  for (const { from, to } of spec.writable) args.push('--bind', from, to);
  args.push(...descriptorArguments(spec.descriptors), '--clearenv', '--hostname', 'sandbox');
  args.push('--chdir', spec.cwd);
  const program = (path: string): string[] => (spec.root === undefined ? [path] : hostProgram(path));
  const variables = Object.entries(spec.env).map(([name, value]) => `${name}=${value}`);
  const command = [
    ...(isRoot ? [...program('/usr/bin/setpriv'), ...dropTo(spec.uid, spec.gid)] : []),
    // Bubblewrap leaves PWD alone: where nothing is to be set, a program less is started.
    ...(variables.length > 0 ? [...program('/usr/bin/env'), '-i', ...variables] : []),
    ...spec.command,
  ];
  const optionsFd = spec.descriptors?.args;
  return {
    file: 'bwrap',
    args:
      optionsFd === undefined ? [...args, '--', ...command] : ['--args', String(optionsFd), '--', ...command],
    options: optionsFd === undefined ? Buffer.alloc(0) : Buffer.from(args.map((arg) => `${arg}\0`).join('')),
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
    cwd: '/',
  };
}

/** Every folder above a mount, each once, outer ones first. */
function parentsOf(mounts: readonly Mount[]): Set<string> {
  const folders = new Set<string>();
  for (const { to } of mounts)
    for (let end = to.indexOf('/', 1); end > 0; end = to.indexOf('/', end + 1)) folders.add(to.slice(0, end));
  return folders;
}

function descriptorArguments(descriptors: SandboxDescriptors = {}): string[] {
  const args: string[] = [];
  if (descriptors.status !== undefined) args.push('--json-status-fd', String(descriptors.status));
  if (descriptors.block !== undefined) args.push('--block-fd', String(descriptors.block));
  if (descriptors.seccomp !== undefined) args.push('--seccomp', String(descriptors.seccomp));
  return args;
}

/** This host's system, as far as programs need it. */
function systemRoot(network: SandboxSpec['network']): string[] {
  // Folders that bubblewrap makes for mount points are closed to everybody but root.
  const args = ['--ro-bind', '/usr', '/usr', '--perms', '0755', '--dir', '/etc'];
  for (const path of [...SYSTEM_LINKS, ...SYSTEM_FILES, ...NETWORK_FILES[network]])
    args.push('--ro-bind-try', path, path);
  return args;
}

function imageRoot(folder: string): string[] {
  return ['--ro-bind', folder, '/', '--ro-bind', '/usr', `/${IMAGE_HOST_FOLDER}/usr`];
}

/** Arguments of setpriv. */
function dropTo(uid: number, gid: number): string[] {
  return [
    '--reuid',
    String(uid),
    '--regid',
    String(gid),
    '--clear-groups',
    '--bounding-set',
    '-all',
    '--inh-caps',
    '-all',
    '--no-new-privs',
    '--',
  ];
}

const INSTALL = 'apt-get install bubblewrap';
/** Root that may not is in a container. */
const ALLOW_ROOT =
  'run Sluice on the host, or in a container with CAP_SYS_ADMIN whose seccomp profile allows mounts';
/** The first is Debian's switch, the second Ubuntu's. */
const ALLOW_USER =
  'allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0), or run Sluice as root';

/** Whether sandboxes can be made here; tried once for real, because kernels and containers forbid them in many ways. */
export function probeSandbox(mode: SandboxMode): SandboxState {
  if (mode === 'off') return { available: true, mode };
  const isRoot = process.getuid?.() === 0;
  const { file, args, env } = sandboxCommand({
    uid: 10_003,
    gid: 10_003,
    network: 'none',
    readOnly: [],
    writable: [],
    scratch: [],
    env: {},
    cwd: '/',
    command: ['/usr/bin/true'],
  });
  if (!['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap'].some((path) => existsSync(path)))
    return {
      available: false,
      reason: 'bubblewrap is not installed',
      mend: isRoot ? INSTALL : `sudo ${INSTALL}`,
    };
  const tried = spawnSync(file, args, { env, timeout: 5_000, encoding: 'utf8' });
  if (tried.status === 0) return { available: true, mode };
  return {
    available: false,
    reason: `bubblewrap cannot make a sandbox here: ${(tried.stderr ?? '').trim() || tried.error?.message || `exit ${tried.status}`}`,
    mend: isRoot ? ALLOW_ROOT : ALLOW_USER,
  };
}
