/**
 * LATEST of a service becomes what the commit says: only what differs is written, so a repeated call after a crash
 * writes what is still missing and nothing else. Functions that the manifest does not name are left alone.
 */
import { crc64 } from '../../domain/checksum/crc64.ts';
import { CONTAINER_RUNTIME } from '../../domain/names/runtimes.ts';
import type { ManifestFunction } from '../../domain/manifest/model.ts';
import type { FcClient, FcService } from '../../fc/client.ts';
import { beating } from '../beating.ts';
import type { Activities } from '../contract.ts';
import { engineCall, invalid } from '../failure.ts';
import { serviceDigest } from '../package/digest.ts';
import { readArtifact } from '../package/artifact-store.ts';
import type { Parts } from '../parts.ts';
import { subjectOf } from '../release-subject.ts';
import { ensureCheckout } from '../source/checkout.ts';
import { readWanted } from '../source/wanted.ts';
import { functionSettings, sameFunction, sameService, serviceSettings } from './live.ts';

export function deployActivities(parts: Parts): Pick<Activities, 'deployService'> {
  const { db, slowFc: fc, home } = parts;
  return {
    deployService: ({ releaseId, service: packaged }) =>
      beating(async (signal) => {
        const subject = await subjectOf(db, releaseId);
        const { folder } = await ensureCheckout(parts, subject, signal);
        const { places } = await readWanted(folder, subject, parts.regions);
        const { service: place } = packaged;
        const service = places.find((one) => one.service === place)?.wanted;
        if (!service) throw invalid(`the manifest has no service ${place} any more`);
        // A person may change the environment's variables at any time; what was packaged, compared and shown is what is deployed.
        if (serviceDigest(service, packaged.functions) !== packaged.digest)
          throw invalid(
            `the settings of ${service.name} are not those that were packaged: somebody changed the environment's variables meanwhile; start the release again`,
          );
        const done = [
          await engineCall(() => putService(fc, { ...serviceSettings(service), serviceName: place })),
        ];
        for (const wanted of service.functions) {
          signal.throwIfAborted();
          const artifact = packaged.functions.find(({ name }) => name === wanted.name)?.artifact;
          const isImage = wanted.config.runtime === CONTAINER_RUNTIME;
          const zip = artifact === undefined || isImage ? null : await readArtifact(home, artifact);
          // Artifacts are shared by workers; a missing one can only be built again by a new release.
          if (zip === null && !isImage)
            throw invalid(`the artifact of ${service.name}/${wanted.name} is lost`);
          done.push(await engineCall(() => putFunction(fc, place, wanted, zip)));
        }
        const changes = done.filter((change) => change !== null);
        return { summary: `${place}: ${changes.length === 0 ? 'as it was' : changes.join(', ')}` };
      }),
  };
}

/** What was done, or `null` for nothing. */
async function putService(fc: FcClient, wanted: FcService): Promise<string | null> {
  const present = await fc.getService(wanted.serviceName);
  if (present === null) {
    await fc.createService(wanted);
    return 'service created';
  }
  if (sameService(present.value, wanted)) return null;
  await fc.updateService(wanted);
  return 'service updated';
}

async function putFunction(
  fc: FcClient,
  service: string,
  { name, config }: ManifestFunction,
  zip: Buffer | null,
): Promise<string | null> {
  const wanted = functionSettings(config);
  const present = await fc.getFunction(service, name);
  if (present === null) {
    await fc.createFunction(service, name, wanted, zip);
    return `${name} created`;
  }
  // The image of a container is one of its settings.
  const isSameCode = zip === null || present.value.codeChecksum === crc64(zip);
  if (isSameCode && sameFunction(present.value, wanted)) return null;
  await fc.updateFunction(service, name, wanted, isSameCode ? null : zip);
  return isSameCode ? `${name}'s settings updated` : `${name} updated`;
}
