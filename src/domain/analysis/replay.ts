/**
 * What other settings would have said of a past release: the watch's own code over the counts that were stored. With
 * the settings of then, every number comes out the same to the last bit.
 */
import type { PlanAnalysis, PlanMetric } from '../plan/plan.ts';
import { durationText } from '../plan/duration.ts';
import { analysisAt, type StepAnalysis } from '../plan/step-analysis.ts';
import { bakeLook, initialBake, judgeBake, type BakeState } from './bake.ts';
import type { BoundSample } from './bound.ts';
import type { Counts, Look } from './look.ts';
import { CATASTROPHE_METRIC, ERRORS_METRIC, isBakeMetric, PROBE_METRIC } from './release-look.ts';
import { beginJudging, judgeRelease, type Sides } from './release-judge.ts';
import { watchedMetrics, type WatchedMetrics } from './watched-metrics.ts';

/** A past release as it was stored. */
export interface StoredRelease {
  readonly analysis: PlanAnalysis;
  /** All looks, oldest first. */
  readonly looks: readonly Look[];
  /** Stable's intervals before the release by metric, oldest first; `null`: they were not stored. */
  readonly history: Readonly<Record<string, readonly Counts[]>> | null;
  /** When the watch began, Unix milliseconds; `null`: that was not stored. */
  readonly watchedFrom: number | null;
  /** What each step judged otherwise; left out: nothing. */
  readonly steps?: readonly (StepAnalysis | null)[];
  /** Wave of each step, where the plan names regions: each wave was judged by itself. */
  readonly waves?: readonly (number | undefined)[];
  /** What the waves after the first began with, by wave. */
  readonly laterBeginnings?: ReadonlyMap<number, Beginning>;
}

/** What the judges of a release, or of one wave of it, began with. */
export interface Beginning {
  /** Stable's intervals before the release by metric, oldest first. */
  readonly history: Readonly<Record<string, readonly Counts[]>>;
  /** When the watch began, Unix milliseconds; rows of before do not say it. */
  readonly watchedFrom?: number;
}

/** What settings ask for, as far as a release's rows can answer it. */
export interface Replayable {
  readonly analysis: PlanAnalysis;
  /** What cannot be known, one sentence each. */
  readonly unknown: readonly string[];
}

/** Leaves out of the settings what was not counted then, and says so. */
export function replayable(wanted: PlanAnalysis, then: StoredRelease): Replayable {
  const unknown: string[] = [];
  const isCounted = (metric: string): boolean => then.looks.some((look) => look.metric === metric);
  const hasLatency = then.looks.some(({ metric }) => metric.startsWith('latency-'));
  if (wanted.latency && !hasLatency)
    unknown.push(
      'latency was not judged then, so slow requests were not counted: the replay is without latency',
    );
  const metrics = (wanted.metrics ?? []).filter((metric) => {
    const before = then.analysis.metrics?.find(({ name }) => name === metric.name);
    if (!before || !isCounted(metric.name)) {
      unknown.push(`the metric ${metric.name} was not read then: the replay is without it`);
      return false;
    }
    if (before.rule.kind !== metric.rule.kind) {
      unknown.push(
        `the metric ${metric.name} was read as ${KINDS[before.rule.kind]} then, not as ${KINDS[metric.rule.kind]}: the replay is without it`,
      );
      return false;
    }
    if (metric.rule.kind === 'bound' && !hasNumbers(then.looks, metric)) {
      unknown.push(`the numbers of ${metric.name} were not stored then: the replay is without it`);
      return false;
    }
    if (JSON.stringify(before.source) !== JSON.stringify(metric.source))
      unknown.push(
        `the metric ${metric.name} counts what its queries of then gave, not what other ones would`,
      );
    return true;
  });
  if (wanted.intervalMs !== then.analysis.intervalMs)
    unknown.push(
      `looks were taken every ${durationText(then.analysis.intervalMs)}, and are judged as they were taken, not every ${durationText(wanted.intervalMs)}`,
    );
  if (then.history === null)
    unknown.push("stable's past from before the release was not stored: the replay begins without it");
  // Which steps probe is the plan's business, not the analysis': what was probed is judged.
  const probe = isCounted(PROBE_METRIC) ? { probe: wanted.errors } : null;
  return { analysis: { ...wanted, latency: hasLatency ? wanted.latency : null, ...probe, metrics }, unknown };
}

/**
 * The looks as these settings would have them, number by number; the release's comes first. Those of the bake time
 * follow, as far as it went then.
 *
 * @param analysis settings that `replayable` has gone through
 */
export function* replay(analysis: PlanAnalysis, then: StoredRelease): Generator<readonly Look[], void> {
  const bakes = new Map<string, BakeState>();
  let wave = 0;
  const plans = new Map<number | null, WatchedMetrics>();
  const planAt = (step: number | null): WatchedMetrics => {
    const known = plans.get(step);
    if (known) return known;
    const made = watchedMetrics(analysisAt(analysis, step === null ? null : then.steps?.[step]));
    plans.set(step, made);
    return made;
  };
  let judging = beginJudging(planAt(null), then.history ?? {}, watchedFrom(then));
  for (const looks of byNumber(then.looks)) {
    const alarm = looks.find(({ metric }) => metric === CATASTROPHE_METRIC);
    if (alarm) {
      // The guard has no settings.
      yield [alarm];
      continue;
    }
    // Those of earlier waves are taken beside the looks at the wave under way.
    for (const baked of looks.filter(({ metric }) => isBakeMetric(metric))) {
      const { metric, canary, stableTotal, dispersion } = baked;
      const bake = bakes.get(metric) ?? initialBake(analysis.errors, stableTotal, dispersion);
      const judgedBake = judgeBake(bake, analysis.errors, canary);
      bakes.set(metric, judgedBake.state);
      yield [bakeLook(baked, analysis.errors, canary, stableTotal, judgedBake)];
    }
    const errors = looks.find(({ metric }) => metric === ERRORS_METRIC);
    if (!errors) continue;
    const counts = new Map<string, Sides>();
    const numbers: Record<string, BoundSample | null> = {};
    const words = new Map<string, string>();
    for (const look of looks) {
      if (look.words !== undefined) words.set(look.metric, look.words);
      if (look.numbers) numbers[look.metric] = look.numbers;
      if (look.cause !== 'no-metrics') counts.set(look.metric, { canary: look.canary, stable: look.stable });
    }
    const { number, at, step, weight } = errors;
    const now = (step === null ? undefined : then.waves?.[step]) ?? wave;
    if (now !== wave) {
      const begun = then.laterBeginnings?.get(now);
      judging = beginJudging(
        planAt(null),
        begun?.history ?? {},
        begun?.watchedFrom ?? at - analysis.intervalMs,
      );
      wave = now;
    }
    const judged = judgeRelease(
      judging,
      { counts, numbers, words },
      { number, at, step, weight },
      planAt(step),
    );
    judging = judged.judging;
    yield judged.looks;
  }
}

/** When the watch began, Unix milliseconds. */
export function watchedFrom({ watchedFrom: stored, looks, analysis }: StoredRelease): number {
  return stored ?? (looks[0]?.at ?? 0) - analysis.intervalMs;
}

/** Do two looks rest on the same numbers, to the last bit? Their sentences may differ between versions of Sluice. */
export function isSameLook(a: Look, b: Look): boolean {
  return (
    a.metric === b.metric &&
    a.number === b.number &&
    a.logEvidence === b.logEvidence &&
    a.logHealth === b.logHealth &&
    a.dispersion === b.dispersion &&
    a.gate === b.gate &&
    a.verdict === b.verdict &&
    a.cause === b.cause
  );
}

const KINDS: Readonly<Record<PlanMetric['rule']['kind'], string>> = {
  counters: 'two counters',
  bound: 'a number',
};

function hasNumbers(looks: readonly Look[], { name }: PlanMetric): boolean {
  return looks.some(({ metric, numbers }) => metric === name && numbers !== undefined);
}

function byNumber(looks: readonly Look[]): Look[][] {
  const groups = new Map<number, Look[]>();
  for (const look of looks) {
    const group = groups.get(look.number);
    if (group) group.push(look);
    else groups.set(look.number, [look]);
  }
  return [...groups.values()];
}
