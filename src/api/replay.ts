/** A past release, judged again: its stored counts through the judge's own code, beside what was said then. */
import { setImmediate as letOthers } from 'node:timers/promises';
import type { Look } from '../domain/analysis/look.ts';
import { outcomeOf, type Decision } from '../domain/analysis/outcome.ts';
import {
  isSameLook,
  replay,
  replayable,
  watchedFrom,
  type StoredRelease,
} from '../domain/analysis/replay.ts';
import type { PlanAnalysis } from '../domain/plan/plan.ts';
import type { ReplayOutcomeView, ReplayView } from './schema/replay.ts';
import { iso } from './views.ts';

/** Looks that are judged before other requests get their turn: some milliseconds. */
const LOOKS_AT_ONCE = 100;

/** @param wanted settings to judge by; `null`: those of then */
export async function replayRelease(
  id: string,
  then: StoredRelease,
  wanted: PlanAnalysis | null,
): Promise<ReplayView> {
  const { analysis, unknown } = replayable(wanted ?? then.analysis, then);
  // Other settings are asked for the whole release, whatever its steps judged otherwise.
  const looks = await judgedAgain(analysis, wanted === null ? then : { ...then, steps: [] });
  const own = wanted === null ? looks : await judgedAgain(replayable(then.analysis, then).analysis, then);
  const from = watchedFrom(then);
  const outcomeThen = outcomeOf(then.looks, from);
  const outcomeNow = outcomeOf(looks, from);
  return {
    release: id,
    before: outcomeView(then.analysis, outcomeThen),
    now: outcomeView(analysis, outcomeNow),
    same: isSame(then.looks, looks),
    unknown: [
      ...unknown,
      ...(isSame(then.looks, own)
        ? []
        : [
            'even with the settings of then some numbers come out differently (a row is missing, or another version of Sluice judged): take the difference with care',
          ]),
      ...afterTheEnd(outcomeThen.harmful, outcomeNow.harmful),
    ],
    looks: lookViews(then.looks, looks),
  };
}

async function judgedAgain(analysis: PlanAnalysis, then: StoredRelease): Promise<Look[]> {
  const all: Look[] = [];
  let steps = 0;
  for (const looks of replay(analysis, then)) {
    all.push(...looks);
    steps += 1;
    if (steps % LOOKS_AT_ONCE === 0) await letOthers();
  }
  return all;
}

function isSame(stored: readonly Look[], again: readonly Look[]): boolean {
  const known = new Map(again.map((look) => [keyOf(look), look]));
  return (
    stored.length === again.length &&
    stored.every((look) => {
      const other = known.get(keyOf(look));
      return other !== undefined && isSameLook(look, other);
    })
  );
}

/** Counting ends with a rollback: what would have come is in no row. */
function afterTheEnd(then: Decision | null, now: Decision | null): string[] {
  if (then === null || (now !== null && now.number <= then.number)) return [];
  return [
    `counting ended with look ${then.number}, when the canary was taken back: what it would have done later, and when these settings would have found it, is not known`,
  ];
}

function lookViews(stored: readonly Look[], again: readonly Look[]): ReplayView['looks'] {
  const before = new Map(stored.map((look) => [keyOf(look), look]));
  const after = new Map(again.map((look) => [keyOf(look), look]));
  return [...new Map([...before, ...after]).values()]
    .sort((a, b) => a.number - b.number)
    .map((look) => {
      const { number, at, step, weight, metric, canary, stable } = look;
      const then = before.get(keyOf(look));
      const now = after.get(keyOf(look));
      return {
        number,
        at: iso(at),
        step,
        weight,
        metric,
        canary,
        stable,
        before: then ? numbersOf(then) : null,
        now: now ? numbersOf(now) : null,
      };
    });
}

function numbersOf({ verdict, cause, dispersion, logEvidence, logHealth, gate }: Look) {
  return { verdict, cause, dispersion, logEvidence, logHealth, gate };
}

function outcomeView(analysis: PlanAnalysis, outcome: ReturnType<typeof outcomeOf>): ReplayOutcomeView {
  const decision = (one: Decision | null) => one && { ...one, at: iso(one.at) };
  return {
    analysis: { ...analysis },
    harmful: decision(outcome.harmful),
    healthy: decision(outcome.healthy),
    verdicts: outcome.verdicts.map((run) => ({ ...run })),
  };
}

function keyOf({ number, metric }: Look): string {
  return `${number} ${metric}`;
}
