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
  /** What was answered from `since` (Unix milliseconds) on, by version number. */
  measured(since: number): ReadonlyMap<string, Measured>;
  /** Requests that got no answer of the function at all: refused or lost. */
  lost(): number;
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
  const answers: { readonly at: number; readonly version: string; readonly failed: boolean }[] = [];
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
      answers.push({ at: Date.now(), version, failed: answer.headers['x-fc-error-type'] !== undefined });
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
    measured: (since) => {
      const byVersion = new Map<string, Measured>();
      for (const { version, failed } of answers.filter(({ at }) => at >= since)) {
        const { requests, failures } = byVersion.get(version) ?? { requests: 0, failures: 0 };
        byVersion.set(version, { requests: requests + 1, failures: failures + (failed ? 1 : 0) });
      }
      return byVersion;
    },
    lost: () => lost,
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
