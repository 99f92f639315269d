/** The real parts that activities work with; the worker makes them once and hands them in. */
import type { Look } from '../domain/analysis/look.ts';
import type { FcClient } from '../fc/client.ts';
import type { Logger } from '../platform/log.ts';
import type { SandboxState } from '../platform/sandbox.ts';
import type { Db } from '../store/store.ts';

export interface Parts {
  readonly db: Db;
  /** For what answers at once: aliases, versions, counters. Its time-out is short. */
  readonly fc: FcClient;
  /** For what may take as long as a function: code both ways, and calls. */
  readonly slowFc: FcClient;
  /** Region that plain names of services mean, and all that plans may name. */
  readonly regions: { readonly home: string; readonly known: readonly string[] };
  /** `SLUICE_HOME`: git mirrors, work folders, artifacts and caches lie below it. */
  readonly home: string;
  readonly sandbox: SandboxState;
  /** Folders under which a project's repository may be a plain path. */
  readonly localRepositories: readonly string[];
  /** Addresses that plans' own metrics may be read from; see `watch/sources/allowed.ts`. */
  readonly metricSources: readonly string[];
  /** Values that no log line may show. */
  readonly secrets: readonly string[];
  /** Where this Sluice is reached: the builder's name in provenance statements. */
  readonly publicUrl: string;
  /** Tells the release's workflow of a look that is worth an event. */
  readonly tellLook: (releaseId: string, look: Look) => Promise<void>;
  /** Tells the release that an alias may have been moved by somebody else. */
  readonly tellAlias: (releaseId: string, service: string) => Promise<void>;
  readonly log: Logger;
}
