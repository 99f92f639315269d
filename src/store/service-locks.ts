/**
 * Who may change LATEST of a service and publish from it. A row, not a database lock: it must outlive the worker
 * that took it, because the release that holds it goes on elsewhere.
 */
import { sql } from 'kysely';
import { hasEnded } from '../domain/release/states.ts';
import type { Db } from './store.ts';

export type LockResult = { readonly held: true } | { readonly held: false; readonly by: string };

/** A holder that is no release (a person's rollback) works for seconds; after this it is dead. Milliseconds. */
const FOREIGN_HOLDER_LIVES_MS = 10 * 60_000;

/**
 * Takes the lock for the holder, or says who has it. The holder gets it again; a holder whose release has ended
 * (it was terminated between publish and unlock) loses it.
 *
 * @param holder a release's id, or another name that nobody else uses
 */
export async function takeServiceLock(db: Db, service: string, holder: string): Promise<LockResult> {
  const work = async (tx: Db): Promise<LockResult> => {
    const taken = await tx
      .insertInto('service_locks')
      .values({ service, holder })
      .onConflict((c) => c.column('service').doNothing())
      .returning('service')
      .executeTakeFirst();
    if (taken) return { held: true };
    const lock = await tx
      .selectFrom('service_locks')
      .select(['holder'])
      // By the database's clock alone: a worker whose clock is wrong must not take a living holder's lock.
      .select(
        sql<boolean>`now() - acquired_at > ${FOREIGN_HOLDER_LIVES_MS} * interval '1 millisecond'`.as(
          'is_old',
        ),
      )
      .where('service', '=', service)
      .forUpdate()
      .executeTakeFirst();
    // Given back between the two statements: the caller asks again.
    if (!lock) return { held: false, by: '' };
    if (lock.holder === holder) return { held: true };
    if (!(await isDead(tx, lock.holder, lock.is_old))) return { held: false, by: lock.holder };
    await tx
      .updateTable('service_locks')
      .set({ holder, acquired_at: sql`now()` })
      .where('service', '=', service)
      .execute();
    return { held: true };
  };
  return db.isTransaction ? work(db) : db.transaction().execute(work);
}

/** Gives back every lock of the holder. */
export async function giveServiceLocksBack(db: Db, holder: string): Promise<void> {
  await db.deleteFrom('service_locks').where('holder', '=', holder).execute();
}

async function isDead(tx: Db, holder: string, isOld: boolean): Promise<boolean> {
  const release = await tx.selectFrom('releases').select('state').where('id', '=', holder).executeTakeFirst();
  return release ? hasEnded(release.state) : isOld;
}
