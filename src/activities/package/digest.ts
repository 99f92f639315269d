/** One digest for a service as it will be published: equal digests are equal versions. */
import type { ManifestService } from '../../domain/manifest/model.ts';
import type { PackagedFunction } from '../contract.ts';
import { sha256 } from './artifact-store.ts';

/** SHA-256 over the service's settings, each function's settings, and the artifacts. Positions in files do not count. */
export function serviceDigest(service: ManifestService, packaged: readonly PackagedFunction[]): string {
  const functions = service.functions.map(({ name, config }) => ({
    name,
    config,
    artifact: packaged.find((one) => one.name === name)?.artifact ?? '',
  }));
  const { name, description, internetAccess, role } = service;
  return sha256(canonicalJson({ name, description, internetAccess, role, functions }));
}

/** JSON with sorted keys. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
