/**
 * What the watch carries from look to look: plain JSON, stored with each look, so that another worker goes on from
 * the newest row. Pure: readings, time and the release's step come in as arguments.
 */
import {
  initialJudge,
  judge,
  judgeWithoutMetrics,
  takeHistory,
  type Judgement,
  type JudgeState,
} from '../../domain/analysis/judge.ts';
import { lookFrom } from '../../domain/analysis/look-from.ts';
import type { Counts, Look } from '../../domain/analysis/look.ts';
import type { PlanAnalysis } from '../../domain/plan/plan.ts';
import { countsBetween, historyFrom, sumCounts } from '../../domain/metrics/counts.ts';
import type { RingAnswer } from '../../domain/metrics/ring.ts';
import type { WatchedService } from '../contract.ts';
import { nextTold, type Told } from './telling.ts';

/** Failures of all watched functions together: they answer one alias split, so the canary's share is the same. */
export const METRIC = 'errors';

/** One reading of a function's counters, with the versions that count. */
export interface Reading {
  readonly stable: string;
  readonly canary: string;
  readonly ring: RingAnswer;
}

export interface WatchState {
  readonly judge: JudgeState;
  /** Newest readings, without their buckets; the next look counts from here. */
  readonly readings: readonly Reading[];
  readonly canaryTotal: Counts;
  readonly stableTotal: Counts;
  /** Requests of the canary since the present step began. */
  readonly inStep: { readonly step: number | null; readonly requests: number };
  readonly told: Told | null;
}

export interface Moment {
  readonly number: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly step: number | null;
  /** Share of the canary, 0…1. */
  readonly weight: number;
}

const NOTHING: Counts = { requests: 0, failures: 0 };

/** Before the first look: stable's own past teaches the judge what is usual. */
export function beginWatch(readings: readonly Reading[], { intervalMs, errors }: PlanAnalysis): WatchState {
  const histories = readings.map(({ ring, stable }) => historyFrom(ring, stable, intervalMs, ring.now));
  const taught = addUp(histories).reduce(
    (state, counts) => takeHistory(state, errors, counts),
    initialJudge(errors),
  );
  return {
    judge: taught,
    readings: readings.map(withoutBuckets),
    canaryTotal: NOTHING,
    stableTotal: NOTHING,
    inStep: { step: null, requests: 0 },
    told: null,
  };
}

/**
 * One look.
 *
 * @param readings in the order of the state's; `null` where the source did not answer
 */
export function takeLook(
  state: WatchState,
  readings: readonly Reading[] | null,
  moment: Moment,
  { errors }: PlanAnalysis,
): { readonly look: Look; readonly state: WatchState; readonly isWorthTelling: boolean } {
  const counted = readings === null ? { canary: NOTHING, stable: NOTHING } : count(state.readings, readings);
  const before = state.inStep.step === moment.step ? state.inStep.requests : 0;
  const inStep = { step: moment.step, requests: before + counted.canary.requests };
  const judged: { state: JudgeState; judgement: Judgement } =
    readings === null
      ? { state: state.judge, judgement: judgeWithoutMetrics(state.judge, errors) }
      : judge(state.judge, errors, counted, { canaryRequestsInStep: inStep.requests });
  const canaryTotal = sumCounts([state.canaryTotal, counted.canary]);
  const stableTotal = sumCounts([state.stableTotal, counted.stable]);
  const look = lookFrom({
    ...moment,
    metric: METRIC,
    settings: errors,
    judgement: judged.judgement,
    ...counted,
    canaryTotal,
    stableTotal,
  });
  const told = nextTold(state.told, look);
  return {
    look,
    isWorthTelling: told !== state.told,
    state: {
      judge: judged.state,
      readings: readings === null ? state.readings : readings.map(withoutBuckets),
      canaryTotal,
      stableTotal,
      inStep,
      told,
    },
  };
}

/** The functions to read, in a fixed order. */
export function watchedFunctions(services: readonly WatchedService[]): readonly {
  readonly service: string;
  readonly name: string;
  readonly stable: string;
  readonly canary: string;
}[] {
  return services.flatMap(({ service, functions, stable, canary }) =>
    functions.map((name) => ({ service, name, stable, canary })),
  );
}

function count(
  before: readonly Reading[],
  now: readonly Reading[],
): { readonly canary: Counts; readonly stable: Counts } {
  const of = (version: 'canary' | 'stable'): Counts =>
    sumCounts(
      now.map((reading, index) => countsBetween(before[index]?.ring ?? null, reading.ring, reading[version])),
    );
  return { canary: of('canary'), stable: of('stable') };
}

/** Interval by interval, from the newest back: a function that was called later has a shorter past. */
function addUp(histories: readonly (readonly Counts[])[]): Counts[] {
  const length = Math.max(0, ...histories.map((history) => history.length));
  return Array.from({ length }, (_, index) =>
    sumCounts(histories.map((history) => history[history.length - length + index] ?? NOTHING)),
  );
}

function withoutBuckets({ ring, ...rest }: Reading): Reading {
  return {
    ...rest,
    ring: { ...ring, versions: ring.versions.map((version) => ({ ...version, buckets: [] })) },
  };
}
