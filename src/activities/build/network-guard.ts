/**
 * Builds have the network, because packages come from there, but not this machine: Temporal listens on loopback without a
 * password, and a pushed repository's install script must not reach it, or any other service that trusts the local host.
 * The kernel's packet filter tells build processes by their user, which no other process has.
 */
import { spawn } from 'node:child_process';
import { isIP } from 'node:net';
import { readNameServers } from '../../platform/name-servers.ts';

export type NetworkGuard = { readonly active: true } | { readonly active: false; readonly reason: string };

const NFT_LIMIT_MS = 5_000;

/**
 * The rules for one user: name servers stay reachable, everything that leads back to this host (all its addresses go over
 * `lo`) and link-local addresses (the cloud's metadata service) are refused. Loading them again replaces them.
 */
export function guardRules(uid: number, nameServers: readonly string[]): string {
  const resolvers = nameServers.flatMap((address) => {
    const family = isIP(address);
    if (family === 0) return [];
    const match = family === 4 ? `ip daddr ${address}` : `ip6 daddr ${address}`;
    return [`    ${match} udp dport 53 accept`, `    ${match} tcp dport 53 accept`];
  });
  return `table inet sluice_builds
delete table inet sluice_builds
table inet sluice_builds {
  chain builds {
${resolvers.join('\n')}
    oifname "lo" meta l4proto tcp reject with tcp reset
    oifname "lo" reject
    ip daddr 169.254.0.0/16 reject
    ip6 daddr fe80::/10 reject
  }
  chain output {
    type filter hook output priority -10; policy accept;
    meta skuid ${uid} jump builds
  }
}
`;
}

/** Loads the rules. Needs root and `nft`; where either is missing the answer says so, and builds share the host's loopback. */
export async function guardBuildNetwork(uid: number): Promise<NetworkGuard> {
  if (process.getuid?.() !== 0) return { active: false, reason: 'only root can set packet rules' };
  const problem = await loadRules(guardRules(uid, readNameServers('/etc/resolv.conf')));
  return problem === null ? { active: true } : { active: false, reason: problem };
}

/** @returns what went wrong, or `null` */
function loadRules(rules: string): Promise<string | null> {
  return new Promise((resolve) => {
    const nft = spawn('nft', ['-f', '-'], { stdio: ['pipe', 'ignore', 'pipe'], timeout: NFT_LIMIT_MS });
    let said = '';
    nft.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    nft.on('error', (error) => resolve(`nft cannot be started (${error.message}); install nftables`));
    nft.on('close', (code) => resolve(code === 0 ? null : `nft ended with ${code}: ${said.trim()}`));
    nft.stdin.on('error', () => undefined);
    nft.stdin.end(rules);
  });
}
