/**
 * The bake time after a promotion: the new version has all the traffic, and is compared with what the version before
 * did in its last hour (analysis §3). Ends with harm, with a doubt that a person should know of, or with the time; and
 * at once when somebody else has the alias by then: a newer release with its first weight, or a person.
 */
import { setTimeout as pause } from 'node:timers/promises';
import {
  bakeLook,
  initialBake,
  judgeBake,
  type BakeJudgement,
  type BakeState,
} from '../../domain/analysis/bake.ts';
import type { Counts, Look } from '../../domain/analysis/look.ts';
import { bakeMetric } from '../../domain/analysis/release-look.ts';
import { countsBetween, sumCounts } from '../../domain/metrics/counts.ts';
import type { RingAnswer } from '../../domain/metrics/ring.ts';
import { alone, sameSplit } from '../../domain/release/split.ts';
import { addEvaluation, newestEvaluation, newestLookOf } from '../../store/evaluations.ts';
import { newestOverrideId } from '../../store/overrides.ts';
import { beating } from '../beating.ts';
import type { Activities, BakeOutcome, BakeWatch } from '../contract.ts';
import { splitOf } from '../deploy/live.ts';
import type { Parts } from '../parts.ts';
import { EngineSource, functionsOf, type WatchedFunction } from './sources/engine.ts';

const HOUR_MS = 3_600_000;

/** What a bake carries from look to look; plain JSON. */
interface BakeRow {
  readonly judge: BakeState;
  /** Of the version before, in its last hour. */
  readonly stable: Counts;
  readonly rings: readonly RingAnswer[];
}

export function bakeActivities(parts: Parts): Pick<Activities, 'watchBake'> {
  return {
    watchBake: (input) => beating((signal) => bake(parts, input, signal)),
  };
}

async function bake(parts: Parts, input: BakeWatch, signal: AbortSignal): Promise<BakeOutcome> {
  const { releaseId, analysis, services } = input;
  const functions = functionsOf(services);
  const engine = new EngineSource(parts.fc, input.alias, functions, { latencies: false, probes: false });
  const newest = await newestEvaluation<BakeRow>(parts.db, releaseId, bakeMetric(input.wave));
  let number = newest?.look.number ?? (await newestLookOf(parts.db, releaseId))?.number ?? 0;
  const began = performance.now();
  const leftMs = input.until - Date.now();
  let row = newest?.state ?? null;
  for (let looks = 0; ; looks += 1) {
    // The first one reads what it compares with, at once: what is called from now on counts. By the monotonic clock,
    // because one that is set must not end the bake, nor draw it out.
    const sleepMs = Math.min(looks * analysis.intervalMs, leftMs) - (performance.now() - began);
    if (sleepMs > 0) await pause(sleepMs, undefined, { signal });
    try {
      if (await isTaken(parts, input)) return { outcome: 'over' };
      if (row === null) {
        row = await beginRow(parts, input, engine, functions);
        continue;
      }
      number += 1;
      const taken = await look(parts, input, engine, { row, number });
      row = taken.row;
      if (taken.outcome === 'roll-back' || (taken.outcome === 'ask' && !input.isAsked))
        return {
          outcome: taken.outcome,
          look: taken.look,
          afterOverride: await newestOverrideId(parts.db),
        };
    } catch (error) {
      // An engine or a database that is away says nothing of the version.
      parts.log.warn({ err: error, releaseId }, 'the bake could not look');
    }
    signal.throwIfAborted();
    if (performance.now() - began >= leftMs) return { outcome: 'over' };
  }
}

/** An alias is not at the new version alone any more. A newer release that gets no traffic takes nothing over. */
async function isTaken(parts: Parts, { alias, services }: BakeWatch): Promise<boolean> {
  const present = await Promise.all(services.map(({ service }) => parts.fc.getAlias(service, alias)));
  return services.some(({ canary }, index) => {
    const found = present[index];
    return !found || !sameSplit(splitOf(found.value), alone(canary));
  });
}

/** What the version before did in its last hour, and the counters from here on. */
async function beginRow(
  parts: Parts,
  { releaseId, analysis }: BakeWatch,
  engine: EngineSource,
  functions: readonly WatchedFunction[],
): Promise<BakeRow> {
  const rings = await Promise.all(functions.map((_, index) => engine.readOne(index, Date.now() - HOUR_MS)));
  const stable = sumCounts(
    rings.flatMap(
      ({ versions }, index) =>
        versions.find(({ version }) => version === functions[index]?.stable)?.buckets ?? [],
    ),
  );
  const dispersion = (await newestLookOf(parts.db, releaseId))?.dispersion ?? 1;
  return { judge: initialBake(analysis.errors, stable, dispersion), stable, rings };
}

async function look(
  parts: Parts,
  { releaseId, analysis, wave }: BakeWatch,
  engine: EngineSource,
  { row, number }: { readonly row: BakeRow; readonly number: number },
): Promise<{ readonly row: BakeRow; readonly look: Look; readonly outcome: BakeJudgement['outcome'] }> {
  const rings = await Promise.all(
    engine.functions.map((_, index) => engine.readOne(index, row.rings[index]?.now ?? Date.now())),
  );
  const interval = sumCounts(
    rings.map((ring, index) =>
      countsBetween(row.rings[index] ?? null, ring, engine.functions[index]?.canary ?? ''),
    ),
  );
  const judged = judgeBake(row.judge, analysis.errors, interval);
  const moment = { number, at: Date.now(), metric: bakeMetric(wave) };
  const taken = bakeLook(moment, analysis.errors, interval, row.stable, judged);
  const next: BakeRow = { judge: judged.state, stable: row.stable, rings: rings.map(withoutBuckets) };
  await addEvaluation(parts.db, releaseId, { looks: [taken], state: next }).catch((error: unknown) => {
    parts.log.warn({ err: error, releaseId }, 'a look could not be stored');
  });
  return { row: next, look: taken, outcome: judged.judgement.outcome };
}

/** The next interval needs the totals alone. */
function withoutBuckets(ring: RingAnswer): RingAnswer {
  return { ...ring, versions: ring.versions.map((version) => ({ ...version, buckets: [] })) };
}
