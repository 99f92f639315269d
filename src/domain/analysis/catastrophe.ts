/**
 * The guard between two evaluations (analysis §3): the canary's last ten requests all failed, and stable had at least
 * ten requests and no failure meanwhile. For equal versions that fail 5 % the chance is 1e−13 per canary request.
 */
import { RING_BUCKET_MS, type RingAnswer } from '../metrics/ring.ts';
import { counted } from './numbers-in-words.ts';

const LEAST_REQUESTS = 10;

export interface Catastrophe {
  /** Failures of the canary since its last success. */
  readonly canaryFailures: number;
  /** Requests of stable since the tenth-last of them, at least; none failed. */
  readonly stableRequests: number;
  readonly sentence: string;
}

/**
 * `null` when all is well, or when it cannot be told. Counts stable from the start of the bucket on: rather too much.
 *
 * @param noun what is counted: `request`, or `probe request`
 */
export function catastropheIn(
  ring: Pick<RingAnswer, 'versions'>,
  canary: string,
  stable: string,
  noun = 'request',
): Catastrophe | null {
  const canarySide = ring.versions.find(({ version }) => version === canary);
  const stableSide = ring.versions.find(({ version }) => version === stable);
  if (!canarySide || !stableSide || canarySide.consecutiveFailures < LEAST_REQUESTS) return null;
  const since = tenthLastFailure(canarySide.buckets);
  if (since === null) return null;
  let requests = 0;
  for (const bucket of stableSide.buckets) {
    if (bucket.at + RING_BUCKET_MS <= since) continue;
    if (bucket.failures > 0) return null;
    requests += bucket.requests;
  }
  if (requests < LEAST_REQUESTS) return null;
  const failures = canarySide.consecutiveFailures;
  return {
    canaryFailures: failures,
    stableRequests: requests,
    sentence: `the canary's last ${counted(failures, noun)} all failed, while stable answered ${counted(requests, noun)} without a failure: no need to wait for the next look`,
  };
}

/** Start of the bucket that holds it, Unix milliseconds. */
function tenthLastFailure(
  buckets: readonly { readonly at: number; readonly failures: number }[],
): number | null {
  let failures = 0;
  for (const bucket of [...buckets].reverse()) {
    failures += bucket.failures;
    if (failures >= LEAST_REQUESTS) return bucket.at;
  }
  return null;
}
