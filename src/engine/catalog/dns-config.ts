/** `customDNS` (fc-api.md §4): what `/etc/resolv.conf` of a function says instead of what the host's says. */
import { isIPv4 } from 'node:net';
import { z } from 'zod';
import type { NameResolution } from '../invoke/contract.ts';

/** As many as the C library reads (resolv.conf(5)). */
const SERVERS_MAX = 3;
const SEARCHES_MAX = 6;
const SEARCH_CHARACTERS_MAX = 256;
/** More than there are. */
const OPTIONS_MAX = 20;

const Domain = z
  .string()
  .max(253)
  .regex(
    /^(?!-)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?$/,
    'must be a domain: letters, digits, - and _ in labels of at most 63',
  );

export const DnsConfig = z.object({
  nameServers: z
    .array(
      z
        .string()
        .refine(isIPv4, 'must be an IPv4 address')
        .refine(
          (address) => !/^(?:0|127)\./.test(address),
          'must not be loopback, which is the function itself',
        ),
    )
    .max(SERVERS_MAX)
    .default([]),
  searches: z
    .array(Domain)
    .max(SEARCHES_MAX)
    .refine(
      (domains) => domains.join(' ').length <= SEARCH_CHARACTERS_MAX,
      `must have at most ${SEARCH_CHARACTERS_MAX} characters together`,
    )
    .default([]),
  dnsOptions: z
    .array(
      z.object({
        name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "must be an option of resolv.conf, like 'ndots'"),
        value: z
          .string()
          .regex(/^\d{0,3}$/, 'must be a number of at most three digits, or empty')
          .default(''),
      }),
    )
    .max(OPTIONS_MAX)
    .default([]),
});

/** `undefined`: as the host resolves names. */
export function nameResolutionOf(config: z.infer<typeof DnsConfig> | undefined): NameResolution | undefined {
  const { nameServers = [], searches = [], dnsOptions = [] } = config ?? {};
  if (nameServers.length + searches.length + dnsOptions.length === 0) return undefined;
  const options = dnsOptions.map(({ name, value }) => (value === '' ? name : `${name}:${value}`));
  return Object.freeze({ nameServers, searches, options });
}
