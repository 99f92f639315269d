/** What a call leaves in the counters, the same for event calls and HTTP calls. */
import type { Target } from '../catalog/targets.ts';
import { RefusedError } from '../invoke/contract.ts';
import { PROBE_QUALIFIER, type Series } from '../metrics/series.ts';
import type { SeriesRegistry } from '../metrics/series-registry.ts';

export const ERROR_TYPES = {
  'handled-error': 'HandledInvocationError',
  'unhandled-error': 'UnhandledInvocationError',
} as const;

/** The counters of a version as called through `qualifier`; probes have their own. */
export function seriesOf(
  registry: SeriesRegistry,
  target: Target,
  qualifier: string,
  isProbe: boolean,
): Series {
  const counted = isProbe ? PROBE_QUALIFIER : qualifier;
  let series = target.series.get(counted);
  if (!series) {
    const { service, function: name } = target.revision;
    series = registry.open({ service, function: name, qualifier: counted, version: target.version });
    target.series.set(counted, series);
  }
  return series;
}

/** No room (429), and a caller that went away before its turn (499). */
const NOBODYS_FAILURE = [429, 499];

/**
 * Callers' own faults never get here. Of what the runner refuses, some is nobody's failure; the rest is the version's:
 * an instance that does not start (412), an answer that is too large (413), a lost call (5xx).
 */
export function countRefused(series: Series, error: unknown, now: number): void {
  if (error instanceof RefusedError && NOBODYS_FAILURE.includes(error.status))
    series.countRefusal(error.code);
  else {
    const code = error instanceof RefusedError ? error.code : 'InternalServerError';
    series.count({ error: code, coldStart: false, latencyMs: null }, now);
  }
}
