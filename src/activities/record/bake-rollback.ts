/** The record of a rollback that the bake time made: a release of its own that no lane has to run. */
import { ulid } from 'ulid';
import { createRelease, findRelease } from '../../store/releases.ts';
import type { Activities } from '../contract.ts';
import type { Parts } from '../parts.ts';

export function bakeRollbackActivities({ db }: Parts): Pick<Activities, 'createBakeRollback'> {
  return {
    async createBakeRollback({ releaseId }) {
      const baked = await findRelease(db, releaseId);
      if (!baked) throw new Error(`release ${releaseId} does not exist`);
      const { project, environment, ref, commit, before, author, message } = baked;
      return createRelease(db, {
        id: ulid(),
        project,
        environment,
        ref,
        commit,
        before,
        author,
        message,
        cause: 'bake',
        startedBy: 'Sluice',
        dryRun: false,
        // Asked for again after a crash, it is the same.
        dedupeKey: `bake:${releaseId}`,
        at: Date.now(),
      });
    },
  };
}
