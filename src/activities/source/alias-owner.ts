/** One environment per alias of a service: who shares a service with another project learns it before anything is built. */
import { environmentId } from '../../domain/plan/environment.ts';
import { claimAlias, otherOwner } from '../../store/alias-owners.ts';
import type { Db } from '../../store/store.ts';
import { invalid } from '../failure.ts';
import type { Subject } from '../release-subject.ts';
import type { WantedPlace } from './wanted.ts';

/**
 * Claims the environment's alias of each service, in each region; a dry run only looks.
 *
 * @throws ApplicationFailure `Invalid` with a line for each service whose alias is another environment's
 */
export async function requireAliases(
  db: Db,
  { release, environment }: Subject,
  places: readonly WantedPlace[],
): Promise<void> {
  const { alias } = environment;
  const owner = { project: release.project, environment: release.environment };
  const lines: string[] = [];
  for (const { service, wanted } of places) {
    const { at } = wanted;
    const place = { service, alias };
    const other = release.dryRun
      ? await otherOwner(db, place, owner)
      : await claimAlias(db, place, owner, release.id);
    if (other)
      lines.push(
        `${at.file}:${at.line}:${at.column}: alias ${alias} of service ${service} belongs to ${environmentId(other.project, other.environment)}`,
      );
  }
  if (lines.length === 0) return;
  throw invalid(
    `${lines.join('; ')}; give ${environmentId(release.project, release.environment)} an alias of its own, name another service, or remove the other environment`,
    lines,
  );
}
