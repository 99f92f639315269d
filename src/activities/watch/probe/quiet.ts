/** Is a function quiet: do users send its canary less than probes would? Then what they send tells too little, too late. */
import { RING_BUCKET_MS, type RingAnswer } from '../../../domain/metrics/ring.ts';

/** Users' requests are counted over this time, milliseconds. */
export const QUIET_SPAN_MS = 60_000;

/**
 * @param ring what users did through the alias in the last minute, at least
 * @param weight share of the canary, 0…1: what it is going to get stands for what it has not got yet
 * @param everyMs time between two probes
 */
export function isQuiet(ring: RingAnswer, canary: string, weight: number, everyMs: number): boolean {
  let all = 0;
  let own = 0;
  for (const { version, buckets } of ring.versions)
    for (const { at, requests } of buckets) {
      if (at + RING_BUCKET_MS <= ring.now - QUIET_SPAN_MS) continue;
      all += requests;
      if (version === canary) own += requests;
    }
  return Math.max(own, weight * all) < QUIET_SPAN_MS / everyMs;
}
