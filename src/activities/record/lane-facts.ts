/** What a lane decides by: the rule for newer pushes, and which releases a freeze stops now. */
import type { LaneFacts } from '../contract.ts';
import { stricter } from '../../domain/freeze/freeze.ts';
import { covers, notPassed } from '../../domain/freeze/place.ts';
import { frozenAt, nextChange } from '../../domain/freeze/schedule.ts';
import { DEFAULT_SUPERSEDE } from '../../domain/plan/supersede.ts';
import { listBypasses, listFreezes } from '../../store/freezes.ts';
import { findProject } from '../../store/projects.ts';
import { findRelease, findReleases, newestSupersede } from '../../store/releases.ts';
import type { Activities } from '../contract.ts';
import type { Parts } from '../parts.ts';

export function laneActivities({ db }: Pick<Parts, 'db'>): Pick<Activities, 'laneFacts'> {
  return {
    async laneFacts({ project, environment, releases, replaced }) {
      const place = { project, environment };
      const at = Date.now();
      const freezes = await listFreezes(db, at, place);
      const bypasses = (await listBypasses(db, freezes, at)).filter((bypass) => covers(place, bypass));
      const plans = new Map(
        (await findReleases(db, releases)).map(({ id, progress }) => [id, progress.plan] as const),
      );
      const frozen = releases.map((releaseId): [string, LaneFacts['frozen'][string]] => {
        const now = frozenAt(notPassed(freezes, bypasses, { ...place, releaseId }), at);
        if (now === null) return [releaseId, null];
        const { reason, underWay } = now.freeze;
        const word = stricter(underWay, plans.get(releaseId)?.freeze);
        return [releaseId, { reason, underWay: word, until: now.until }];
      });
      const changes = [nextChange(freezes, at), ...bypasses.map(({ until }) => until)];
      const record = (await findProject(db, project))?.environments.find(({ name }) => name === environment);
      const made = replaced === null ? undefined : await findRelease(db, replaced);
      return {
        supersede: record?.supersede ?? (await newestSupersede(db, place)) ?? DEFAULT_SUPERSEDE,
        frozen: Object.fromEntries(frozen),
        changesAt: changes.filter((change) => change !== null).toSorted((a, b) => a - b)[0] ?? null,
        replaced: made?.progress.state === 'superseded',
      };
    },
  };
}
