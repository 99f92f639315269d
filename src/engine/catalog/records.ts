/** What the catalog keeps of each resource, the same in memory and in PostgreSQL. */
import type { AliasConfig } from './aliases.ts';
import type { CodePackage } from './code-store.ts';
import type { DomainConfig } from './domain-config.ts';
import type { FunctionConfig } from './function-config.ts';
import type { LayerUse } from './layers.ts';
import type { ServiceConfig } from './service-config.ts';
import type { TriggerSettings } from './trigger-config.ts';

/** What every resource has. Times are Unix milliseconds. */
export interface Stamp {
  /** Changed by every successful write; opaque to callers. */
  readonly etag: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
}

export interface ServiceRecord extends Stamp {
  readonly id: string;
  readonly name: string;
  readonly config: ServiceConfig;
}

export interface FunctionRecord extends Stamp {
  readonly id: string;
  readonly name: string;
  readonly config: FunctionConfig;
  readonly code: CodePackage;
  /** In the order in which they lie over each other. */
  readonly layers: readonly LayerUse[];
}

export interface VersionRecord extends Stamp {
  readonly versionId: string;
  readonly description: string;
  readonly service: ServiceRecord;
  readonly functions: readonly FunctionRecord[];
}

export interface AliasRecord extends Stamp {
  readonly name: string;
  readonly config: AliasConfig;
}

export type TriggerRecord = Stamp &
  TriggerSettings & {
    readonly id: string;
    readonly function: string;
    readonly name: string;
    /** Empty where the type has no source. */
    readonly sourceArn: string;
    readonly invocationRole: string;
    /** The version, alias or LATEST that is called. */
    readonly qualifier: string;
    readonly description: string;
  };

/** Times are Unix milliseconds. Domains have no ETag (fc-api.md §1). */
export interface DomainRecord {
  readonly name: string;
  readonly config: DomainConfig;
  readonly createdAt: number;
  readonly modifiedAt: number;
}

/** Unix milliseconds as the API writes times: UTC, whole seconds. */
export function apiTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
