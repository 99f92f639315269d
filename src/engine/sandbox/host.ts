/** What this host gives to sandboxes, found out once at the engine's start: filter, cgroups, disks for `/tmp`, network, launcher. */
import { join } from 'node:path';
import type { SandboxMode } from '../../platform/config.ts';
import { homeHash } from '../../platform/home-hash.ts';
import type { Logger } from '../../platform/log.ts';
import type { Cgroups } from './cgroup/contract.ts';
import { openCgroups } from './cgroup/detect.ts';
import { enterHome } from './home-register.ts';
import { writeHostsFile } from './hosts-file.ts';
import { openLauncher, type Launcher } from './launcher.ts';
import { openEgress, type Egress, type NetworkState } from './network/egress.ts';
import { writeSeccompFile } from './seccomp-file.ts';
import { openTmpDisks, type TmpDisks } from './tmp-disk.ts';

export interface SandboxHost {
  /** Starts sandboxes; `undefined`: the engine does. */
  readonly launcher: Launcher | undefined;
  /** File that sandboxes show as `/etc/hosts`. */
  readonly hostsFile: string;
  /** File with the seccomp program of sandboxes; empty: none. */
  readonly seccompFile: string;
  /** `undefined`: nothing limits what instances use. */
  readonly cgroups: Cgroups | undefined;
  /** `undefined`: `/tmp` is in memory. */
  readonly tmpDisks: TmpDisks | undefined;
  /** `undefined`: instances have loopback only. */
  readonly egress: Egress | undefined;
  /** For `GET /readyz`. */
  readonly limits: LimitsState;
  /** Removes what it made, once every instance has ended. */
  close(): Promise<void>;
}

export type LimitsState = (
  | { readonly state: Cgroups['version']; readonly tmp: 'disk' | 'memory' }
  | { readonly state: 'missing'; readonly reason: string; readonly mend: string }
) & { readonly network: NetworkState | { readonly state: 'host' } };

/** @param home `SLUICE_HOME` */
export function openHost(home: string, sandbox: SandboxMode, log: Logger): SandboxHost {
  if (sandbox === 'off')
    return {
      launcher: undefined,
      hostsFile: '',
      seccompFile: '',
      cgroups: undefined,
      tmpDisks: undefined,
      egress: undefined,
      limits: {
        state: 'missing',
        reason: 'SLUICE_SANDBOX is off',
        mend: 'leave SLUICE_SANDBOX out',
        network: { state: 'host' },
      },
      close: () => Promise.resolve(),
    };
  // Makes the folder of the home, without which it would be taken for one that is no more.
  const hostsFile = writeHostsFile(home);
  const register = enterHome(home);
  const state = openCgroups(home, log);
  const groups = state.available ? state.groups : undefined;
  // A killed engine's instances died with it; a group that is left of them holds its name and its accounting.
  void groups?.clear();
  if (!state.available) log.warn(`functions run without limits: ${state.reason}; mend: ${state.mend}`);
  // Pages of the disk's files count too, but those the kernel takes back; so without limits memory does as well.
  const tmpDisks = groups && openTmpDisks(join(home, 'engine', 'sandbox', 'tmp'), log);
  const gone = register?.gone ?? [];
  const { state: network, egress } = openEgress(home, gone, log);
  const forget = (hash: string): void => {
    if (groups?.removeEmpty(hash) ?? true) register?.remove(hash);
  };
  for (const hash of gone) forget(hash);
  const launcher = openLauncher(join(home, 'engine', 'sandbox', 'launcher'), log);
  return {
    launcher,
    hostsFile,
    seccompFile: writeSeccompFile(home, log),
    cgroups: groups,
    tmpDisks,
    egress,
    limits: state.available
      ? { state: state.groups.version, tmp: tmpDisks ? 'disk' : 'memory', network }
      : { state: 'missing', reason: state.reason, mend: state.mend, network },
    close: async () => {
      launcher?.close();
      egress?.close();
      await groups?.close();
      forget(homeHash(home));
    },
  };
}
