/** The package stage: a zip for each function, stored by its digest, with a statement of where it came from. */
import { bytesText, counted } from '../../domain/analysis/numbers-in-words.ts';
import { CODE_ZIP_BYTES_MAX } from '../../domain/names/fc.ts';
import { addArtifact } from '../../store/artifacts.ts';
import { findPackages, keepPackages } from '../../store/packages.ts';
import { ensureBuilt, withJob } from '../build/build.ts';
import type { Activities, PackagedFunction } from '../contract.ts';
import { invalid } from '../failure.ts';
import { workFolders } from '../folders.ts';
import type { Parts } from '../parts.ts';
import { sha256, storeArtifact } from './artifact-store.ts';
import { serviceDigest } from './digest.ts';
import { ignoring } from './ignore.ts';
import { provenanceOf } from './provenance.ts';
import { zipFolder } from './zip.ts';

export function packageActivities(parts: Parts): Pick<Activities, 'packageRelease' | 'keptPackages'> {
  const { db, home, publicUrl } = parts;
  return {
    packageRelease: ({ releaseId }) =>
      withJob(
        parts,
        releaseId,
        async (job) => {
          const { subject, wanted, log, signal } = job;
          const services = [];
          let bytes = 0;
          for (const service of wanted.manifest.services) {
            const packaged: PackagedFunction[] = [];
            for (const wantedFunction of service.functions) {
              signal.throwIfAborted();
              const { name, code } = wantedFunction;
              if (!('path' in code)) {
                packaged.push({ name, artifact: code.imageDigest });
                log.note(`${service.name}/${name}: image sha256 ${code.imageDigest}`);
                continue;
              }
              // Another worker may have built it.
              await ensureBuilt(parts, job, service.name, wantedFunction);
              const folder = workFolders(home, releaseId).function(service.name, name);
              const zip = await zipFolder(folder, ignoring(code.ignore));
              if (zip.length > CODE_ZIP_BYTES_MAX)
                throw invalid(
                  `the package of ${service.name}/${name} has ${bytesText(zip.length)}; ${bytesText(CODE_ZIP_BYTES_MAX)} are allowed`,
                );
              const provenance = provenanceOf(subject, {
                service: service.name,
                function: name,
                codePath: code.path,
                digest: sha256(zip),
                builder: publicUrl,
              });
              const artifact = await storeArtifact(home, zip);
              await addArtifact(db, { sha256: artifact, size: zip.length, provenance });
              log.note(`${service.name}/${name}: ${bytesText(zip.length)}, sha256 ${artifact}`);
              packaged.push({ name, artifact });
              bytes += zip.length;
            }
            services.push({
              service: service.name,
              digest: serviceDigest(service, packaged),
              functions: packaged,
            });
          }
          const count = services.reduce((sum, { functions }) => sum + functions.length, 0);
          const summary = `${counted(count, 'package')}, ${bytesText(bytes)}`;
          await keepPackages(db, releaseId, { services, summary });
          return { services, summary };
        },
        'package',
      ),
    keptPackages: ({ releaseId }) =>
      withJob(
        parts,
        releaseId,
        async ({ wanted }) => {
          const kept = await findPackages(db, releaseId);
          if (!kept) return null;
          const services = wanted.manifest.services.flatMap((service) => {
            const before = kept.services.find((one) => one.service === service.name);
            const names = before?.functions.map(({ name }) => name).join();
            if (!before || names !== service.functions.map(({ name }) => name).join()) return [];
            // The record's variables may have changed since: the digest is of what is wanted now.
            const digest = serviceDigest(service, [...before.functions]);
            return [{ service: service.name, digest, functions: before.functions }];
          });
          return services.length === wanted.manifest.services.length
            ? { services, summary: kept.summary }
            : null;
        },
        'package',
      ),
  };
}
