/**
 * Addresses that people give Sluice to send to. Plain http stays on this machine; everything else is https; and what
 * answers for a machine's own cloud credentials (link-local, metadata services) is never called, whatever name leads
 * there: the check is made again on the resolved address, right before the connection.
 */
import { lookup as resolve, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP } from 'node:net';

const LOOPBACK = blockList([
  ['127.0.0.0', 8, 'ipv4'],
  ['::1', 128, 'ipv6'],
]);
const REFUSED = blockList([
  ['0.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  // Metadata services of Alibaba Cloud, of Azure and, over IPv6, of AWS.
  ['100.100.100.200', 32, 'ipv4'],
  ['168.63.129.16', 32, 'ipv4'],
  ['fd00:ec2::254', 128, 'ipv6'],
  // The same behind NAT64 (RFC 6052): link-local and Alibaba Cloud's.
  ['64:ff9b::a9fe:0', 112, 'ipv6'],
  ['64:ff9b::6464:64c8', 128, 'ipv6'],
  ['::', 128, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  // Multicast and reserved.
  ['224.0.0.0', 3, 'ipv4'],
  ['ff00::', 8, 'ipv6'],
]);

/** Why nothing may be sent to the address, or `null`. Does not resolve names. */
export function addressProblem(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol)) return 'an https address';
  if (url.username !== '' || url.password !== '') return 'an address without user and password';
  const host = hostOf(url);
  if (isIP(host) > 0) return literalProblem(host, url.protocol);
  if (url.protocol === 'http:' && host !== 'localhost')
    return 'an https address; plain http only reaches this machine (127.0.0.1)';
  return null;
}

/** The name or address without the brackets of IPv6. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

function literalProblem(address: string, protocol: string): string | null {
  if (holds(REFUSED, address)) return `${address} is link-local, a metadata service or no host`;
  if (protocol === 'http:' && !holds(LOOPBACK, address))
    return 'an https address; plain http only reaches this machine (127.0.0.1)';
  return null;
}

type LookupCallback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void;

/** For `http.request`: resolves as usual and fails where an address may not be called. */
export function guardedLookup(protocol: string) {
  return (hostname: string, options: LookupOptions, callback: LookupCallback): void => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      for (const { address } of addresses) {
        const problem = literalProblem(address, protocol);
        if (problem !== null) return callback(new Error(`${hostname}: ${problem}`), []);
      }
      const [first] = addresses;
      if (options.all === true || !first) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };
}

function blockList(ranges: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix, family] of ranges) list.addSubnet(network, prefix, family);
  return list;
}

/** An IPv4 address written as an IPv6 one counts as what it is; the list sees to that. */
function holds(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
