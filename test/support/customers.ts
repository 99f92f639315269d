/** Customers of a function: a bounded stream of requests to an alias through the public SDK, counted by version. */
import type FC from '@alicloud/fc2';

export interface Customers {
  /** Requests and failed requests by the version that answered. */
  readonly byVersion: ReadonlyMap<string, { readonly requests: number; readonly failures: number }>;
  stop(): Promise<void>;
}

export interface CustomerOptions {
  readonly client: FC;
  readonly service: string;
  readonly alias: string;
  readonly function: string;
  readonly perSecond: number;
  /** The stream ends by itself after this many. */
  readonly most: number;
  /** What a call brings beside its number; read anew for each call. */
  readonly more?: () => object;
}

export function startCustomers({
  client,
  service,
  alias,
  function: name,
  perSecond,
  most,
  more = () => ({}),
}: CustomerOptions): Customers {
  const byVersion = new Map<string, { requests: number; failures: number }>();
  const inFlight = new Set<Promise<void>>();
  let sent = 0;

  async function call(number: number): Promise<void> {
    const event = Buffer.from(JSON.stringify({ number, ...more() }));
    // A killed part may lose a call; customers see that too, and it is no answer of a version.
    const answer = await client
      .invokeFunction(service, name, event, {}, alias, { rawBuf: true })
      .catch(() => undefined);
    if (!answer) return;
    const version = answer.headers['x-fc-invocation-service-version'] ?? '?';
    const counts = byVersion.get(version) ?? { requests: 0, failures: 0 };
    counts.requests += 1;
    if (answer.headers['x-fc-error-type'] !== undefined) counts.failures += 1;
    byVersion.set(version, counts);
  }

  const timer = setInterval(() => {
    if (sent >= most || inFlight.size > 100) return;
    const running = call(sent++).finally(() => inFlight.delete(running));
    inFlight.add(running);
  }, 1_000 / perSecond);

  return {
    byVersion,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(inFlight);
    },
  };
}
