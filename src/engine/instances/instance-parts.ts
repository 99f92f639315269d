/** What every sandbox of an instance has, however it was started. */
import { randomBytes } from 'node:crypto';
import type { Revision } from '../invoke/contract.ts';
import type { Command, ShimRuntime } from '../runtimes/runtime.ts';
import type { GroupLimits } from '../sandbox/cgroup/contract.ts';
import type { SandboxHost } from '../sandbox/host.ts';
import type { ProcessSpec } from '../sandbox/process.ts';

/** Where functions find their layers (guide.md §12). */
export const LAYERS = '/opt';

/** Most processes and threads of an instance (runtimes.md §11, Limits). */
const TASKS = 1024;
/** The sandbox's own: bubblewrap outside, bubblewrap inside. */
const SANDBOX_TASKS = 2;
/** What its cgroup is given. */
export const INSTANCE_TASKS = TASKS + SANDBOX_TASKS;

/**
 * What the host gives to it: files, cgroup, `/tmp`, network. The cgroup and the network are made here.
 *
 * @throws Error where either cannot be had
 */
export function hostParts(
  host: SandboxHost,
  instanceId: string,
  limits: Omit<GroupLimits, 'tasks'>,
  network: Pick<Revision, 'internetAccess' | 'nameResolution'>,
): Pick<ProcessSpec, 'hostsFile' | 'seccompFile' | 'instanceId' | 'host'> {
  return {
    hostsFile: host.hostsFile,
    seccompFile: host.seccompFile,
    instanceId,
    host: {
      launcher: host.launcher,
      group: host.cgroups?.create(instanceId, { ...limits, tasks: INSTANCE_TASKS }),
      tmpDisks: host.tmpDisks,
      network: network.internetAccess ? host.egress?.instance(network.nameResolution) : undefined,
    },
  };
}

/** The command line of a shim for a function of that size. @param command the shim's, inside a sandbox or without one */
export function shimCommand([program, ...rest]: Command, runtime: ShimRuntime, memoryMb: number): Command {
  return [program, ...(runtime.memoryOptions?.(memoryMb) ?? []), ...rest];
}

export function newInstanceId(): string {
  return `c-${randomBytes(12).toString('hex')}`;
}
