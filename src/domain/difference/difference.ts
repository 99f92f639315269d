/**
 * What a release would change of what is live, service by service and function by function. Plain JSON: it stands in
 * an event, so it is bounded (`bounded.ts`), and values of environment variables are never in it.
 */
import type { ManifestFunctionConfig, ManifestService } from '../manifest/model.ts';
import { memberChanges, type MemberChange } from './members.ts';

export type ChangeKind = 'new' | 'changed' | 'unchanged';

export interface CodeFacts {
  /** `sha256:…`, or `crc64:…` where the code was not packaged by Sluice. */
  readonly digest: string;
  /** Size of the zip, bytes; 0: an image, which has no zip. */
  readonly bytes: number;
  /** Files in the zip; `null` where the zip is not at hand. */
  readonly files: number | null;
}

export interface CodeDifference {
  readonly changed: boolean;
  /** `null`: there is no live function of the name. */
  readonly from: CodeFacts | null;
  readonly to: CodeFacts;
}

export interface FunctionDifference {
  readonly name: string;
  readonly change: ChangeKind;
  readonly settings: readonly MemberChange[];
  readonly code: CodeDifference;
}

export interface ServiceDifference {
  readonly service: string;
  readonly change: ChangeKind;
  /** Version that it was compared with; `null`: the alias does not exist yet. */
  readonly live: string | null;
  readonly settings: readonly MemberChange[];
  /** Sorted by name. */
  readonly functions: readonly FunctionDifference[];
  /** Live functions that the manifest does not name: they stay as they are. */
  readonly kept: readonly string[];
  /** Changes that were left out, because an event holds only so many. */
  readonly leftOut: number;
}

export interface ComparedFunction {
  readonly name: string;
  readonly config: ManifestFunctionConfig;
  readonly code: CodeFacts;
  /** CRC-64 of the zip, by which Function Compute names it. */
  readonly checksum: string;
}

export type ServiceSettings = Pick<ManifestService, 'description' | 'internetAccess' | 'role'>;

export interface ComparedState {
  readonly settings: ServiceSettings;
  readonly functions: readonly ComparedFunction[];
}

/** What differs between what is live and what the commit wants. `live: null` = nothing is live yet. */
export function serviceDifference(
  service: string,
  live: (ComparedState & { readonly version: string }) | null,
  wanted: ComparedState,
): ServiceDifference {
  const functions = wanted.functions.map((one) =>
    functionDifference(live?.functions.find(({ name }) => name === one.name) ?? null, one),
  );
  const settings = live === null ? [] : memberChanges(live.settings, wanted.settings);
  const isChanged = settings.length > 0 || functions.some(({ change }) => change !== 'unchanged');
  return {
    service,
    change: live === null ? 'new' : isChanged ? 'changed' : 'unchanged',
    live: live?.version ?? null,
    settings,
    functions: functions.sort((a, b) => (a.name < b.name ? -1 : 1)),
    kept: (live?.functions ?? [])
      .map(({ name }) => name)
      .filter((name) => !wanted.functions.some((one) => one.name === name)),
    leftOut: 0,
  };
}

function functionDifference(live: ComparedFunction | null, wanted: ComparedFunction): FunctionDifference {
  const { name, code } = wanted;
  if (live === null)
    return { name, change: 'new', settings: [], code: { changed: true, from: null, to: code } };
  const settings = memberChanges(live.config, wanted.config);
  const changed = live.checksum !== wanted.checksum;
  return {
    name,
    change: changed || settings.length > 0 ? 'changed' : 'unchanged',
    settings,
    code: { changed, from: live.code, to: code },
  };
}
