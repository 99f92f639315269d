/** What the plan's own metrics answer, for both versions; plain JSON. */
import type { BoundSample } from '../../domain/analysis/bound.ts';
import type { Counts } from '../../domain/analysis/look.ts';
import { countersBetween, type CounterPair } from '../../domain/metrics/counters.ts';

export type MetricSample =
  | { readonly kind: 'counters'; readonly canary: CounterPair; readonly stable: CounterPair }
  | ({ readonly kind: 'numbers' } & BoundSample);

/** Counts since the sample before. */
export function counterCounts(
  before: MetricSample | null,
  now: MetricSample,
): { readonly canary: Counts; readonly stable: Counts } {
  const side = (which: 'canary' | 'stable'): Counts => {
    if (now.kind !== 'counters') return { requests: 0, failures: 0 };
    return countersBetween(before?.kind === 'counters' ? before[which] : null, now[which]);
  };
  return { canary: side('canary'), stable: side('stable') };
}

/** The numbers that a bound is held against. */
export function numbersIn(sample: MetricSample): BoundSample | null {
  return sample.kind === 'numbers' ? { canary: sample.canary, stable: sample.stable } : null;
}
