/**
 * Who may change LATEST of a service and publish from it. A row, not a database lock: it must outlive the worker
 * that took it, because the release that holds it goes on elsewhere.
 */
import { hasEnded } from '../domain/release/states.ts';
import type { Db } from './store.ts';

export type LockResult = { readonly held: true } | { readonly held: false; readonly by: string };

/**
 * Takes the lock for the release, or says who has it. The holder gets it again; a holder whose release has ended
 * (it was terminated between publish and unlock) loses it.
 */
export async function takeServiceLock(db: Db, service: string, releaseId: string): Promise<LockResult> {
  const work = async (tx: Db): Promise<LockResult> => {
    const taken = await tx
      .insertInto('service_locks')
      .values({ service, release_id: releaseId })
      .onConflict((c) => c.column('service').doNothing())
      .returning('service')
      .executeTakeFirst();
    if (taken) return { held: true };
    const holder = await tx
      .selectFrom('service_locks')
      .innerJoin('releases', 'releases.id', 'service_locks.release_id')
      .select(['service_locks.release_id as id', 'releases.state as state'])
      .where('service_locks.service', '=', service)
      .forUpdate('service_locks')
      .executeTakeFirst();
    // Given back between the two statements: the caller asks again.
    if (!holder) return { held: false, by: '' };
    if (holder.id !== releaseId && !hasEnded(holder.state)) return { held: false, by: holder.id };
    if (holder.id !== releaseId)
      await tx
        .updateTable('service_locks')
        .set({ release_id: releaseId, acquired_at: new Date() })
        .where('service', '=', service)
        .execute();
    return { held: true };
  };
  return db.isTransaction ? work(db) : db.transaction().execute(work);
}

/** Gives back every lock of the release. */
export async function releaseServiceLocks(db: Db, releaseId: string): Promise<void> {
  await db.deleteFrom('service_locks').where('release_id', '=', releaseId).execute();
}
