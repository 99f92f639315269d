/**
 * Packet rules of functions' way out, as nftables takes them. They hold twice: in the egress namespace, where instances
 * are still told apart, and on the host, which also knows what its own rules make of an address (published ports).
 */

/** Addresses of instances; seen in the egress namespace alone. */
export const INSTANCE_NET = '100.126.0.0/16';
export const GATEWAY = '100.126.0.1';
/** Interfaces on the host begin so, whatever home they belong to. */
export const LINK_PREFIX = 'sl-';
/** On the host, while forwarding is on for functions alone. */
export const FORWARD_TABLE = 'sluice_forward';

/**
 * Link-local with the metadata service, private and shared ranges, and the range of the links between host and egress.
 * The host's other addresses need no list: what is for them goes through its input chain, which refuses all.
 */
const REFUSED = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '198.18.0.0/15',
];

/** TCP gets a reset: answers by ICMP are rate limited, and a refused program would wait for its time-out. */
const REFUSE = `  chain refuse {
    meta l4proto tcp reject with tcp reset
    reject
  }`;

/** Name servers, and only as name servers, may lie where nothing else may be reached. */
function resolverRules(resolvers: readonly string[]): string {
  return resolvers
    .map((address) => `    ip daddr ${address} meta l4proto { tcp, udp } th dport 53 accept`)
    .join('\n');
}

/** In the egress namespace: `br0` has the instances, `out0` leads to the host. */
export function egressRules(resolvers: readonly string[]): string {
  return `table inet sluice {
${REFUSE}
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    jump refuse
  }
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    iifname != "br0" jump refuse
    ip saddr != ${INSTANCE_NET} drop
    oifname != "out0" jump refuse
${resolverRules(resolvers)}
    ip daddr { ${REFUSED.join(', ')} } jump refuse
    ip version 4 accept
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    oifname "out0" masquerade
  }
}
`;
}

/**
 * On the host, for one home.
 *
 * @param link interface that leads to the home's egress namespace
 * @param net its addresses, `a.b.c.d/30`
 */
export function hostRules(table: string, link: string, net: string, resolvers: readonly string[]): string {
  return `table inet ${table} {
${REFUSE}
  chain input {
    type filter hook input priority -10; policy accept;
    iifname != "${link}" accept
    ct state established,related accept
${resolverRules(resolvers)}
    jump refuse
  }
  chain forward {
    type filter hook forward priority -10; policy accept;
    oifname "${link}" ct state established,related accept
    oifname "${link}" drop
    iifname != "${link}" accept
${resolverRules(resolvers)}
    ip daddr { ${REFUSED.join(', ')} } jump refuse
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    ip saddr ${net} oifname != "${link}" masquerade
  }
}
`;
}

/** Keeps a host that forwarded nothing from forwarding anything but functions' packets. */
export const FORWARD_RULES = `table ip ${FORWARD_TABLE} {
  chain forward {
    type filter hook forward priority 10; policy drop;
    iifname "${LINK_PREFIX}*" accept
    oifname "${LINK_PREFIX}*" accept
  }
}
`;
