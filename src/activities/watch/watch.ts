/**
 * The one long activity of a gray release: looks at canary and stable each interval and returns at once when the
 * canary is harmful; otherwise it ends by being cancelled. It decides from the engine's counters alone, so a database
 * that is away costs rows, not the rollback.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Look } from '../../domain/analysis/look.ts';
import { RING_BUCKET_MS } from '../../domain/metrics/ring.ts';
import type { ReleaseProgress } from '../../domain/release/record.ts';
import { addEvaluation, newestEvaluation } from '../../store/evaluations.ts';
import { newestOverride, type Override } from '../../store/overrides.ts';
import { findRelease } from '../../store/releases.ts';
import { beating } from '../beating.ts';
import type { Activities, Watch } from '../contract.ts';
import { engineCall } from '../failure.ts';
import type { Parts } from '../parts.ts';
import { overriddenFailure } from '../traffic/move-alias.ts';
import {
  beginWatch,
  METRIC,
  takeLook,
  watchedFunctions,
  type Reading,
  type WatchState,
} from './watch-state.ts';

/** Intervals of stable's past that the judge is taught by. */
const HISTORY_INTERVALS = 60;

interface Watching {
  state: WatchState;
  number: number;
  /** When the newest look was taken, Unix milliseconds. */
  at: number;
  step: number | null;
  weight: number;
}

export function watchActivities(parts: Parts): Pick<Activities, 'watch'> {
  return {
    watch: (input) =>
      beating(async (signal) => {
        const { intervalMs } = input.analysis;
        const newest = await newestEvaluation<WatchState>(parts.db, input.releaseId, METRIC);
        // The worker died between storing this look and saying so.
        if (newest?.look.verdict === 'harmful') return { look: newest.look };
        const watching: Watching = newest
          ? { ...placeIn(newest.look), state: newest.state }
          : { state: await begin(parts, input), number: 0, at: Date.now(), step: null, weight: 0 };
        for (;;) {
          await pause(Math.max(0, watching.at + intervalMs - Date.now()), undefined, { signal });
          const look = await lookOnce(parts, input, watching);
          if (look.verdict === 'harmful') return { look };
          await yieldToOverride(parts, input);
        }
      }),
  };
}

function placeIn({ number, at, step, weight }: Look): Omit<Watching, 'state'> {
  return { number, at, step, weight };
}

async function lookOnce(parts: Parts, input: Watch, watching: Watching): Promise<Look> {
  const { releaseId, analysis } = input;
  const readings = await readAll(parts, input, watching.state.readings).catch((error: unknown) => {
    parts.log.warn({ err: error, releaseId }, 'the counters could not be read');
    return null;
  });
  await updatePlace(parts, releaseId, watching);
  watching.number += 1;
  watching.at = Date.now();
  const { number, at, step, weight } = watching;
  const taken = takeLook(watching.state, readings, { number, at, step, weight }, analysis);
  watching.state = taken.state;
  const { look } = taken;
  try {
    await addEvaluation(parts.db, releaseId, { look, state: taken.state });
  } catch (error) {
    parts.log.warn({ err: error, releaseId, number }, 'a look could not be stored');
  }
  // A harmful look is told by the activity's own end.
  if (taken.isWorthTelling && look.verdict !== 'harmful')
    await parts.tellLook(releaseId, look).catch((error: unknown) => {
      parts.log.warn({ err: error, releaseId, number }, 'a look could not be told');
    });
  return look;
}

/**
 * Ends the watch when a person moved an alias past the workflow since the release began: the canary has no traffic
 * left to compare, and the release must not wait for its next step to learn of it.
 */
async function yieldToOverride({ db, log }: Parts, { releaseId, alias, services }: Watch): Promise<void> {
  let overrides: readonly (Override | undefined)[] = [];
  try {
    const sinceMs = (await findRelease(db, releaseId))?.progress.startedAt;
    if (typeof sinceMs !== 'number') return;
    overrides = await Promise.all(
      services.map(({ service }) => newestOverride(db, { service, alias, sinceMs })),
    );
  } catch (error) {
    log.warn({ err: error, releaseId }, 'overrides could not be read');
  }
  const override = overrides.find((one) => one !== undefined);
  if (override) throw overriddenFailure(override);
}

/** Where the release is now, by its record; what was known before stands while the database is away. */
async function updatePlace({ db, log }: Parts, releaseId: string, watching: Watching): Promise<void> {
  try {
    const release = await findRelease(db, releaseId);
    if (release) Object.assign(watching, placeOf(release.progress));
  } catch (error) {
    log.warn({ err: error, releaseId }, 'the release could not be read');
  }
}

function placeOf({ steps, traffic }: ReleaseProgress): {
  readonly step: number | null;
  readonly weight: number;
} {
  const present = steps.findLast(({ endedAt }) => endedAt === null) ?? steps.at(-1);
  const gray = traffic.filter(({ stable }) => stable !== null).map(({ weight }) => weight);
  return { step: present?.step ?? null, weight: Math.max(0, ...gray) };
}

async function begin(parts: Parts, input: Watch): Promise<WatchState> {
  const span = HISTORY_INTERVALS * Math.max(input.analysis.intervalMs, RING_BUCKET_MS);
  const readings = await engineCall(() => readFrom(parts, input, () => Date.now() - span));
  return beginWatch(readings, input.analysis);
}

function readAll(parts: Parts, input: Watch, before: readonly Reading[]): Promise<readonly Reading[]> {
  return readFrom(parts, input, (index) => before[index]?.ring.now ?? Date.now());
}

function readFrom(
  { fc }: Parts,
  { services, alias }: Watch,
  fromMs: (index: number) => number,
): Promise<readonly Reading[]> {
  return Promise.all(
    watchedFunctions(services).map(async ({ service, name, stable, canary }, index): Promise<Reading> => {
      const ring = await fc.readRing(service, name, alias, fromMs(index));
      return { stable, canary, ring };
    }),
  );
}
