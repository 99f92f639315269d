/** One answer of the engine, and what is kept of it until the next. */
import { LATENCY_INTERVAL_MS, type RingAnswer, type RingVersion } from '../../domain/metrics/ring.ts';

/** One reading of a function's counters, with the versions that count. */
export interface Reading {
  readonly stable: string;
  readonly canary: string;
  readonly ring: RingAnswer;
}

/** What the next look needs of a reading: no buckets, and of the latencies the minutes that may still go on. */
export function slimReading({ ring, stable, canary }: Reading): Reading {
  const wanted = new Set([stable, canary]);
  const slim = (version: RingVersion): RingVersion => ({
    ...version,
    buckets: [],
    ...(version.latencies && {
      latencies: version.latencies.filter(({ at }) => at > ring.now - 2 * LATENCY_INTERVAL_MS),
    }),
  });
  return {
    stable,
    canary,
    ring: {
      ...ring,
      versions: ring.versions.filter(({ version }) => wanted.has(version)).map(slim),
      ...(ring.probes && { probes: ring.probes.filter(({ version }) => wanted.has(version)).map(slim) }),
    },
  };
}
