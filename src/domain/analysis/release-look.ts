/**
 * What all metrics of a release say together, as one look: the one that decides and that people see first. Looks of
 * single metrics stand beside it under the same number. Where failures are all that is judged, they are the release.
 */
import { combine, type MetricPart } from './combine.ts';
import { logThreshold } from './judge.ts';
import type { Look } from './look.ts';
import { counted, odds } from './numbers-in-words.ts';

export const ERRORS_METRIC = 'errors';
/** Synthetic requests, counted apart from users'. */
export const PROBE_METRIC = 'probe';
/** All metrics together. */
export const RELEASE_METRIC = 'release';
/** The guard between two looks. */
export const CATASTROPHE_METRIC = 'catastrophe';
/** The promoted version alone, against the version before in its last hour. */
const BAKE_METRIC = 'bake';

/** The same of one wave of regions, 0-based; `undefined`: the plan names no regions. */
export function bakeMetric(wave: number | undefined): string {
  return wave === undefined ? BAKE_METRIC : `${BAKE_METRIC}-wave-${wave + 1}`;
}

export function isBakeMetric(metric: string): boolean {
  return metric === BAKE_METRIC || metric.startsWith(`${BAKE_METRIC}-wave-`);
}

/** Metrics of looks that speak for the release, the strongest word first. */
export const RELEASE_METRICS = [CATASTROPHE_METRIC, RELEASE_METRIC, ERRORS_METRIC] as const;

/** A metric that was judged by evidence, with its look. */
export interface JudgedMetric extends MetricPart {
  readonly look: Look;
}

export interface ReleaseLookInput {
  /** Failures first. */
  readonly metrics: readonly JudgedMetric[];
  /** Looks at plain numbers; they decide on their own (analysis §3). */
  readonly bounds: readonly Look[];
  readonly alpha: number;
  /** What the absolute limits say, or `null`. */
  readonly trouble: string | null;
}

export interface ReleaseLook {
  readonly look: Look;
  /** Metric that decided or weighs most, with the latency thresholds as one: `latency`. */
  readonly about: string;
}

/** @throws RangeError when there is no metric, or the shares are not 1 together */
export function releaseLook(input: ReleaseLookInput): ReleaseLook {
  const together = combined(input);
  if (input.trouble === null || together.look.verdict === 'harmful') return together;
  const { look, about } = together;
  return { look: { ...look, verdict: 'undecided', cause: 'both-bad', sentence: input.trouble }, about };
}

/** Of the looks of one release: those that speak for it, one a number. */
export function releaseLooksOf<L extends Pick<Look, 'number' | 'metric'>>(looks: readonly L[]): L[] {
  const best = new Map<number, L>();
  for (const look of looks) {
    const rank = rankOf(look);
    if (rank < 0) continue;
    const other = best.get(look.number);
    if (!other || rank < rankOf(other)) best.set(look.number, look);
  }
  return [...best.values()];
}

function rankOf({ metric }: Pick<Look, 'metric'>): number {
  return RELEASE_METRICS.findIndex((one) => one === metric);
}

function combined({ metrics, bounds, alpha }: ReleaseLookInput): ReleaseLook {
  const [first] = metrics;
  if (!first) throw new RangeError('no metric to judge by');
  if (metrics.length === 1 && bounds.length === 0) return { look: first.look, about: first.metric };
  const judgement = combine(metrics, alpha);
  const leading = metrics.find(({ metric }) => metric === judgement.leading) ?? first;
  const { since: sinceOfFirst, ...shown } = first.look;
  const since = leading === first ? sinceOfFirst : leading.look.since;
  const base: Look = {
    ...shown,
    metric: RELEASE_METRIC,
    dispersion: leading.look.dispersion,
    logEvidence: judgement.logEvidence,
    logHealth: Math.min(...metrics.map(({ look }) => look.logHealth)),
    gate: leading.look.gate,
    verdict: judgement.verdict,
    cause: judgement.cause,
    sentence: '',
  };
  const together = `all ${metrics.length} metrics together: evidence ${odds(judgement.logEvidence)}, rollback at ${odds(logThreshold(alpha))}`;
  const probe = metrics.find(({ metric }) => metric === PROBE_METRIC);
  const hasProbed = probe !== undefined && probe.judgement.cause !== 'no-canary-traffic';
  const broken = bounds.find(({ verdict }) => verdict === 'harmful');
  if (judgement.verdict === 'harmful')
    return {
      look: {
        ...base,
        ...(since !== undefined && { since }),
        sentence: say(leading.look) + also(metrics, together),
      },
      about: groupOf(leading),
    };
  if (broken)
    return {
      look: { ...base, gate: true, verdict: 'harmful', cause: null, sentence: say(broken) },
      about: broken.metric,
    };
  const silent = [...metrics.map(({ look }) => look), ...bounds].filter(
    ({ cause }) => cause === 'no-metrics',
  );
  if (silent.length > 0) {
    const names = silent.map(({ metric }) => metric).join(', ');
    const sentence = `no answer from the source of ${names}: nothing is known of this interval, and nothing is concluded from it${also(metrics, together)}`;
    return {
      look: { ...base, verdict: 'undecided', cause: 'no-metrics', sentence },
      about: groupOf(leading),
    };
  }
  const open = bounds.find(({ verdict }) => verdict !== 'healthy');
  if (judgement.verdict === 'healthy' && open)
    return {
      look: { ...base, verdict: 'undecided', cause: open.cause, sentence: say(open) },
      about: open.metric,
    };
  if (hasProbed && first.judgement.cause === 'no-canary-traffic') {
    const sentence = `only probes have called the canary since the step began, no user has: ${say(probe.look)}${also(metrics, together)}`;
    return { look: { ...base, sentence }, about: PROBE_METRIC };
  }
  const apart =
    hasProbed && leading !== probe
      ? `; apart from these, ${counted(probe.look.canaryTotal.requests, 'probe request')} to the canary, ${probe.look.canaryTotal.failures} failed`
      : '';
  return {
    look: { ...base, sentence: say(leading.look) + apart + also(metrics, together) },
    about: groupOf(leading),
  };
}

function say({ metric, sentence }: Look): string {
  return `${metric}: ${sentence}`;
}

function also(metrics: readonly JudgedMetric[], together: string): string {
  return metrics.length > 1 ? ` (${together})` : '';
}

function groupOf({ metric }: JudgedMetric): string {
  return metric.startsWith('latency-') ? 'latency' : metric;
}
