/** What was packaged: one row per different zip, named by its SHA-256, with the statement of where it came from. */
import type { Db } from './store.ts';

export interface Artifact {
  /** 64 lower-case hex digits. */
  readonly sha256: string;
  /** Bytes of the zip. */
  readonly size: number;
  readonly provenance: object;
}

/** Stores the row; the first statement for a digest stays, equal bytes later are the same artifact. */
export async function addArtifact(db: Db, artifact: Artifact): Promise<void> {
  await db
    .insertInto('artifacts')
    .values({
      sha256: artifact.sha256,
      size: artifact.size,
      provenance: JSON.stringify(artifact.provenance),
    })
    .onConflict((c) => c.column('sha256').doNothing())
    .execute();
}

/** The artifact of a digest, or `undefined`. */
export async function findArtifact(db: Db, sha256: string): Promise<Artifact | undefined> {
  const row = await db.selectFrom('artifacts').selectAll().where('sha256', '=', sha256).executeTakeFirst();
  return row && { sha256: row.sha256, size: Number(row.size), provenance: row.provenance };
}
