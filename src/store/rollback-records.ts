/**
 * The record of a person's rollback: a release of its own that no lane has to run. Lane and API may both ask for it; the
 * key of the request makes it one.
 */
import { newId } from '../platform/new-id.ts';
import { RUN_CAUSES } from '../domain/release/states.ts';
import { listAliasStates } from './alias-states.ts';
import { createRelease } from './releases.ts';
import type { Db } from './store.ts';

export interface RollbackRequested {
  readonly project: string;
  readonly environment: string;
  /** The same for every try of one request. */
  readonly key: string;
  readonly actor: string;
  readonly services: readonly string[];
}

/** Per service: versions that have the traffic now. */
type Left = readonly { readonly service: string; readonly versions: readonly string[] }[];

/** Stores the record under the commit that is left, or finds the one that was stored before. */
export async function createRollbackRecord(
  db: Db,
  { project, environment, key, actor, services }: RollbackRequested,
): Promise<{ readonly id: string; readonly created: boolean }> {
  const states = await listAliasStates(db, { project, environment });
  const left = states
    .filter(({ service }) => services.includes(service))
    .map(({ service, stable, canary }) => ({
      service,
      versions: [stable, canary].filter((version) => version !== null),
    }));
  const commit = await commitLeft(db, { project, environment, left });
  return createRelease(db, {
    id: newId(),
    project,
    environment,
    ref: commit?.ref ?? '',
    commit: commit?.commit ?? '',
    before: commit?.before ?? '',
    author: commit?.author ?? '',
    message: commit?.message ?? '',
    cause: 'rollback',
    startedBy: actor,
    dryRun: false,
    dedupeKey: key,
    at: Date.now(),
  });
}

/** Id of the record of a rollback, or `null` where none was stored (yet). */
export async function findRollbackRecord(
  db: Db,
  { project, environment, key }: Pick<RollbackRequested, 'project' | 'environment' | 'key'>,
): Promise<string | null> {
  const row = await db
    .selectFrom('releases')
    .select('id')
    .where('project', '=', project)
    .where('environment', '=', environment)
    .where('dedupe_key', '=', key)
    .executeTakeFirst();
  return row?.id ?? null;
}

/** Of the newest release whose version is left; where Sluice published none of them, of the newest that was promoted. */
async function commitLeft(
  db: Db,
  {
    project,
    environment,
    left,
  }: Pick<RollbackRequested, 'project' | 'environment'> & { readonly left: Left },
) {
  const ofHere = db
    .selectFrom('releases as r')
    .select(['r.ref', 'r.commit', 'r.before', 'r.author', 'r.message'])
    .where('r.project', '=', project)
    .where('r.environment', '=', environment)
    .where('r.cause', 'in', RUN_CAUSES)
    .orderBy('r.number', 'desc')
    .limit(1);
  const pairs = left.flatMap(({ service, versions }) => versions.map((version) => ({ service, version })));
  const published =
    pairs.length === 0
      ? undefined
      : await ofHere
          .innerJoin('publications as p', 'p.release_id', 'r.id')
          .where((e) =>
            e.or(
              pairs.map(({ service, version }) =>
                e.and([e('p.service', '=', service), e('p.version', '=', version)]),
              ),
            ),
          )
          .executeTakeFirst();
  return published ?? (await ofHere.where('r.state', '=', 'promoted').executeTakeFirst());
}
