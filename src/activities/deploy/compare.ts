/** What is live now, and whether the release would change it. Also: whether the alias is this environment's at all. */
import { findAliasState } from '../../store/alias-states.ts';
import { publicationOfVersion } from '../../store/publications.ts';
import { beating } from '../beating.ts';
import type { Activities, ComparedService } from '../contract.ts';
import { engineCall, invalid } from '../failure.ts';
import type { Parts } from '../parts.ts';
import { subjectOf } from '../release-subject.ts';
import { splitOf } from './live.ts';

export function compareActivities({ db, fc }: Parts): Pick<Activities, 'compareWithLive'> {
  return {
    compareWithLive: ({ releaseId, services }) =>
      beating(async () => {
        const { release, environment } = await subjectOf(db, releaseId);
        const compared: ComparedService[] = [];
        for (const { service, digest } of services) {
          const owner = await findAliasState(db, service, environment.alias);
          if (owner && (owner.project !== release.project || owner.environment !== release.environment))
            throw invalid(
              `alias ${environment.alias} of service ${service} belongs to ${owner.project}.${owner.environment}; give this environment an alias of its own`,
            );
          const alias = await engineCall(() => fc.getAlias(service, environment.alias));
          const before = alias === null ? null : splitOf(alias.value);
          const stable = before?.main ?? null;
          const publication = stable === null ? undefined : await publicationOfVersion(db, service, stable);
          // An alias that still sends part elsewhere is changed by the release, whatever the code is.
          const unchanged = publication?.digest === digest && before?.additional === null;
          compared.push({ service, before, stable, unchanged });
        }
        return compared;
      }),
  };
}
