/** The engine's own schema in PostgreSQL. Records are whole in their JSON; columns are what queries need. */
import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { AsyncStatus } from '../asynchronous/status.ts';
import type { HttpRequestHead } from '../invoke/contract.ts';
import type { AsyncConfig } from './async-configs.ts';
import type { LayerVersion } from './layer-store.ts';
import type { AttachmentRecord } from './attachments.ts';
import type {
  AliasRecord,
  DomainRecord,
  FunctionRecord,
  ServiceRecord,
  TriggerRecord,
  VersionRecord,
} from './records.ts';

/** A `bigint`: arrives as text, because JavaScript's numbers end at 2^53. */
type BigInteger = ColumnType<string, string | number, string | number>;

export interface EngineTables {
  readonly services: {
    readonly name: string;
    readonly generation: BigInteger;
    readonly next_version: Generated<number>;
    readonly record: JSONColumnType<ServiceRecord>;
  };
  readonly functions: {
    readonly service: string;
    readonly name: string;
    readonly record: JSONColumnType<FunctionRecord>;
  };
  readonly versions: {
    readonly service: string;
    readonly version_id: number;
    readonly record: JSONColumnType<VersionRecord>;
  };
  readonly aliases: {
    readonly service: string;
    readonly name: string;
    readonly record: JSONColumnType<AliasRecord>;
  };
  readonly triggers: {
    readonly service: string;
    readonly function: string;
    readonly name: string;
    readonly record: JSONColumnType<TriggerRecord>;
  };
  readonly custom_domains: {
    readonly name: string;
    readonly generation: BigInteger;
    readonly record: JSONColumnType<DomainRecord>;
  };
  readonly attachments: {
    readonly service: string;
    readonly kind: string;
    readonly function: string;
    readonly name: string;
    readonly record: JSONColumnType<AttachmentRecord>;
  };
  readonly async_calls: {
    readonly id: Generated<string>;
    readonly service: string;
    readonly function: string;
    readonly qualifier: string;
    readonly invocation_id: string;
    readonly request_id: string;
    readonly payload: Buffer;
    readonly http: JSONColumnType<HttpRequestHead> | null;
    readonly config: JSONColumnType<AsyncConfig>;
    readonly status: AsyncStatus;
    readonly due_at: Date;
    readonly expires_at: Date;
    readonly started_at: Date | null;
    readonly ended_at: Date | null;
    readonly failures: Generated<number>;
    readonly refusals: Generated<number>;
    readonly error: Generated<string>;
    readonly destination_status: Generated<string>;
  };
  readonly timers: {
    readonly service: string;
    readonly function: string;
    readonly name: string;
    readonly due_at: Date;
  };
  readonly layers: {
    readonly name: string;
    readonly next_version: number;
    readonly is_public: Generated<boolean>;
  };
  readonly layer_versions: {
    readonly layer: string;
    readonly version: number;
    readonly record: JSONColumnType<LayerVersion>;
  };
  readonly series: {
    readonly id: Generated<number>;
    readonly service: string;
    readonly function: string;
    readonly qualifier: string;
    readonly version: string;
    readonly requests: BigInteger;
    readonly failures: BigInteger;
    readonly cold_starts: BigInteger;
    readonly consecutive_failures: BigInteger;
  };
  readonly series_counts: {
    readonly series_id: number;
    readonly at: Date;
    readonly requests: number;
    readonly failures: number;
    readonly cold_starts: number;
  };
  readonly series_latencies: {
    readonly series_id: number;
    readonly at: Date;
    readonly warm: JSONColumnType<Record<string, number>>;
    readonly cold: JSONColumnType<Record<string, number>>;
  };
}
