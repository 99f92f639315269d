/**
 * Several metrics, one release, one budget (analysis §3): a weighted mixture of the metrics' evidence is evidence
 * again, so α need not be divided. Harm must also be worth it for the metric that speaks loudest; *healthy* needs all
 * that have something to say.
 */
import type { Judgement } from './judge.ts';
import { logThreshold } from './judge.ts';
import { logAddExp } from './log-space.ts';
import type { UndecidedCause, Verdict } from './look.ts';
import { counted, odds } from './numbers-in-words.ts';

export interface MetricPart {
  readonly metric: string;
  /** v_m: the metric's share of the budget; all shares together are 1. */
  readonly share: number;
  readonly judgement: Judgement;
  /** Its silence is what was asked for (probes where users are many): *healthy* needs it only where it speaks. */
  readonly mayBeSilent: boolean;
}

export interface ReleaseJudgement {
  readonly logEvidence: number;
  readonly verdict: Verdict;
  readonly cause: UndecidedCause | null;
  /** Metric whose own evidence is the largest. */
  readonly leading: string;
  /** All metrics in one sentence; each has its own beside it. */
  readonly sentence: string;
}

/**
 * @param alpha chance of a false rollback of the whole release
 * @throws RangeError when there is no metric, a share is not positive, or the shares are not 1 together
 */
export function combine(parts: readonly MetricPart[], alpha: number): ReleaseJudgement {
  checkShares(parts);
  let logEvidence = -Infinity;
  let leading: MetricPart | undefined;
  for (const part of parts) {
    logEvidence = logAddExp(logEvidence, Math.log(part.share) + part.judgement.logEvidence);
    if (!leading || speaksLouder(part.judgement, leading.judgement)) leading = part;
  }
  if (!leading) throw new RangeError('no metric to judge by');
  const { gate, cause } = leading.judgement;
  // A source that is silent never counts as harm, whatever it said before.
  const isHarmful = logEvidence >= logThreshold(alpha) && gate && cause !== 'no-metrics';
  const isHealthy = parts.every(
    ({ judgement, mayBeSilent }) =>
      judgement.verdict === 'healthy' || (mayBeSilent && judgement.cause === 'no-canary-traffic'),
  );
  const verdict: Verdict = isHarmful ? 'harmful' : isHealthy ? 'healthy' : 'undecided';
  return {
    logEvidence,
    verdict,
    cause: verdict === 'undecided' ? causeOf(parts) : null,
    leading: leading.metric,
    sentence: sentenceOf(parts, leading, logEvidence, verdict, alpha),
  };
}

/**
 * Shares of a budget over groups of metrics: each group gets the same (or its weight), divided evenly within. The
 * three latency thresholds are one group, so that latency counts once.
 */
export function sharesOf(
  groups: readonly { readonly metrics: readonly string[]; readonly weight?: number }[],
): Map<string, number> {
  const total = groups.reduce((sum, { weight = 1 }) => sum + weight, 0);
  return new Map(
    groups.flatMap(({ metrics, weight = 1 }) =>
      metrics.map((metric): [string, number] => [metric, weight / total / metrics.length]),
    ),
  );
}

function sentenceOf(
  parts: readonly MetricPart[],
  { metric, judgement }: MetricPart,
  logEvidence: number,
  verdict: Verdict,
  alpha: number,
): string {
  const who = parts.length === 1 ? metric : `${counted(parts.length, 'metric')} together`;
  const together = `${who}: evidence ${odds(logEvidence)} that the canary is worse; rollback at ${odds(logThreshold(alpha))}`;
  if (verdict === 'healthy') return `${together}; each metric by itself is healthy`;
  const alone = `${metric} speaks loudest, with ${odds(judgement.logEvidence)} by itself`;
  if (verdict === 'harmful' || logEvidence < logThreshold(alpha)) return `${together}; ${alone}`;
  const why =
    judgement.cause === 'no-metrics' ? 'its source is silent now' : 'its difference is too small to count';
  return `${together}; ${alone}, but ${why}: no rollback`;
}

function speaksLouder(a: Judgement, b: Judgement): boolean {
  if (a.logEvidence !== b.logEvidence) return a.logEvidence > b.logEvidence;
  return a.gate && !b.gate;
}

function causeOf(parts: readonly MetricPart[]): UndecidedCause {
  const causes = parts.map(({ judgement }) => judgement.cause);
  if (causes.includes('no-metrics')) return 'no-metrics';
  return causes.every((cause) => cause === 'no-canary-traffic') ? 'no-canary-traffic' : 'too-few';
}

function checkShares(parts: readonly MetricPart[]): void {
  const sum = parts.reduce((total, { share }) => total + share, 0);
  if (parts.every(({ share }) => share > 0) && Math.abs(sum - 1) < 1e-9) return;
  throw new RangeError(`the metrics' shares must be positive and 1 together, not ${sum}`);
}
