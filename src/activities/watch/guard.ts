/**
 * The guard between two looks (analysis §3): asks each second for the canary's failures in a row, and only when they
 * are many for what stable did meanwhile. An engine that does not answer is the looks' business, not the guard's.
 */
import { catastropheIn } from '../../domain/analysis/catastrophe.ts';
import { judgeWithoutMetrics } from '../../domain/analysis/judge.ts';
import { lookFrom } from '../../domain/analysis/look-from.ts';
import { CATASTROPHE_METRIC } from '../../domain/analysis/release-look.ts';
import type { Counts, Look } from '../../domain/analysis/look.ts';
import type { JudgeSettings } from '../../domain/analysis/settings.ts';
import { countsBetween, sumCounts } from '../../domain/metrics/counts.ts';
import { probesOf, RING_BUCKET_MS, type RingAnswer } from '../../domain/metrics/ring.ts';
import type { MetricMemory, Moment } from '../../domain/analysis/metric-memory.ts';
import type { EngineSource } from './sources/engine.ts';
import type { WatchState } from './watch-state.ts';

/** Time between two questions, milliseconds; at a shorter interval the looks ask. */
export const GUARD_MS = 1_000;
/** Failures in a row that make it worth to read more. */
const ALARM = 10;

export interface Alarm {
  /** The failures in a row, and what stable did meanwhile. */
  readonly canary: Counts;
  readonly stable: Counts;
  /** What both did since the newest look. */
  readonly since: { readonly canary: Counts; readonly stable: Counts };
  readonly sentence: string;
}

/** What is wrong with one of the functions, or `null`. Failures of before the watch began are another release's. */
export async function askGuard(engine: EngineSource, state: WatchState): Promise<Alarm | null> {
  const alarms = await Promise.all(
    engine.functions.map(async ({ service, name, stable, canary }, index): Promise<Alarm | null> => {
      const begunAt = state.begunAt[index];
      if (begunAt === undefined) return null;
      const present = await engine.readOne(index, Date.now());
      if (viewsOf(present).every(({ view }) => failuresInARow(view, canary) < ALARM)) return null;
      // Buckets are told by their start: the one in which the watch began counts.
      const ring = await engine.readOne(index, begunAt - RING_BUCKET_MS + 1);
      const [found] = viewsOf(ring).flatMap(
        ({ view, noun }) => catastropheIn(view, canary, stable, noun) ?? [],
      );
      if (!found) return null;
      const before = state.readings[index]?.ring ?? null;
      const where = engine.functions.length > 1 ? `${service}/${name}: ` : '';
      return {
        canary: { requests: found.canaryFailures, failures: found.canaryFailures },
        stable: { requests: found.stableRequests, failures: 0 },
        since: {
          canary: countsBetween(before, ring, canary),
          stable: countsBetween(before, ring, stable),
        },
        sentence: where + found.sentence,
      };
    }),
  );
  return alarms.find((alarm) => alarm !== null) ?? null;
}

/** The alarm as a look: it rests on the failures in a row; the evidence so far is shown as it stood. */
export function lookOfAlarm(
  { canary, stable, since, sentence }: Alarm,
  moment: Moment,
  { judge, canaryTotal, stableTotal }: MetricMemory,
  settings: JudgeSettings,
): Look {
  const judgement = judgeWithoutMetrics(judge, settings);
  return {
    ...lookFrom({
      ...moment,
      metric: CATASTROPHE_METRIC,
      settings,
      judgement,
      canary,
      stable,
      canaryTotal: sumCounts([canaryTotal, since.canary]),
      stableTotal: sumCounts([stableTotal, since.stable]),
    }),
    gate: true,
    verdict: 'harmful',
    cause: null,
    sentence,
  };
}

/** Users' calls first; probes are another question, never the same one. */
function viewsOf(ring: RingAnswer): { readonly view: RingAnswer; readonly noun: string }[] {
  const probes = probesOf(ring);
  return [{ view: ring, noun: 'request' }, ...(probes ? [{ view: probes, noun: 'probe request' }] : [])];
}

function failuresInARow(ring: RingAnswer, canary: string): number {
  return ring.versions.find(({ version }) => version === canary)?.consecutiveFailures ?? 0;
}
