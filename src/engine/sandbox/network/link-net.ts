/** The four addresses between host and egress namespace: such that nothing of the host's routes is hidden by them. */

/** For tests of devices (RFC 2544) and shared with carriers (RFC 6598): nobody's service has an address there. */
const RANGES = [
  { first: toNumber('198.18.0.0'), size: 2 ** 17 },
  { first: toNumber('100.127.0.0'), size: 2 ** 16 },
];
const STEP = 4;

export interface LinkNet {
  /** `a.b.c.d/30` */
  readonly net: string;
  readonly hostAddress: string;
  readonly egressAddress: string;
}

/**
 * @param seed where in the range to begin, so that engines which start at the same time do not choose the same
 * @param routed networks with a route on the host: `a.b.c.d/n` or an address
 * @returns `undefined` where everything is taken
 */
export function chooseLinkNet(seed: number, routed: readonly string[]): LinkNet | undefined {
  const taken = routed.flatMap(toSpan);
  for (const { first, size } of RANGES) {
    const count = size / STEP;
    for (let tried = 0; tried < count; tried += 1) {
      const start = first + ((seed + tried) % count) * STEP;
      if (taken.some((span) => span.first < start + STEP && start <= span.last)) continue;
      return {
        net: `${toText(start)}/30`,
        hostAddress: toText(start + 1),
        egressAddress: toText(start + 2),
      };
    }
  }
  return undefined;
}

/** Empty for what is no network of version 4, and for the default route, which hides nothing. */
function toSpan(network: string): { first: number; last: number }[] {
  const [, address = '', length = '32'] = /^(\d+\.\d+\.\d+\.\d+)(?:\/(\d+))?$/.exec(network) ?? [];
  if (address === '' || length === '0') return [];
  const size = 2 ** (32 - Number(length));
  const first = Math.floor(toNumber(address) / size) * size;
  return [{ first, last: first + size - 1 }];
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function toText(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
