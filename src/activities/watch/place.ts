/** Where a release is now, as its record says, and whether a person moved its alias past the workflow. */
import { SLUICE } from '../../domain/release/events.ts';
import type { ReleaseProgress } from '../../domain/release/record.ts';
import { newestOverride, type Override } from '../../store/overrides.ts';
import { findRelease } from '../../store/releases.ts';
import type { Restore, Watch } from '../contract.ts';
import type { Parts } from '../parts.ts';
import { overriddenFailure } from '../traffic/move-alias.ts';

export interface Place {
  /** Gray step (0-based); `null` before the first. */
  readonly step: number | null;
  /** Share of the canary, 0…1. */
  readonly weight: number;
}

/** What the record says of the release; `null` while the database is away. */
export async function readProgress({ db, log }: Parts, releaseId: string): Promise<ReleaseProgress | null> {
  try {
    return (await findRelease(db, releaseId))?.progress ?? null;
  } catch (error) {
    log.warn({ err: error, releaseId }, 'the release could not be read');
    return null;
  }
}

/** `null` while the database is away. */
export async function readPlace(parts: Parts, watch: Watch): Promise<Place | null> {
  const progress = await readProgress(parts, watch.releaseId);
  return progress && placeOf(progress, watch);
}

/** Services whose alias the release has moved until now. */
export function movedBy({ services, wave }: Watch): readonly Pick<Restore, 'service' | 'stable'>[] {
  return [...services, ...(wave?.promoted ?? [])];
}

/**
 * Ends the watch when a person moved an alias past the workflow since the release began: the canary has no traffic
 * left to compare, and the release must not wait for its next step to learn of it.
 */
export async function yieldToOverride(
  { db, log }: Parts,
  watch: Watch,
  { startedAt: sinceMs }: ReleaseProgress,
): Promise<void> {
  if (sinceMs === null) return;
  const { releaseId, alias } = watch;
  const moved = movedBy(watch);
  let overrides: readonly (Override | undefined)[] = [];
  try {
    overrides = await Promise.all(
      moved.map(({ service }) => newestOverride(db, { service, alias, sinceMs })),
    );
  } catch (error) {
    log.warn({ err: error, releaseId }, 'overrides could not be read');
  }
  // What Sluice took back to the very version that the release goes out from, it knows of.
  const override = overrides.find(
    (one, index) =>
      one !== undefined && !(one.actor === SLUICE.name && one.toVersion === moved[index]?.stable),
  );
  if (override) throw overriddenFailure(override);
}

/** Of the watched services alone: others have all their traffic, as first versions or in earlier waves. */
function placeOf({ steps, traffic }: ReleaseProgress, { services, wave }: Watch): Place {
  const own = wave === undefined ? steps : steps.filter(({ step }) => step >= wave.firstStep);
  const now = own.findLast(({ endedAt }) => endedAt === null) ?? own.at(-1);
  const weights = traffic
    .filter(({ service }) => services.some((one) => one.service === service))
    .map(({ weight }) => weight);
  return { step: now?.step ?? wave?.firstStep ?? null, weight: Math.max(0, ...weights) };
}
