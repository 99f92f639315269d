/** What is live now, and what the release would change of it. Also: whether the alias is this environment's at all. */
import { publicationOfVersion } from '../../store/publications.ts';
import { beating } from '../beating.ts';
import type { Activities, ComparedService } from '../contract.ts';
import { engineCall, invalid } from '../failure.ts';
import type { Parts } from '../parts.ts';
import { subjectOf } from '../release-subject.ts';
import { requireAliases } from '../source/alias-owner.ts';
import { ensureCheckout } from '../source/checkout.ts';
import { readWanted } from '../source/wanted.ts';
import { differ } from './differ.ts';
import { splitOf } from './live.ts';

export function compareActivities(parts: Parts): Pick<Activities, 'compareWithLive'> {
  const { db, fc } = parts;
  return {
    compareWithLive: ({ releaseId, services }) =>
      beating(async (signal) => {
        const subject = await subjectOf(db, releaseId);
        const { environment } = subject;
        const { folder } = await ensureCheckout(parts, subject, signal);
        const { places } = await readWanted(folder, subject, parts.regions);
        // Claimed in the source stage; the environment's alias may be another one since.
        await requireAliases(db, subject, places);
        const compared: ComparedService[] = [];
        for (const packaged of services) {
          signal.throwIfAborted();
          const { service, digest } = packaged;
          const wanted = places.find((place) => place.service === service)?.wanted;
          if (!wanted) throw invalid(`the manifest has no service ${service} any more`);
          const alias = await engineCall(() => fc.getAlias(service, environment.alias));
          const before = alias === null ? null : splitOf(alias.value);
          const stable = before?.main ?? null;
          const publication = stable === null ? undefined : await publicationOfVersion(db, service, stable);
          // An alias that still sends part elsewhere is changed by the release, whatever the code is.
          const unchanged = publication?.digest === digest && before?.additional === null;
          const difference = await engineCall(() => differ(parts, { packaged, wanted, stable, publication }));
          compared.push({ service, before, stable, unchanged, difference });
        }
        return compared;
      }),
  };
}
