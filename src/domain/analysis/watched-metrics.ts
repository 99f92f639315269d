/** Which metrics a plan has judged, in one budget: failures, latency and probes weigh 1 each, the
 * plan's own what it says. */
import { sharesOf } from './combine.ts';
import { ERRORS_METRIC, PROBE_METRIC, RELEASE_METRIC } from './release-look.ts';
import type { JudgeSettings } from './settings.ts';
import { LATENCY_METRICS } from '../metrics/latency.ts';
import type { PlanAnalysis, PlanMetric, PlanMetricRule } from '../plan/plan.ts';

/** A plan's analysis as the watch needs it. */
export interface WatchedMetrics {
  readonly intervalMs: number;
  /** Chance of a false rollback of the whole release. */
  readonly alpha: number;
  readonly latency: JudgeSettings | null;
  /** Probes are judged too. */
  readonly hasProbes: boolean;
  /** Rate of failures of either version at which a person is asked; `null`: none. */
  readonly absoluteErrors: number | null;
  /** Judged by evidence, failures first. */
  readonly judged: readonly { readonly metric: string; readonly settings: JudgeSettings }[];
  /** Held against a fixed bound. */
  readonly bounds: readonly { readonly metric: string; readonly rule: BoundOfPlan }[];
  /** Weights of the plan's own counters. */
  readonly weights: ReadonlyMap<string, number>;
  /** The plan's own, for their sources. */
  readonly own: readonly PlanMetric[];
  /** Metric under which the release's look and the watch's state are stored. */
  readonly releaseMetric: string;
}

type BoundOfPlan = Extract<PlanMetricRule, { kind: 'bound' }>;

export function watchedMetrics(analysis: PlanAnalysis): WatchedMetrics {
  const { intervalMs, errors, latency, probe = null, absolute = null, metrics = [] } = analysis;
  const counters = metrics.flatMap(({ name, rule }) =>
    rule.kind === 'counters' ? [{ metric: name, settings: rule.settings, weight: rule.weight }] : [],
  );
  const bounds = metrics.flatMap(({ name, rule }) => (rule.kind === 'bound' ? [{ metric: name, rule }] : []));
  const judged = [
    { metric: ERRORS_METRIC, settings: errors },
    ...(latency ? LATENCY_METRICS.map((metric) => ({ metric, settings: latency })) : []),
    ...(probe ? [{ metric: PROBE_METRIC, settings: probe }] : []),
    ...counters.map(({ metric, settings }) => ({ metric, settings })),
  ];
  return {
    intervalMs,
    alpha: errors.alpha,
    latency,
    hasProbes: probe !== null,
    absoluteErrors: absolute?.errors ?? null,
    judged,
    bounds,
    weights: new Map(counters.map(({ metric, weight }) => [metric, weight])),
    own: metrics,
    releaseMetric: judged.length + bounds.length > 1 ? RELEASE_METRIC : ERRORS_METRIC,
  };
}

/** Shares of the budget; they are 1 together. The three thresholds of latency share one weight. */
export function sharesOfMetrics({ latency, hasProbes, weights }: WatchedMetrics): Map<string, number> {
  return sharesOf([
    { metrics: [ERRORS_METRIC] },
    ...(latency ? [{ metrics: LATENCY_METRICS }] : []),
    ...(hasProbes ? [{ metrics: [PROBE_METRIC] }] : []),
    ...[...weights].map(([metric, weight]) => ({ metrics: [metric], weight })),
  ]);
}
