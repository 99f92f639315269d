/** The last word on a release: its figures in one line, and its work folder is cleared away. */
import { rm } from 'node:fs/promises';
import { newestLookOf } from '../../store/evaluations.ts';
import { findRelease } from '../../store/releases.ts';
import type { Activities } from '../contract.ts';
import { workFolders } from '../folders.ts';
import type { Parts } from '../parts.ts';

export function reportActivities({ db, home, log }: Parts): Pick<Activities, 'report'> {
  return {
    async report({ releaseId }) {
      const release = await findRelease(db, releaseId);
      const look = await newestLookOf(db, releaseId);
      await rm(workFolders(home, releaseId).root, { recursive: true, force: true }).catch(
        (error: unknown) => {
          // The lane waits for this: a folder that a build left read-only must not hold up every later release.
          log.warn({ err: error, releaseId }, 'the work folder could not be cleared away');
        },
      );
      const { startedAt, endedAt, state } = release?.progress ?? {
        startedAt: null,
        endedAt: null,
        state: 'failed',
      };
      const took = startedAt === null || endedAt === null ? '' : ` after ${seconds(endedAt - startedAt)}`;
      const judged =
        look === undefined
          ? ''
          : `, ${look.number} looks at ${look.canaryTotal.requests} canary requests (${look.canaryTotal.failures} failed)`;
      return { summary: `${state}${took}${judged}` };
    },
  };
}

function seconds(ms: number): string {
  return ms < 60_000
    ? `${(ms / 1_000).toFixed(1)} s`
    : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`;
}
