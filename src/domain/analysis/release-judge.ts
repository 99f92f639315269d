/**
 * One look at everything that a plan has judged: from counts by metric to the looks that are stored. The watch feeds
 * it from its sources, a replay from stored looks, so that both give the same numbers to the last bit.
 */
import { absoluteTrouble, sumLately, takeLately, type Lately } from './absolute.ts';
import type { BoundSample } from './bound.ts';
import { lookAtBounds } from './bound-looks.ts';
import type { Counts, Look } from './look.ts';
import { beginMetric, lookAtMetric, type MetricMemory, type Moment } from './metric-memory.ts';
import { ERRORS_METRIC, PROBE_METRIC, releaseLook } from './release-look.ts';
import { bothWorsened } from './worsened.ts';
import { sharesOfMetrics, type WatchedMetrics } from './watched-metrics.ts';

export interface Sides {
  readonly canary: Counts;
  readonly stable: Counts;
}

/** What is carried from look to look; plain JSON. */
export interface Judging {
  readonly memories: Readonly<Record<string, MetricMemory>>;
  /** Looks in a row beyond each bound. */
  readonly beyond: Readonly<Record<string, number>>;
  readonly lately: readonly Lately[];
  /** When the newest look was taken, Unix milliseconds. */
  readonly lookedAt: number;
  /** Requests of the canary since the present step began. */
  readonly inStep: { readonly step: number | null; readonly requests: number; readonly probes?: number };
  /** Metric that the newest look is about: what decided, or weighs most; `latency` for its three thresholds. */
  readonly about: string;
}

/** What happened since the look before. */
export interface Counted {
  /** By metric; one whose source was silent is not in it. */
  readonly counts: ReadonlyMap<string, Sides>;
  /** What the bounds are held against; `null`: the source was silent. */
  readonly numbers: Readonly<Record<string, BoundSample | null>>;
  /** What is counted, where a metric's name does not say it. */
  readonly words: ReadonlyMap<string, string>;
}

/**
 * Before the first look.
 *
 * @param history stable's intervals before the release by metric, oldest first
 * @param at when the watch began, Unix milliseconds
 */
export function beginJudging(
  plan: WatchedMetrics,
  history: Readonly<Record<string, readonly Counts[]>>,
  at: number,
): Judging {
  return {
    memories: Object.fromEntries(
      plan.judged.map(({ metric, settings }) => [metric, beginMetric(settings, history[metric] ?? [])]),
    ),
    beyond: {},
    lately: [],
    lookedAt: at,
    inStep: { step: null, requests: 0 },
    about: ERRORS_METRIC,
  };
}

/** The release's look, first, and those of its metrics where there are several. */
export function judgeRelease(
  before: Judging,
  { counts, numbers, words }: Counted,
  moment: Moment,
  plan: WatchedMetrics,
): {
  readonly looks: readonly [Look, ...Look[]];
  readonly judging: Judging;
  /** Both versions fail more than before, as the release's look says. */
  readonly isShared: boolean;
} {
  const errors = counts.get(ERRORS_METRIC) ?? null;
  const inStep = countInStep(before.inStep, moment.step, counts);
  const shares = sharesOfMetrics(plan);
  const judged = plan.judged.map(({ metric, settings }) =>
    lookAtMetric(before.memories[metric] ?? beginMetric(settings, []), {
      metric,
      settings,
      share: shares.get(metric) ?? 0,
      mayBeSilent: metric === PROBE_METRIC,
      counted: counts.get(metric) ?? null,
      canaryRequestsInStep: metric === PROBE_METRIC ? (inStep.probes ?? 0) : inStep.requests,
      moment,
      begunAt: before.lookedAt,
      words: words.get(metric) ?? null,
    }),
  );
  const bounds = lookAtBounds(before.beyond, numbers, plan, moment);
  const lately = errors
    ? takeLately(before.lately, { from: before.lookedAt, at: moment.at, ...errors })
    : before.lately;
  // Of an interval that nobody knows, nothing is asked either.
  const trouble =
    plan.absoluteErrors === null || !errors ? null : absoluteTrouble(lately, plan.absoluteErrors);
  const made = releaseLook({ metrics: judged, bounds: bounds.looks, alpha: plan.alpha, trouble });
  const { about } = made;
  const isOpen = errors !== null && made.look.verdict !== 'harmful' && made.look.cause !== 'both-bad';
  const known = judged.find(({ metric }) => metric === ERRORS_METRIC)?.memory.stableTotal;
  const shared = isOpen && known ? bothWorsened(sumLately(lately), known) : null;
  const look = shared === null ? made.look : { ...made.look, sentence: `${made.look.sentence}; ${shared}` };
  const parts = [...judged.map((one) => one.look), ...bounds.looks];
  return {
    isShared: shared !== null,
    looks: parts.length === 1 ? [look] : [look, ...parts],
    judging: {
      memories: Object.fromEntries(judged.map(({ metric, memory }) => [metric, memory])),
      beyond: bounds.beyond,
      lately,
      lookedAt: moment.at,
      inStep,
      about,
    },
  };
}

function countInStep(
  before: Judging['inStep'],
  step: number | null,
  counts: Counted['counts'],
): Judging['inStep'] {
  const isSame = before.step === step;
  const requests = (isSame ? before.requests : 0) + (counts.get(ERRORS_METRIC)?.canary.requests ?? 0);
  const probe = counts.get(PROBE_METRIC);
  const probes = (isSame ? (before.probes ?? 0) : 0) + (probe?.canary.requests ?? 0);
  return { step, requests, ...((probe || before.probes !== undefined) && { probes }) };
}
