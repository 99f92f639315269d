/** Reads both sides of a difference: the live version from Function Compute, the wanted one from manifest and artifacts. */
import { bounded } from '../../domain/difference/bounded.ts';
import {
  serviceDifference,
  type CodeFacts,
  type ComparedFunction,
  type ComparedState,
  type ServiceDifference,
} from '../../domain/difference/difference.ts';
import { crc64 } from '../../domain/checksum/crc64.ts';
import { imageDigest } from '../../domain/manifest/server.ts';
import { CONTAINER_RUNTIME } from '../../domain/names/runtimes.ts';
import type { ManifestService } from '../../domain/manifest/model.ts';
import type { FcFunction } from '../../fc/client.ts';
import type { Publication } from '../../store/publications.ts';
import type { PackagedService } from '../contract.ts';
import { invalid } from '../failure.ts';
import { artifactFacts, readArtifact } from '../package/artifact-store.ts';
import type { Parts } from '../parts.ts';
import { functionSettings, serviceSettings } from './live.ts';

export interface Sides {
  readonly packaged: PackagedService;
  readonly wanted: ManifestService;
  /** Version that is live; `null`: nothing is. */
  readonly stable: string | null;
  /** What Sluice knows of the live version. */
  readonly publication: Publication | undefined;
}

/** @throws FcError, and ApplicationFailure `Invalid` where an artifact is lost */
export async function differ(parts: Parts, sides: Sides): Promise<ServiceDifference> {
  const { packaged, wanted, stable } = sides;
  const live = stable === null ? null : await liveState(parts, sides, stable);
  const functions: ComparedFunction[] = [];
  for (const { name, config } of wanted.functions) {
    const artifact = packaged.functions.find((one) => one.name === name)?.artifact;
    if (artifact === undefined) throw invalid(`${packaged.service}/${name} was not packaged`);
    const present = live?.functions.find((one) => one.name === name);
    if (config.runtime === CONTAINER_RUNTIME) {
      functions.push({ name, config, code: imageFacts(artifact), checksum: artifact });
      continue;
    }
    const facts = await factsOf(parts, artifact);
    // Equal artifacts have equal checksums; only other ones must be read.
    const isSame = present?.code.digest === facts.digest;
    const checksum = isSame ? present.checksum : await checksumOf(parts, packaged.service, name, artifact);
    functions.push({ name, config, code: facts, checksum });
  }
  return bounded(
    serviceDifference(packaged.service, live, { settings: settingsOf(serviceSettings(wanted)), functions }),
  );
}

async function liveState(
  parts: Parts,
  { packaged: { service }, wanted, publication }: Sides,
  version: string,
): Promise<ComparedState & { readonly version: string }> {
  const present = await parts.fc.getService(service, version);
  const functions: ComparedFunction[] = [];
  for (const one of await parts.fc.listFunctions(service, version)) {
    const isImage = one.runtime === CONTAINER_RUNTIME;
    functions.push({
      name: one.functionName,
      config: functionSettings(one),
      code: isImage
        ? imageFacts(imageDigest(one))
        : await liveFacts(parts, one, publication?.functions[one.functionName]?.artifact),
      checksum: isImage ? imageDigest(one) : one.codeChecksum,
    });
  }
  return { version, settings: settingsOf(present?.value ?? serviceSettings(wanted)), functions };
}

async function liveFacts(
  parts: Parts,
  { codeChecksum, codeSize }: FcFunction,
  artifact: string | undefined,
): Promise<CodeFacts> {
  if (artifact === undefined) return { digest: `crc64:${codeChecksum}`, bytes: codeSize, files: null };
  const here = await artifactFacts(parts.home, artifact);
  return { digest: `sha256:${artifact}`, bytes: here?.bytes ?? codeSize, files: here?.files ?? null };
}

/** Of an image, of which only the digest is known here. */
function imageFacts(digest: string): CodeFacts {
  return { digest: `sha256:${digest}`, bytes: 0, files: null };
}

async function factsOf({ home }: Parts, artifact: string): Promise<CodeFacts> {
  const facts = await artifactFacts(home, artifact);
  return { digest: `sha256:${artifact}`, bytes: facts?.bytes ?? 0, files: facts?.files ?? null };
}

async function checksumOf({ home }: Parts, service: string, name: string, artifact: string): Promise<string> {
  const zip = await readArtifact(home, artifact);
  // Artifacts are shared by workers; a missing one can only be built again by a new release.
  if (zip === null) throw invalid(`the artifact of ${service}/${name} is lost`);
  return crc64(zip);
}

function settingsOf({
  description,
  internetAccess,
  role,
}: ComparedState['settings']): ComparedState['settings'] {
  return { description, internetAccess, role };
}
