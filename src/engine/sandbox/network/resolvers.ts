/** The name servers that functions ask: those of the host, where they can be reached from another network namespace. */
import { isIPv4 } from 'node:net';
import type { NameResolution } from '../../invoke/contract.ts';
import { readNameServers } from '../../../platform/name-servers.ts';

/** systemd-resolved listens on loopback and keeps the servers that it asks itself here. */
const FILES = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'];
/** More are ignored by the C library. */
const MOST = 3;
const AS_THE_HOST: NameResolution = { nameServers: [], searches: [], options: [] };

/**
 * Addresses of version 4 outside loopback, from the first file that has any; empty: none.
 *
 * @param files in the form of resolv.conf(5); missing ones are skipped
 */
export function hostResolvers(files: readonly string[] = FILES): string[] {
  for (const file of files) {
    const found = readNameServers(file).filter((address) => isIPv4(address) && !/^(127|0)\./.test(address));
    if (found.length > 0) return [...new Set(found)].slice(0, MOST);
  }
  return [];
}

/**
 * What `/etc/resolv.conf` is in a sandbox: the host's search domains are nothing that a function needs to know.
 *
 * @param own what the function asked for; the host's servers stay where it named none
 */
export function resolverFile(resolvers: readonly string[], own: NameResolution = AS_THE_HOST): string {
  const { nameServers, searches, options } = own;
  const servers = nameServers.length > 0 ? nameServers : resolvers;
  return [
    ...servers.map((address) => `nameserver ${address}\n`),
    searches.length > 0 ? `search ${searches.join(' ')}\n` : '',
    options.length > 0 ? `options ${options.join(' ')}\n` : '',
  ].join('');
}
