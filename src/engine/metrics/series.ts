/**
 * Counters of one version of a function as called through one qualifier: what the judge reads (the ring, kept for two
 * hours and over restarts) and what Prometheus reads (since this process started). Counting a call is a few additions.
 */
import { latencyBucketOf } from '../../domain/metrics/latency-bucket.ts';
import {
  LATENCY_INTERVAL_MS,
  RING_BUCKET_MS,
  RING_KEEP_MS,
  type LatencyCounts,
  type RingBucket,
  type RingLatencies,
  type RingVersion,
} from '../../domain/metrics/ring.ts';

/** Stands for the qualifier of probes, whatever they called. No version or alias can have such a name. */
export const PROBE_QUALIFIER = ':probe';

export interface SeriesKey {
  readonly service: string;
  readonly function: string;
  /** What callers asked for: a version, an alias, or LATEST; `PROBE_QUALIFIER` for probes. */
  readonly qualifier: string;
  /** What ran: a version, or LATEST. */
  readonly version: string;
}

/** Upper bounds of the Prometheus histogram, seconds. */
export const DURATION_BOUNDS_S = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 600,
];

export interface CountedCall {
  /** `null` when the function answered; else the error's type or code. */
  readonly error: string | null;
  readonly coldStart: boolean;
  /** `null` when the call never reached the function. */
  readonly latencyMs: number | null;
}

type Totals = { requests: number; failures: number; coldStarts: number };
type Bucket = { at: number; requests: number; failures: number; coldStarts: number; isChanged: boolean };
type Minute = { at: number; warm: Map<number, number>; cold: Map<number, number>; isChanged: boolean };

/** What a process that was started anew goes on from. */
export interface StoredSeries extends SeriesKey {
  readonly totals: RingVersion['totals'];
  readonly consecutiveFailures: number;
  /** Oldest first. */
  readonly buckets: readonly RingBucket[];
  readonly latencies: readonly RingLatencies[];
}

export class Series {
  readonly key: SeriesKey;
  /** Since this process started; for Prometheus. */
  readonly process = {
    requests: 0,
    coldStarts: 0,
    errors: new Map<string, number>(),
    durations: Array.from<number>({ length: DURATION_BOUNDS_S.length + 1 }).fill(0),
    durationSumS: 0,
  };
  readonly #totals: Totals;
  #consecutiveFailures: number;
  readonly #buckets: Bucket[];
  readonly #minutes: Minute[];
  #isChanged = false;

  constructor(stored: StoredSeries) {
    const { service, function: name, qualifier, version } = stored;
    this.key = { service, function: name, qualifier, version };
    this.#totals = { ...stored.totals };
    this.#consecutiveFailures = stored.consecutiveFailures;
    this.#buckets = stored.buckets.map((bucket) => ({ ...bucket, isChanged: false }));
    this.#minutes = stored.latencies.map(({ at, warm, cold }) => ({
      at,
      warm: new Map(warm),
      cold: new Map(cold),
      isChanged: false,
    }));
  }

  /** Counts a call that ended at `now` (Unix milliseconds) and says something about the version. */
  count(call: CountedCall, now: number): void {
    const failed = call.error !== null ? 1 : 0;
    const cold = call.coldStart ? 1 : 0;
    const bucket = this.#bucketAt(now);
    for (const counts of [this.#totals, bucket]) {
      counts.requests += 1;
      counts.failures += failed;
      counts.coldStarts += cold;
    }
    this.#consecutiveFailures = failed ? this.#consecutiveFailures + 1 : 0;
    bucket.isChanged = true;
    this.#isChanged = true;
    this.process.requests += 1;
    this.process.coldStarts += cold;
    if (call.error !== null) this.countRefusal(call.error);
    if (call.latencyMs !== null) this.#countLatency(call.latencyMs, call.coldStart, now);
  }

  /** Counts a call that was refused for the caller's or the platform's limits: it says nothing about the version. */
  countRefusal(code: string): void {
    const { errors } = this.process;
    errors.set(code, (errors.get(code) ?? 0) + 1);
  }

  /** Buckets that begin at `fromMs` or later. */
  read(fromMs: number, now: number, withLatencies: boolean): RingVersion {
    const oldest = Math.max(fromMs, now - RING_KEEP_MS);
    return {
      version: this.key.version,
      totals: { ...this.#totals },
      consecutiveFailures: this.#consecutiveFailures,
      buckets: this.#buckets.filter(({ at }) => at >= oldest).map(plainBucket),
      ...(withLatencies && {
        latencies: this.#minutes.filter(({ at }) => at >= oldest).map(plainMinute),
      }),
    };
  }

  /** What changed since the last call of this, and is now taken as stored; `undefined` when nothing did. */
  takeChanges(): StoredSeries | undefined {
    if (!this.#isChanged) return undefined;
    this.#isChanged = false;
    return {
      ...this.key,
      totals: { ...this.#totals },
      consecutiveFailures: this.#consecutiveFailures,
      buckets: takeChanged(this.#buckets).map(plainBucket),
      latencies: takeChanged(this.#minutes).map(plainMinute),
    };
  }

  /** Takes back `takeChanges`, because storing failed. */
  restoreChanges(changes: StoredSeries): void {
    this.#isChanged = true;
    const times = new Set(changes.buckets.map(({ at }) => at));
    for (const bucket of this.#buckets) if (times.has(bucket.at)) bucket.isChanged = true;
    const minutes = new Set(changes.latencies.map(({ at }) => at));
    for (const minute of this.#minutes) if (minutes.has(minute.at)) minute.isChanged = true;
  }

  #bucketAt(now: number): Bucket {
    const at = now - (now % RING_BUCKET_MS);
    const last = this.#buckets.at(-1);
    // A clock that was set back counts into the newest bucket: times in the ring never run backwards.
    if (last && last.at >= at) return last;
    dropOlder(this.#buckets, now - RING_KEEP_MS);
    const bucket = { at, requests: 0, failures: 0, coldStarts: 0, isChanged: true };
    this.#buckets.push(bucket);
    return bucket;
  }

  #countLatency(ms: number, isCold: boolean, now: number): void {
    const { durations } = this.process;
    const seconds = ms / 1_000;
    const bound = DURATION_BOUNDS_S.findIndex((limit) => seconds <= limit);
    const index = bound < 0 ? DURATION_BOUNDS_S.length : bound;
    durations[index] = (durations[index] ?? 0) + 1;
    this.process.durationSumS += seconds;

    const at = now - (now % LATENCY_INTERVAL_MS);
    let minute = this.#minutes.at(-1);
    if (!minute || minute.at < at) {
      dropOlder(this.#minutes, now - RING_KEEP_MS);
      minute = { at, warm: new Map(), cold: new Map(), isChanged: true };
      this.#minutes.push(minute);
    }
    const counts = isCold ? minute.cold : minute.warm;
    const bucket = latencyBucketOf(ms);
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    minute.isChanged = true;
  }
}

function dropOlder(list: { readonly at: number }[], oldest: number): void {
  const keep = list.findIndex(({ at }) => at >= oldest);
  list.splice(0, keep < 0 ? list.length : keep);
}

/** The changed ones are the newest, so the search ends early. */
function takeChanged<T extends { isChanged: boolean }>(list: T[]): T[] {
  const first = list.findLastIndex(({ isChanged }) => !isChanged) + 1;
  const changed = list.slice(first);
  for (const item of changed) item.isChanged = false;
  return changed;
}

function plainBucket({ at, requests, failures, coldStarts }: Bucket): RingBucket {
  return { at, requests, failures, coldStarts };
}

function plainMinute({ at, warm, cold }: Minute): RingLatencies {
  return { at, warm: sorted(warm), cold: sorted(cold) };
}

function sorted(counts: ReadonlyMap<number, number>): LatencyCounts {
  return [...counts].sort(([a], [b]) => a - b);
}
