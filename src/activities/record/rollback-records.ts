/** The records of rollbacks, by the bake time or by a person: releases of their own that no lane has to run. */
import { newId } from '../../platform/new-id.ts';
import { SLUICE } from '../../domain/release/events.ts';
import { findAliasState } from '../../store/alias-states.ts';
import { createRelease, findRelease } from '../../store/releases.ts';
import { createRollbackRecord, findRollbackRecord } from '../../store/rollback-records.ts';
import type { Activities } from '../contract.ts';
import type { Parts } from '../parts.ts';

export function rollbackRecordActivities({
  db,
}: Parts): Pick<Activities, 'createBakeRollback' | 'createRollback'> {
  return {
    async createBakeRollback({ releaseId, alias, targets }) {
      const baked = await findRelease(db, releaseId);
      if (!baked) throw new Error(`release ${releaseId} does not exist`);
      const { project, environment, ref, commit, before, author, message } = baked;
      // Asked for again after a crash, it is the same.
      const key = `bake:${releaseId}`;
      const known = await findRollbackRecord(db, { project, environment, key });
      if (known !== null) return { id: known };
      const states = await Promise.all(targets.map(({ service }) => findAliasState(db, service, alias)));
      const isTaken = states.some(
        (state, index) => state && (state.stable !== targets[index]?.left || state.canary !== null),
      );
      if (isTaken) return { id: null };
      return createRelease(db, {
        id: newId(),
        project,
        environment,
        ref,
        commit,
        before,
        author,
        message,
        cause: 'bake',
        startedBy: SLUICE.name,
        dryRun: false,
        dedupeKey: key,
        at: Date.now(),
      });
    },
    createRollback: (request) => createRollbackRecord(db, request),
  };
}
