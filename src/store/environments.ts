/** What runs where: the projects' records joined with the aliases' states and the releases of each environment. */
import { covers, notPassed, type EnvironmentPlace } from '../domain/freeze/place.ts';
import type { EnvironmentRecord } from '../domain/plan/environment.ts';
import type { ReleaseState } from '../domain/release/states.ts';
import { listAliasStates, type AliasState } from './alias-states.ts';
import { listBypasses, listFreezes, type StoredFreeze } from './freezes.ts';
import { findProject, listProjects } from './projects.ts';
import { listActiveReleases, listNewestEnded, type Release } from './releases.ts';
import type { Db } from './store.ts';

export interface EnvironmentState {
  readonly project: string;
  readonly record: EnvironmentRecord;
  readonly services: readonly AliasState[];
  /** The release that holds the traffic; `null` when none does. */
  readonly running: Release | null;
  /** Oldest first. */
  readonly queued: readonly Release[];
  /** The newest release that ended, dry runs aside. */
  readonly last: Release | null;
  /** Freezes that concern it, now or later, and that not every release of it may pass. */
  readonly freezes: readonly StoredFreeze[];
}

/** Every environment, or those of one project, in the order of the projects' records. */
export async function listEnvironments(
  db: Db,
  filter: { readonly project?: string | undefined },
): Promise<EnvironmentState[]> {
  const one = filter.project === undefined ? undefined : await findProject(db, filter.project);
  const projects = filter.project === undefined ? await listProjects(db) : one ? [one] : [];
  const now = Date.now();
  const [services, unended, ended, freezes] = await Promise.all([
    listAliasStates(db, filter),
    listActiveReleases(db, filter),
    listNewestEnded(db, filter),
    listFreezes(db, now),
  ]);
  const bypasses = await listBypasses(db, freezes, now);
  // A dry run holds no traffic and stands in no queue.
  const active = unended.filter(({ dryRun }) => !dryRun);
  return projects.flatMap(({ name: project, environments }) =>
    environments.map((record) => {
      const place = { project, environment: record.name };
      const here = (thing: EnvironmentPlace) => covers(place, thing);
      return {
        project,
        record,
        services: services.filter(here),
        running: active.find((r) => here(r) && r.progress.state !== 'queued') ?? null,
        queued: active.filter((r) => here(r) && r.progress.state === 'queued'),
        last: ended.find(here) ?? null,
        freezes: notPassed(
          freezes.filter((freeze) => covers(freeze, place)),
          bypasses,
          { ...place, releaseId: null },
        ),
      };
    }),
  );
}

/** One environment, or `undefined`. */
export async function findEnvironment(
  db: Db,
  project: string,
  environment: string,
): Promise<EnvironmentState | undefined> {
  const all = await listEnvironments(db, { project });
  return all.find((e) => e.record.name === environment);
}

/** A published version and the release that published it first. */
export interface VersionOrigin {
  readonly version: string;
  readonly releaseId: string;
  readonly releaseState: ReleaseState;
  readonly commit: string;
  readonly message: string;
}

/** Which releases published the versions of a service, newest first. */
export async function listVersionOrigins(db: Db, service: string, limit: number): Promise<VersionOrigin[]> {
  const rows = await db
    .selectFrom('publications as p')
    .innerJoin('releases as r', 'r.id', 'p.release_id')
    .select(['p.version', 'r.id as release_id', 'r.state', 'r.commit', 'r.message'])
    .where('p.service', '=', service)
    .orderBy('p.published_at', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    version: row.version,
    releaseId: row.release_id,
    releaseState: row.state,
    commit: row.commit,
    message: row.message,
  }));
}
