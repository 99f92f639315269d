/**
 * LATEST of the touched functions back to what a version holds, from the stored artifact or, where Sluice did not
 * make that version, from FC itself. What somebody else deployed meanwhile is left alone.
 */
import { crc64 } from '../../domain/checksum/crc64.ts';
import type { FcClient, FcFunction } from '../../fc/client.ts';
import { publicationOfVersion } from '../../store/publications.ts';
import { beating } from '../beating.ts';
import type { Activities, Restore } from '../contract.ts';
import { functionSettings, sameFunction, sameService } from '../deploy/live.ts';
import { engineCall } from '../failure.ts';
import { readArtifact } from '../package/artifact-store.ts';
import type { Parts } from '../parts.ts';

export function restoreActivities(parts: Parts): Pick<Activities, 'restoreLatest'> {
  return {
    restoreLatest: (restore) =>
      beating(async (signal) => {
        const { service, functions, stable } = restore;
        if (stable === null) return { summary: `${service} had no live version; LATEST stays` };
        const restored: string[] = [];
        for (const name of functions) {
          signal.throwIfAborted();
          if (await engineCall(() => restoreFunction(parts, restore, stable, name))) restored.push(name);
        }
        await engineCall(() => restoreService(parts.fc, service, stable));
        const what = restored.length === 0 ? 'was there already' : `of ${restored.join(', ')} is back`;
        return { summary: `${service}: LATEST ${what} at version ${stable}` };
      }),
  };
}

async function restoreFunction(
  parts: Parts,
  { service, canary }: Restore,
  stable: string,
  name: string,
): Promise<boolean> {
  const { slowFc: fc } = parts;
  const latest = (await fc.getFunction(service, name))?.value;
  if (latest === undefined) return false;
  const ours = canary === null ? null : ((await fc.getFunction(service, name, canary))?.value ?? null);
  if (ours !== null && !isSame(latest, ours)) return false;
  const wanted = (await fc.getFunction(service, name, stable))?.value;
  if (wanted === undefined) {
    // The release brought the function; what is live does not know it.
    await fc.deleteFunction(service, name);
    return true;
  }
  if (isSame(latest, wanted)) return false;
  const isSameCode = latest.codeChecksum === wanted.codeChecksum;
  const zip = isSameCode ? null : await codeOf(parts, service, stable, wanted);
  await fc.updateFunction(service, name, functionSettings(wanted), zip);
  return true;
}

async function codeOf(
  { db, slowFc: fc, home }: Parts,
  service: string,
  version: string,
  { functionName, codeChecksum }: FcFunction,
): Promise<Buffer> {
  const publication = await publicationOfVersion(db, service, version);
  const artifact = publication?.functions[functionName]?.artifact;
  const stored = artifact === undefined ? null : await readArtifact(home, artifact);
  if (stored !== null && crc64(stored) === codeChecksum) return stored;
  return fc.getFunctionCode(service, functionName, version);
}

async function restoreService(fc: FcClient, service: string, version: string): Promise<void> {
  const [latest, wanted] = await Promise.all([fc.getService(service), fc.getService(service, version)]);
  if (latest === null || wanted === null || sameService(latest.value, wanted.value)) return;
  const { description, internetAccess, role } = wanted.value;
  await fc.updateService({ serviceName: service, description, internetAccess, role });
}

function isSame(a: FcFunction, b: FcFunction): boolean {
  return a.codeChecksum === b.codeChecksum && sameFunction(a, b);
}
