/** Latency by three thresholds that share one budget: log-normal latencies, the canary slower by a factor. */
import { combine, sharesOf } from '../../src/domain/analysis/combine.ts';
import { initialJudge, judge, takeHistory, type JudgeState } from '../../src/domain/analysis/judge.ts';
import { DEFAULT_JUDGE_SETTINGS } from '../../src/domain/analysis/settings.ts';
import { latencyBucketOf, latencyBucketUpperMs } from '../../src/domain/metrics/latency-bucket.ts';
import { binomial, poisson, type Random } from './random.ts';
import { HISTORY_LOOKS, LOOKS, LOOK_SECONDS, weightAt } from './traffic.ts';

export interface LatencyLine {
  readonly sigma: number;
  readonly factor: number;
  readonly requestsPerSecond: number;
  /** Share rolled back, or median seconds. */
  readonly reference: string;
}

export const LATENCY: readonly LatencyLine[] = [
  { sigma: 0.6, factor: 1, requestsPerSecond: 10, reference: '0 %' },
  { sigma: 0.6, factor: 1, requestsPerSecond: 100, reference: '0 %' },
  { sigma: 0.3, factor: 1.25, requestsPerSecond: 10, reference: '640 s' },
  { sigma: 0.3, factor: 1.25, requestsPerSecond: 100, reference: '80 s' },
  { sigma: 0.3, factor: 1.6, requestsPerSecond: 10, reference: '60 s' },
  { sigma: 0.3, factor: 1.6, requestsPerSecond: 100, reference: '10 s' },
  { sigma: 0.6, factor: 1.25, requestsPerSecond: 10, reference: '1 %' },
  { sigma: 0.6, factor: 1.6, requestsPerSecond: 10, reference: '540 s' },
  { sigma: 0.6, factor: 1.6, requestsPerSecond: 100, reference: '70 s' },
  { sigma: 1, factor: 1.6, requestsPerSecond: 10, reference: 'a third' },
  { sigma: 1, factor: 2, requestsPerSecond: 10, reference: '750 s' },
  { sigma: 1, factor: 2, requestsPerSecond: 100, reference: '110 s' },
];

const METRICS = ['latency-p50', 'latency-p90', 'latency-p99'] as const;
/** Standard normal quantiles of 0.5, 0.9, 0.99. */
const Z = [0, 1.2815515655446004, 2.3263478740408408] as const;
const MEDIAN_MS = 100;
const SETTINGS = { ...DEFAULT_JUDGE_SETTINGS, rho: 2, floor: 0.02 };
const SHARES = sharesOf([{ metrics: METRICS }]);

/** Looks until the rollback, or `null`. */
export function judgeLatency(line: LatencyLine, random: Random): number | null {
  const { sigma, factor, requestsPerSecond } = line;
  const thresholds = Z.map((z) => latencyBucketUpperMs(latencyBucketOf(MEDIAN_MS * Math.exp(sigma * z))));
  const tail = (by: number) => thresholds.map((ms) => upper(Math.log(ms / (MEDIAN_MS * by)) / sigma));
  const stableTail = tail(1);
  const canaryTail = tail(factor);
  const perLook = requestsPerSecond * LOOK_SECONDS;
  let states: JudgeState[] = METRICS.map(() => initialJudge(SETTINGS));
  for (let i = 0; i < HISTORY_LOOKS; i++) {
    const slow = slowCounts(random, poisson(random, perLook), stableTail);
    states = states.map((state, m) => takeHistory(state, SETTINGS, slow[m] ?? { requests: 0, failures: 0 }));
  }
  for (let i = 0; i < LOOKS; i++) {
    const weight = weightAt(i);
    const canary = slowCounts(random, poisson(random, perLook * weight), canaryTail);
    const stable = slowCounts(random, poisson(random, perLook * (1 - weight)), stableTail);
    const nothing = { requests: 0, failures: 0 };
    const results = states.map((state, m) =>
      judge(
        state,
        SETTINGS,
        { canary: canary[m] ?? nothing, stable: stable[m] ?? nothing },
        { canaryRequestsInStep: 1 },
      ),
    );
    states = results.map(({ state }) => state);
    const parts = results.map(({ judgement }, m) => {
      const metric = METRICS[m] ?? '';
      return { metric, share: SHARES.get(metric) ?? 0, judgement, mayBeSilent: false };
    });
    if (combine(parts, SETTINGS.alpha).verdict === 'harmful') return i + 1;
  }
  return null;
}

/** How many are slower than each threshold: the slower than T_90 are among those slower than T_50, and so on. */
function slowCounts(random: Random, requests: number, tail: readonly number[]) {
  let among = requests;
  let probability = 1;
  return tail.map((p) => {
    among = binomial(random, among, p / probability);
    probability = p;
    return { requests, failures: among };
  });
}

/** P(standard normal > z), by the complementary error function (Numerical Recipes, relative error 1.2e−7). */
function upper(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.5 * x);
  const series = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
    -0.82215223, 0.17087277,
  ];
  const tail = (t * Math.exp(-x * x + series.reduceRight((sum, c) => sum * t + c, 0))) / 2;
  return z >= 0 ? tail : 1 - tail;
}
