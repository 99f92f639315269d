/** One metric from look to look: its judge, and its sums since the release began. */
import { initialJudge, judge, judgeWithoutMetrics, takeHistory, type JudgeState } from './judge.ts';
import { lookFrom } from './look-from.ts';
import type { Counts } from './look.ts';
import type { JudgedMetric } from './release-look.ts';
import type { JudgeSettings } from './settings.ts';
import { sumCounts } from '../metrics/counts.ts';

/** When and where a look is taken. */
export interface Moment {
  readonly number: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly step: number | null;
  /** Share of the canary, 0…1. */
  readonly weight: number;
}

/** Plain JSON. */
export interface MetricMemory {
  readonly judge: JudgeState;
  readonly canaryTotal: Counts;
  readonly stableTotal: Counts;
  /** When the newest look that had counts was taken, Unix milliseconds; left out: none was. */
  readonly countedAt?: number;
  /** When the intervals of those evaluations began that may still be a fault's beginning: number, Unix milliseconds. */
  readonly begun?: readonly (readonly [evaluation: number, at: number])[];
}

export interface MetricLook {
  readonly metric: string;
  readonly settings: JudgeSettings;
  readonly share: number;
  readonly mayBeSilent: boolean;
  /** Counts of this interval; `null` when the source was silent. */
  readonly counted: { readonly canary: Counts; readonly stable: Counts } | null;
  readonly canaryRequestsInStep: number;
  readonly moment: Moment;
  /** When the look before was taken, or the watch began, Unix milliseconds. */
  readonly begunAt: number;
  /** What is counted, before the sentence; `null`: the metric's name says it. */
  readonly words: string | null;
}

const NOTHING: Counts = { requests: 0, failures: 0 };

/** @param history stable's intervals before the release, oldest first */
export function beginMetric(settings: JudgeSettings, history: readonly Counts[]): MetricMemory {
  return {
    judge: history.reduce((state, counts) => takeHistory(state, settings, counts), initialJudge(settings)),
    canaryTotal: NOTHING,
    stableTotal: NOTHING,
  };
}

export function lookAtMetric(
  memory: MetricMemory,
  look: MetricLook,
): JudgedMetric & { readonly memory: MetricMemory } {
  const { metric, settings, share, mayBeSilent, canaryRequestsInStep, moment, begunAt, words } = look;
  const counted = look.counted ?? { canary: NOTHING, stable: NOTHING };
  const judged =
    look.counted === null
      ? { state: memory.judge, judgement: judgeWithoutMetrics(memory.judge, settings) }
      : judge(memory.judge, settings, look.counted, { canaryRequestsInStep });
  const canaryTotal = sumCounts([memory.canaryTotal, counted.canary]);
  const stableTotal = sumCounts([memory.stableTotal, counted.stable]);
  const { judgement } = judged;
  const times =
    look.counted === null ? timesOf(memory) : nextTimes(memory, judged.state, { begunAt, at: moment.at });
  const since = times.begun?.find(([evaluation]) => evaluation === judgement.basis.from)?.[1];
  const made = lookFrom({
    ...moment,
    metric,
    settings,
    judgement,
    ...(since !== undefined && { since }),
    ...counted,
    canaryTotal,
    stableTotal,
  });
  return {
    metric,
    share,
    mayBeSilent,
    judgement,
    look: words === null ? made : { ...made, words, sentence: `${words}: ${made.sentence}` },
    memory: { judge: judged.state, canaryTotal, stableTotal, ...times },
  };
}

type Times = Pick<MetricMemory, 'countedAt' | 'begun'>;

function timesOf({ countedAt, begun }: MetricMemory): Times {
  return { ...(countedAt !== undefined && { countedAt }), ...(begun && { begun }) };
}

/** An evaluation's interval began with the look before that had counts: a gap belongs to the one after it. */
function nextTimes(
  { countedAt, begun = [] }: MetricMemory,
  { evaluations, tracks }: JudgeState,
  { begunAt, at }: { readonly begunAt: number; readonly at: number },
): Times {
  // Rows of before say no times: what began before the first one that does is not known.
  const all = [...begun, [evaluations, countedAt ?? begunAt] as const];
  return {
    countedAt: at,
    begun: all.filter(([evaluation]) => tracks.some(({ from }) => from === evaluation)),
  };
}
