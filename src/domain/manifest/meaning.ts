/** What a manifest asks for, without where it was written: two manifests that mean the same have the same text. */
import { canonicalJson } from '../canonical-json.ts';
import type { Manifest } from './model.ts';

/** Stable text for hashing. */
export function manifestMeaning({ region, services }: Manifest): string {
  return canonicalJson({
    region,
    services: services.map(({ name, description, internetAccess, role, functions }) => ({
      name,
      description,
      internetAccess,
      role,
      functions: functions.map(({ name, config, code }) => ({ name, config, code })),
    })),
  });
}
