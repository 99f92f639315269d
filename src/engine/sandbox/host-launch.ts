/**
 * The command that the engine spawns for a sandbox where it runs as root: a shell that connects the instance's
 * network, mounts its `/tmp` and joins its cgroups, all at once, then becomes bubblewrap. In the child, because each step may
 * wait, and the engine must not.
 */
import type { Cgroup } from './cgroup/contract.ts';
import type { Launcher } from './launcher.ts';
import type { InstanceNetwork } from './network/egress.ts';
import { GATEWAY } from './network/rules.ts';
import { MOUNT, type TmpDisks } from './tmp-disk.ts';

export interface HostSide {
  /** What starts the sandbox; `undefined`: the engine itself. */
  readonly launcher: Launcher | undefined;
  /** `undefined`: this host has none, or the engine may not use them. */
  readonly group: Cgroup | undefined;
  /** `undefined`: `/tmp` is in memory. */
  readonly tmpDisks: TmpDisks | undefined;
  /** `undefined`: loopback only, which bubblewrap makes. */
  readonly network: InstanceNetwork | undefined;
}

/** To join is mostly to wait for the kernel: the other two run meanwhile, and stay out of the group that way. */
const JOIN = 'while [ "$1" != -- ]; do echo 0 >"$1" || { wait; exit 125; }; shift; done; shift; ';
/** Whoever started the sandbox removes the image once it is mounted: a program less to wait for. */
const DISK = `{ cp --sparse=always -- "$1" "$2" && exec ${MOUNT.join(' ')} -- "$2" "$3"; } & disk=$!; shift 3; `;
const MOUNTED = 'wait $disk || exit 125; ';
/**
 * The shell is in the instance's own network
 * namespace already, which lives as long as a process in it: nothing of it has a name, so nothing is left when they end.
 * Everything goes by the gateway (`/32`), which refuses at once what is for other instances, where nobody would answer;
 * `isolated` keeps bridge ports from each other below that. Loopback keeps its `::1`, links that come have no IPv6, for
 * which the way out has no rules.
 */
const CONNECT = `connect() {
f=/proc/sys/net/ipv6/conf/default/disable_ipv6; [ ! -e $f ] || echo 1 >$f || return
ip -n "$1" -batch - <<LINKS || return
link add $2 master br0 type veth peer name eth0 netns $$
link set dev $2 up type bridge_slave isolated on
LINKS
ip -batch - <<LINKS
link set dev lo up
addr add $3/32 dev eth0
link set dev eth0 up
route add ${GATEWAY} dev eth0
route add default via ${GATEWAY}
LINKS
}
connect "$1" "$2" "$3" & connecting=$!; shift 3
`;
const CONNECTED = 'wait $connecting || exit 125; ';
const BECOME = 'exec "$@"';

/** Wraps `command`, a sandbox's command line. */
export function hostCommand(
  { group, tmpDisks, network }: HostSide,
  instanceId: string,
  command: readonly [string, ...string[]],
): [string, ...string[]] {
  if (!group && !tmpDisks && !network) return [...command];
  const script =
    (network ? CONNECT : '') +
    (tmpDisks ? DISK : '') +
    JOIN +
    (network ? CONNECTED : '') +
    (tmpDisks ? MOUNTED : '') +
    BECOME;
  const disk = tmpDisks ? [tmpDisks.template, tmpDisks.imageOf(instanceId), tmpDisks.mountPoint] : [];
  const shell: [string, ...string[]] = [
    '/bin/sh',
    '-c',
    script,
    'sh',
    ...(network ? [network.namespace, network.port, network.address] : []),
    ...disk,
    ...(group?.joinFiles ?? []),
    '--',
    ...command,
  ];
  const namespaces = [...(tmpDisks ? ['-m', '--propagation', 'slave'] : []), ...(network ? ['-n'] : [])];
  return namespaces.length > 0 ? ['unshare', ...namespaces, ...shell] : shell;
}
