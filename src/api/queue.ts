/** Whom waiting releases stand behind: read with them, because what the one in front does changes all the time. */
import { findReleases, type Release } from '../store/releases.ts';
import type { Db } from '../store/store.ts';

/** Release id → the release, for all that the given ones stand behind. */
export type Fronts = ReadonlyMap<string, Release>;

/** One query for a whole list; none when nobody waits. */
export async function frontsOf(db: Db, releases: readonly Release[]): Promise<Fronts> {
  const known = new Map(releases.map((release) => [release.id, release]));
  const wanted = releases.flatMap(({ progress: { state, behind } }) =>
    state === 'queued' && behind !== null ? [behind] : [],
  );
  const missing = [...new Set(wanted)].filter((id) => !known.has(id));
  for (const release of await findReleases(db, missing)) known.set(release.id, release);
  return known;
}
