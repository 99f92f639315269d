/**
 * What other settings would have said of a past release: the same code over the counts that were stored. With the
 * settings of then, every number comes out the same to the last bit.
 */
import { initialJudge, judge, judgeWithoutMetrics, takeHistory } from './judge.ts';
import { lookFrom } from './look-from.ts';
import type { Counts, Look } from './look.ts';
import type { JudgeSettings } from './settings.ts';

/** What a look says of its interval; its verdict is not read. */
export type StoredCounts = Pick<
  Look,
  'number' | 'at' | 'step' | 'weight' | 'metric' | 'canary' | 'stable'
> & {
  /** False when the metrics source did not answer. */
  readonly answered: boolean;
};

/** The counts of a stored look. */
export function countsOf(look: Look): StoredCounts {
  const { number, at, step, weight, metric, canary, stable } = look;
  return { number, at, step, weight, metric, canary, stable, answered: look.cause !== 'no-metrics' };
}

export interface Replay {
  readonly looks: readonly Look[];
  /** The first look with that verdict. */
  readonly harmful: Look | null;
  readonly healthy: Look | null;
}

/**
 * @param history stable's intervals before the release, oldest first
 * @param stored the release's looks at one metric, oldest first
 */
export function replay(
  settings: JudgeSettings,
  history: readonly Counts[],
  stored: readonly StoredCounts[],
): Replay {
  let state = initialJudge(settings);
  for (const counts of history) state = takeHistory(state, settings, counts);
  let canaryTotal: Counts = { requests: 0, failures: 0 };
  let stableTotal: Counts = { requests: 0, failures: 0 };
  let step: number | null = null;
  let canaryRequestsInStep = 0;
  const looks = stored.map(({ answered, ...interval }): Look => {
    if (interval.step !== step) canaryRequestsInStep = 0;
    step = interval.step;
    canaryRequestsInStep += interval.canary.requests;
    canaryTotal = add(canaryTotal, interval.canary);
    stableTotal = add(stableTotal, interval.stable);
    if (!answered) {
      const judgement = judgeWithoutMetrics(state, settings);
      return lookFrom({ ...interval, settings, judgement, canaryTotal, stableTotal });
    }
    const result = judge(state, settings, interval, { canaryRequestsInStep });
    state = result.state;
    return lookFrom({ ...interval, settings, judgement: result.judgement, canaryTotal, stableTotal });
  });
  return {
    looks,
    harmful: looks.find(({ verdict }) => verdict === 'harmful') ?? null,
    healthy: looks.find(({ verdict }) => verdict === 'healthy') ?? null,
  };
}

function add(a: Counts, b: Counts): Counts {
  return { requests: a.requests + b.requests, failures: a.failures + b.failures };
}
