/**
 * Shell scripts, run as root, that make and remove an egress namespace. One process tree each, because engines of
 * several homes may start and end at the same time, and what they share (forwarding) needs a lock around all of it.
 * Whatever is put into them is made here or by `link-net.ts` and `resolvers.ts`: no text from outside.
 */
import { egressRules, FORWARD_RULES, FORWARD_TABLE, GATEWAY, hostRules, LINK_PREFIX } from './rules.ts';
import type { LinkNet } from './link-net.ts';

/** Names on the host; each carries a hash of the home. */
export interface EgressNames {
  readonly namespace: string;
  /** At most 15 characters (IFNAMSIZ). */
  readonly link: string;
  readonly table: string;
}

export function egressNames(hash: string): EgressNames {
  return {
    namespace: `sl-egress-${hash}`,
    link: `${LINK_PREFIX}${hash}`,
    table: `sluice_${hash}`,
  };
}

const FORWARDING = '/proc/sys/net/ipv4/ip_forward';
/** Set before the first link: a link's own setting is copied from it. */
const NO_IPV6 =
  'for f in /proc/sys/net/ipv6/conf/all/disable_ipv6 /proc/sys/net/ipv6/conf/default/disable_ipv6; do [ ! -e $f ] || echo 1 >$f; done';

/** Instances would be told a shorter way to each other, which there is not. */
const NO_REDIRECTS = 'for f in all default; do echo 0 >/proc/sys/net/ipv4/conf/$f/send_redirects; done';

export function setUpScript(
  { namespace, link, table }: EgressNames,
  { net, hostAddress, egressAddress }: LinkNet,
  resolvers: readonly string[],
): string {
  return `set -e
ip netns add ${namespace}
nsenter --net=/run/netns/${namespace} /bin/sh -e <<'INSIDE'
${NO_IPV6}
echo 1 >${FORWARDING}
${NO_REDIRECTS}
nft -f - <<'RULES'
${egressRules(resolvers)}
RULES
ip -batch - <<'LINKS'
link set dev lo up
link add name br0 address 02:00:00:00:00:01 type bridge
addr add ${GATEWAY}/16 dev br0
link set dev br0 up
LINKS
INSIDE
nft -f - <<'RULES'
${hostRules(table, link, net, resolvers)}
RULES
ip link add ${link} type veth peer name out0 netns ${namespace}
[ ! -e /proc/sys/net/ipv6/conf/${link} ] || echo 1 >/proc/sys/net/ipv6/conf/${link}/disable_ipv6
ip -batch - <<'LINKS'
addr add ${hostAddress}/30 dev ${link}
link set dev ${link} up
LINKS
ip -n ${namespace} -batch - <<'LINKS'
addr add ${egressAddress}/30 dev out0
link set dev out0 up
route add default via ${hostAddress}
LINKS
if [ "$(cat ${FORWARDING})" = 0 ]; then
  nft -f - <<'RULES'
${FORWARD_RULES}
RULES
  echo 1 >${FORWARDING}
fi
`;
}

/** Removes what there is of it. The last home that leaves switches off the forwarding that the first switched on. */
export function tearDownScript({ namespace, link, table }: EgressNames): string {
  return `ip link del ${link} 2>/dev/null
ip netns del ${namespace} 2>/dev/null
nft delete table inet ${table} 2>/dev/null
ip -o link | grep -q ': ${LINK_PREFIX}' && exit 0
if nft list table ip ${FORWARD_TABLE} >/dev/null 2>&1; then
  echo 0 >${FORWARDING}
  nft delete table ip ${FORWARD_TABLE}
fi
exit 0
`;
}
