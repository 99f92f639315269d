/**
 * The way of functions to the internet, one for the whole engine: a network namespace with a bridge for the instances and
 * one link to the host, so that the host sees four addresses instead of one per instance. It is made at the start and
 * removed at the end; names carry a hash of the home, by which the next start finds what a killed engine left.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureError } from '../../../platform/errors.ts';
import { homeHash } from '../../../platform/home-hash.ts';
import type { Logger } from '../../../platform/log.ts';
import type { NameResolution } from '../../invoke/contract.ts';
import { Addresses } from './addresses.ts';
import { chooseLinkNet } from './link-net.ts';
import { ResolverFiles } from './resolver-files.ts';
import { hostResolvers } from './resolvers.ts';
import { egressNames, setUpScript, tearDownScript } from './scripts.ts';

/** For `GET /readyz`. */
export type NetworkState =
  | { readonly state: 'internet' }
  | { readonly state: 'internet without names'; readonly reason: string; readonly mend: string }
  | { readonly state: 'loopback'; readonly reason: string; readonly mend: string };

/** What one instance is started with. */
export interface InstanceNetwork {
  /** Name of the egress namespace. */
  readonly namespace: string;
  /** Name of the instance's port there, used once only: the kernel removes the last holder's a moment after its end. */
  readonly port: string;
  readonly address: string;
  /** File that the sandbox shows as `/etc/resolv.conf`. */
  readonly resolverFile: string;
  /** Gives the address back. */
  release(): void;
}

export interface Egress {
  /**
   * @param resolution the function's own, `undefined`: the host's
   * @throws Error when every address is taken
   */
  instance(resolution: NameResolution | undefined): InstanceNetwork;
  close(): void;
}

const STATE = '/run/sluice/network';
const LIMIT_MS = 20_000;
const ROOT_MEND = 'run the engine as root';
const TOOLS = [
  { program: 'ip', package: 'iproute2' },
  { program: 'nft', package: 'nftables' },
];
const FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin'];

/**
 * Makes the way out, or says why there is none. What an earlier engine of this home left is removed first.
 *
 * @param home `SLUICE_HOME`
 * @param gone hashes of homes that are no more, of which the same is removed
 */
export function openEgress(
  home: string,
  gone: readonly string[],
  log: Logger,
): { state: NetworkState; egress: Egress | undefined } {
  const none = (reason: string, mend: string) => {
    log.warn(`functions have no network: ${reason}; mend: ${mend}`);
    return { state: { state: 'loopback' as const, reason, mend }, egress: undefined };
  };
  if (process.getuid?.() !== 0) return none('only root can give functions a network', ROOT_MEND);
  const missing = TOOLS.filter(
    ({ program }) => !FOLDERS.some((folder) => existsSync(join(folder, program))),
  ).map((tool) => tool.package);
  if (missing.length > 0)
    return none(`${missing.join(' and ')} is not installed`, `apt-get install ${missing.join(' ')}`);
  const hash = homeHash(home);
  const names = egressNames(hash);
  const resolvers = hostResolvers();
  try {
    mkdirSync(STATE, { recursive: true, mode: 0o700 });
    for (const left of [hash, ...gone]) run(tearDownScript(egressNames(left)), 'quiet');
    const net = chooseLinkNet(Number.parseInt(hash.slice(0, 8), 16), routedNetworks());
    if (!net) throw new Error('no range of addresses is free for the link to the host');
    run(setUpScript(names, net, resolvers));
  } catch (error) {
    run(tearDownScript(names), 'quiet');
    return none(`a way out cannot be made here (${ensureError(error).message})`, ROOT_MEND_CONTAINER);
  }
  const addresses = new Addresses();
  const files = new ResolverFiles(join(home, 'engine', 'sandbox'), resolvers);
  let ports = 0;
  const egress: Egress = {
    instance(resolution) {
      const address = addresses.take();
      ports += 1;
      return {
        namespace: names.namespace,
        port: `p${ports}`,
        address,
        resolverFile: files.of(resolution),
        release: () => addresses.free(address),
      };
    },
    close() {
      run(tearDownScript(names), 'quiet');
    },
  };
  if (resolvers.length > 0) return { state: { state: 'internet' }, egress };
  const reason = 'functions cannot resolve names: /etc/resolv.conf has no IPv4 server outside loopback';
  const mend = 'name one there and start the engine again';
  log.warn(`${reason}; mend: ${mend}`);
  return { state: { state: 'internet without names', reason, mend }, egress };
}

const ROOT_MEND_CONTAINER =
  'run the engine on the host, or in a container with CAP_NET_ADMIN, CAP_SYS_ADMIN and a writable /proc/sys';

/** Networks that the host has a route for, in any table. */
function routedNetworks(): string[] {
  const { stdout } = spawnSync('ip', ['-4', '-o', 'route', 'show', 'table', 'all'], {
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  return stdout.split('\n').flatMap((line) => /\d+\.\d+\.\d+\.\d+(?:\/\d+)?/.exec(line)?.[0] ?? []);
}

/** @throws Error with what the script said, unless it is to be quiet */
function run(script: string, mode?: 'quiet'): void {
  const { status, stderr, error } = spawnSync('flock', [`${STATE}/.lock`, '/bin/sh'], {
    input: script,
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  if (status !== 0 && mode !== 'quiet')
    throw new Error(error?.message ?? (stderr.trim().replaceAll('\n', '; ') || `exit ${status}`));
}
