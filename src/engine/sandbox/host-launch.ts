/**
 * The command that the engine spawns for a sandbox where it runs as root: a shell that joins the instance's cgroups and
 * mounts its `/tmp`, then becomes bubblewrap. In the child, because each step may wait, and the engine must not.
 */
import type { Cgroup } from './cgroup/contract.ts';
import { MOUNT_OPTIONS, type TmpDisks } from './tmp-disk.ts';

export interface HostSide {
  /** `undefined`: this host has none, or the engine may not use them. */
  readonly group: Cgroup | undefined;
  /** `undefined`: `/tmp` is in memory. */
  readonly tmpDisks: TmpDisks | undefined;
}

const JOIN = 'while [ "$1" != -- ]; do echo 0 >"$1" || exit 125; shift; done; shift; ';
const DISK =
  `cp --sparse=always -- "$1" "$2" && mount -o ${MOUNT_OPTIONS} -- "$2" "$3" || exit 125; ` +
  'rm -f -- "$2"; chmod 1777 "$3/tmp"; shift 3; ';
const BECOME = 'exec "$@"';

/** Wraps `command`, a sandbox's command line. */
export function hostCommand(
  { group, tmpDisks }: HostSide,
  instanceId: string,
  command: readonly [string, ...string[]],
): [string, ...string[]] {
  if (!group && !tmpDisks) return [...command];
  const script = JOIN + (tmpDisks ? DISK : '') + BECOME;
  const disk = tmpDisks ? [tmpDisks.template, tmpDisks.imageOf(instanceId), tmpDisks.mountPoint] : [];
  const shell: [string, ...string[]] = [
    '/bin/sh',
    '-c',
    script,
    'sh',
    ...(group?.joinFiles ?? []),
    '--',
    ...disk,
    ...command,
  ];
  return tmpDisks ? ['unshare', '-m', '--propagation', 'slave', ...shell] : shell;
}
