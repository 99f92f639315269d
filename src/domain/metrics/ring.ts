/**
 * What the engine tells the judge: per version of a function, as called through one qualifier, a ring of counts.
 * The wire form of `GET /2016-08-15/_sluice/ring`; both the engine and the client are typed by it.
 */

/** Length of a bucket, milliseconds. */
export const RING_BUCKET_MS = 5_000;
/** How long buckets are kept, milliseconds. */
export const RING_KEEP_MS = 2 * 60 * 60 * 1_000;

export interface RingBucket {
  /** Start of the bucket, Unix milliseconds, a multiple of RING_BUCKET_MS. */
  readonly at: number;
  /** Requests that count for the judge: 4xx and 429 refusals are left out. */
  readonly requests: number;
  /** Function errors, time-outs, out of memory, platform 5xx. */
  readonly failures: number;
  /** Of `requests`, those that started an instance. */
  readonly coldStarts: number;
}

/** Length of a latency histogram's interval, milliseconds. */
export const LATENCY_INTERVAL_MS = 60_000;

/** Pairs of a bucket's number (see latency-bucket.ts) and its count, ascending. */
export type LatencyCounts = readonly (readonly [bucket: number, count: number])[];

export interface RingLatencies {
  /** Start of the minute, Unix milliseconds, a multiple of LATENCY_INTERVAL_MS. */
  readonly at: number;
  readonly warm: LatencyCounts;
  /** Calls that started an instance, apart: they say nothing about the code's speed. */
  readonly cold: LatencyCounts;
}

export interface RingVersion {
  /** Version number as a string, or `LATEST`. */
  readonly version: string;
  /** Sums since this version was first called through this qualifier; they never run backwards but over a lost second of a killed engine. */
  readonly totals: { readonly requests: number; readonly failures: number; readonly coldStarts: number };
  /** Failures since the last success. */
  readonly consecutiveFailures: number;
  /** Oldest first, empty buckets left out. */
  readonly buckets: readonly RingBucket[];
  /** How long calls took as their callers saw it, oldest first; only when asked for with `latencies=true`. */
  readonly latencies?: readonly RingLatencies[];
}

export interface RingAnswer {
  /** The engine's clock, Unix milliseconds. */
  readonly now: number;
  readonly service: string;
  readonly function: string;
  readonly qualifier: string;
  readonly versions: readonly RingVersion[];
  /**
   * What probes (`X-Sluice-Probe: 1`) did, whatever qualifier they called: never part of `versions`. Only when asked for
   * with `probes=true`.
   */
  readonly probes?: readonly RingVersion[];
}

/** The probes of an answer in the place of users' calls; `null` where they were not asked for, or are not known. */
export function probesOf(ring: RingAnswer): RingAnswer | null {
  return ring.probes ? { ...ring, versions: ring.probes } : null;
}
