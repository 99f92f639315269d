/**
 * Which version of a service a release published, and what it was made of. The primary key (service, release) is
 * what makes "one version per service of a release" hold across retries and crashes.
 */
import type { Selectable } from 'kysely';
import type { Db } from './store.ts';
import type { Tables } from './tables.ts';

/** Functions of a version by name. */
export type PublishedFunctions = Readonly<Record<string, PublishedFunction>>;

export interface PublishedFunction {
  /** SHA-256 of the artifact. */
  readonly artifact: string;
}

export interface Publication {
  readonly service: string;
  readonly releaseId: string;
  readonly version: string;
  /** SHA-256 over the service's configuration, its functions' and their artifacts. */
  readonly digest: string;
  readonly functions: PublishedFunctions;
}

/** Stores a publication; a repeated one changes nothing. */
export async function addPublication(db: Db, publication: Publication): Promise<void> {
  await db
    .insertInto('publications')
    .values({
      service: publication.service,
      release_id: publication.releaseId,
      version: publication.version,
      digest: publication.digest,
      functions: JSON.stringify(publication.functions),
    })
    .onConflict((c) => c.columns(['service', 'release_id']).doNothing())
    .execute();
}

/** What the release published of the service, or `undefined`. */
export async function publicationOf(
  db: Db,
  service: string,
  releaseId: string,
): Promise<Publication | undefined> {
  const row = await db
    .selectFrom('publications')
    .selectAll()
    .where('service', '=', service)
    .where('release_id', '=', releaseId)
    .executeTakeFirst();
  return row && toPublication(row);
}

/** What a version was made of, or `undefined` where Sluice did not publish it. */
export async function publicationOfVersion(
  db: Db,
  service: string,
  version: string,
): Promise<Publication | undefined> {
  const row = await db
    .selectFrom('publications')
    .selectAll()
    .where('service', '=', service)
    .where('version', '=', version)
    .orderBy('published_at')
    .limit(1)
    .executeTakeFirst();
  return row && toPublication(row);
}

function toPublication(row: Selectable<Tables['publications']>): Publication {
  return {
    service: row.service,
    releaseId: row.release_id,
    version: row.version,
    digest: row.digest,
    functions: row.functions as PublishedFunctions,
  };
}
