/** What a release was built to, so that a retry need not build again. The zips themselves are kept by their digests. */
import type { Db } from './store.ts';

/** One service as packaged: its digest, and each function with the SHA-256 of its zip. */
export interface KeptService {
  readonly service: string;
  readonly digest: string;
  readonly functions: readonly { readonly name: string; readonly artifact: string }[];
}

export interface KeptPackages {
  readonly services: readonly KeptService[];
  /** One line for people. */
  readonly summary: string;
}

/** Keeps the packages of a release; newer ones of the same release replace them. */
export async function keepPackages(
  db: Db,
  releaseId: string,
  { services, summary }: KeptPackages,
): Promise<void> {
  const values = { services: JSON.stringify(services), summary };
  await db
    .insertInto('release_packages')
    .values({ release_id: releaseId, ...values })
    .onConflict((c) => c.column('release_id').doUpdateSet(values))
    .execute();
}

/** The packages that an earlier try of the release made, or `undefined`. */
export async function findPackages(db: Db, releaseId: string): Promise<KeptPackages | undefined> {
  return db
    .selectFrom('release_packages')
    .select(['services', 'summary'])
    .where('release_id', '=', releaseId)
    .executeTakeFirst();
}
