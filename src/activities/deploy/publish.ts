/**
 * Exactly one version per service of a release. Where a retry finds it, in this order: in our own table; by its
 * description, when a worker died between publishing and writing that down; as the newest version, when FC refuses
 * because LATEST equals it.
 */
import { crc64 } from '../../domain/checksum/crc64.ts';
import { imageDigest } from '../../domain/manifest/server.ts';
import { CONTAINER_RUNTIME } from '../../domain/names/runtimes.ts';
import type { FcClient } from '../../fc/client.ts';
import { FcError } from '../../fc/errors.ts';
import { addPublication, publicationOf, type PublishedFunctions } from '../../store/publications.ts';
import { beating } from '../beating.ts';
import type { Activities, PackagedService } from '../contract.ts';
import { engineCall, invalid } from '../failure.ts';
import { readArtifact } from '../package/artifact-store.ts';
import type { Parts } from '../parts.ts';
import { subjectOf, type Subject } from '../release-subject.ts';
import { sameFunction } from './live.ts';

/** How far back a version of this release is looked for; under the lock nobody else publishes. */
const LOOK_BACK = 20;
/** Characters that FC takes. */
const DESCRIPTION_LIMIT = 256;

export function publishActivities(parts: Parts): Pick<Activities, 'publishService'> {
  const { db } = parts;
  return {
    publishService: ({ releaseId, service: packaged }) =>
      beating(async () => {
        const subject = await subjectOf(db, releaseId);
        const { service, digest } = packaged;
        const known = await publicationOf(db, service, releaseId);
        // An earlier try made it. A second one would be another release, and this one would not be what was packaged.
        if (known && known.digest !== digest)
          throw invalid(
            `version ${known.version} of ${service}, which an earlier try published, has other settings than were packaged now: somebody changed the environment's variables meanwhile; set them back and try again, or start the commit as a new release`,
          );
        if (known) return { version: known.version, summary: `version ${known.version} of ${service}` };
        const { version, isReused } = await engineCall(() => publishOnce(parts, subject, packaged));
        const functions: PublishedFunctions = Object.fromEntries(
          packaged.functions.map(({ name, artifact }) => [name, { artifact }]),
        );
        await addPublication(db, { service, releaseId, version, digest, functions });
        const how = isReused ? ' (equal to the newest one, used again)' : '';
        return { version, summary: `version ${version} of ${service}${how}` };
      }),
  };
}

async function publishOnce(
  parts: Parts,
  { release }: Subject,
  packaged: PackagedService,
): Promise<{ readonly version: string; readonly isReused: boolean }> {
  const { fc } = parts;
  const { service } = packaged;
  const mark = `sluice:${release.id}`;
  const versions = await fc.listVersions(service, LOOK_BACK);
  const own = versions.find(({ description }) => description.split(' ')[0] === mark);
  if (own) return { version: own.versionId, isReused: false };
  const title = release.message.split('\n')[0] ?? '';
  const description = `${mark} ${release.commit.slice(0, 12)} ${title}`.slice(0, DESCRIPTION_LIMIT).trim();
  try {
    return { version: (await fc.publishVersion(service, description)).versionId, isReused: false };
  } catch (error) {
    const newest = versions[0];
    const isRefused = error instanceof FcError && error.status === 400 && newest !== undefined;
    if (isRefused && (await isLatest(parts, packaged, newest.versionId)))
      return { version: newest.versionId, isReused: true };
    throw error;
  }
}

/** True when the version holds exactly what LATEST does, and that is this release's code. */
async function isLatest(
  { fc, home }: Parts,
  { service, functions }: PackagedService,
  version: string,
): Promise<boolean> {
  for (const { name, artifact } of functions) {
    const [latest, published] = await bothFunctions(fc, service, name, version);
    if (latest === null || published === null) return false;
    if (published.value.runtime !== CONTAINER_RUNTIME) {
      const zip = await readArtifact(home, artifact);
      if (zip === null || published.value.codeChecksum !== crc64(zip)) return false;
    } else if (imageDigest(published.value) !== artifact) return false;
    if (!sameFunction(latest.value, published.value)) return false;
  }
  return true;
}

function bothFunctions(fc: FcClient, service: string, name: string, version: string) {
  return Promise.all([fc.getFunction(service, name), fc.getFunction(service, name, version)]);
}
