/**
 * A bounded stream of requests to the sample's alias, sent with the public SDK as any customer would, and what the
 * answers say: which version answered, and whether it failed.
 */
import FC from '@alicloud/fc2';
import { z } from 'zod';
import type { Config } from '../../platform/config.ts';
import type { Credentials } from '../../platform/credentials.ts';

export const REQUESTS_PER_SECOND = 40;
/** Hard end, so that a story that hangs does not send for ever. */
const MOST_REQUESTS = REQUESTS_PER_SECOND * 300;
const MOST_IN_FLIGHT = 64;

const Alias = z.object({
  versionId: z.string(),
  additionalVersionWeight: z.record(z.string(), z.number()).nullish(),
});

export interface Measured {
  readonly requests: number;
  readonly failures: number;
}

export interface Traffic {
  /** What was answered since `begin` was last called, by version number. */
  measured(): ReadonlyMap<string, Measured>;
  /** Requests that got no answer of the function at all, since the start: refused or lost. */
  lost(): number;
  /** Starts counting anew. */
  begin(): void;
  /** The alias as the FC API tells it, e.g. `version 1` or `version 1, 5 % to version 2`. */
  alias(): Promise<string>;
  /** Sends no more and waits for the last answers. */
  stop(): Promise<void>;
}

/** Starts the stream. `hour` runs through the day, so that every part of it is asked for equally often. */
export function startTraffic(
  config: Config,
  credentials: Credentials,
  target: { readonly service: string; readonly alias: string; readonly function: string },
): Traffic {
  const client = new FC(credentials.accountId, {
    accessKeyID: credentials.accessKeyId,
    accessKeySecret: credentials.accessKeySecret,
    region: config.region,
    endpoint: config.fcEndpoint,
  });
  let counts = new Map<string, Measured>();
  let lost = 0;
  let sent = 0;
  const inFlight = new Set<Promise<void>>();

  async function send(number: number): Promise<void> {
    const event = Buffer.from(JSON.stringify({ name: `customer ${number}`, hour: number % 25 }));
    try {
      const answer = await client.invokeFunction(target.service, target.function, event, {}, target.alias, {
        rawBuf: true,
      });
      const version = answer.headers['x-fc-invocation-service-version'] ?? '?';
      const before = counts.get(version) ?? { requests: 0, failures: 0 };
      const failed = answer.headers['x-fc-error-type'] === undefined ? 0 : 1;
      counts.set(version, { requests: before.requests + 1, failures: before.failures + failed });
    } catch {
      lost += 1;
    }
  }

  const timer = setInterval(() => {
    if (inFlight.size >= MOST_IN_FLIGHT || sent >= MOST_REQUESTS) return;
    const call = send(sent++).finally(() => inFlight.delete(call));
    inFlight.add(call);
  }, 1_000 / REQUESTS_PER_SECOND);

  return {
    measured: () => counts,
    lost: () => lost,
    begin: () => {
      counts = new Map();
    },
    alias: async () => {
      const { data } = await client.getAlias(target.service, target.alias);
      const { versionId, additionalVersionWeight } = Alias.parse(data);
      const weights = Object.entries(additionalVersionWeight ?? {});
      const extra = weights.map(([version, weight]) => `, ${weight * 100} % to version ${version}`);
      return `version ${versionId}${extra.join('')}`;
    },
    stop: async () => {
      clearInterval(timer);
      await Promise.all(inFlight);
    },
  };
}
