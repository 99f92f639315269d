/**
 * The one interface through which Sluice speaks to Function Compute: the same against the built-in engine and
 * Alibaba Cloud. Small on purpose: what a release needs, nothing else.
 */
import type { ManifestFunctionConfig } from '../domain/manifest/model.ts';
import type { RingAnswer } from '../domain/metrics/ring.ts';

export interface FcService {
  readonly serviceName: string;
  readonly description: string;
  readonly internetAccess: boolean;
  readonly role: string;
}

/** Settings of a function that a release sets: manifests have the names and units of the FC API. */
export type FcFunctionConfig = ManifestFunctionConfig;

export interface FcFunction extends FcFunctionConfig {
  readonly functionName: string;
  /** CRC-64/XZ of the zip, decimal. */
  readonly codeChecksum: string;
  readonly codeSize: number;
}

export interface FcVersion {
  readonly versionId: string;
  readonly description: string;
  readonly createdTime: string;
}

export interface FcAlias {
  readonly aliasName: string;
  readonly versionId: string;
  readonly description: string;
  /** At most one entry: version → weight 0…1. */
  readonly additionalVersionWeight: Readonly<Record<string, number>>;
}

/** A value and the ETag under which it was read; writes give the ETag back to notice other people's changes. */
export interface Tagged<T> {
  readonly value: T;
  readonly etag: string;
}

export interface AliasTarget {
  readonly versionId: string;
  readonly additionalVersionWeight: Readonly<Record<string, number>>;
  readonly description?: string;
}

export interface FcInvocation {
  readonly status: number;
  readonly body: Buffer;
  /** `HandledInvocationError` or `UnhandledInvocationError`; `null` when the function succeeded. */
  readonly errorType: string | null;
  readonly requestId: string;
  /** Version number that ran. */
  readonly version: string | null;
  /** Last 4 KB of the call's log, decoded; empty when the engine gave none. */
  readonly log: string;
}

/**
 * Every method throws `FcError`; what is missing is `null` only where the type says so.
 * `signal` ends the wait, not what the other side already does.
 */
export interface FcClient {
  getService(service: string, qualifier?: string): Promise<Tagged<FcService> | null>;
  createService(service: FcService): Promise<Tagged<FcService>>;
  updateService(service: FcService): Promise<Tagged<FcService>>;
  getFunction(service: string, name: string, qualifier?: string): Promise<Tagged<FcFunction> | null>;
  listFunctions(service: string, qualifier?: string): Promise<FcFunction[]>;
  /** `zip: null`: a container, whose code is its image. */
  createFunction(
    service: string,
    name: string,
    config: FcFunctionConfig,
    zip: Buffer | null,
  ): Promise<Tagged<FcFunction>>;
  /** `zip: null` leaves the code as it is. */
  updateFunction(
    service: string,
    name: string,
    config: FcFunctionConfig,
    zip: Buffer | null,
  ): Promise<Tagged<FcFunction>>;
  deleteFunction(service: string, name: string): Promise<void>;
  /** Bytes of the deployed zip. */
  getFunctionCode(service: string, name: string, qualifier?: string): Promise<Buffer>;
  publishVersion(service: string, description: string): Promise<FcVersion>;
  /** Newest first, at most `limit`. */
  listVersions(service: string, limit: number): Promise<FcVersion[]>;
  getAlias(service: string, alias: string): Promise<Tagged<FcAlias> | null>;
  createAlias(service: string, alias: string, target: AliasTarget): Promise<Tagged<FcAlias>>;
  /** Throws `FcError` with status 412 when the alias is no longer at `ifMatch`. */
  updateAlias(service: string, alias: string, target: AliasTarget, ifMatch: string): Promise<Tagged<FcAlias>>;
  invoke(service: string, qualifier: string, name: string, payload: Buffer): Promise<FcInvocation>;
  /** A call that is marked as a synthetic one: the engine counts it apart and tells the function so. */
  probe(service: string, qualifier: string, name: string, payload: Buffer): Promise<void>;
  /**
   * Counters of all versions called through `qualifier`, buckets from `fromMs` (Unix milliseconds) on; with
   * `latencies`, also the minutes of latency that begin at or after it; with `probes`, what probes did, apart.
   */
  readRing(
    service: string,
    name: string,
    qualifier: string,
    fromMs: number,
    options?: { readonly latencies?: boolean; readonly probes?: boolean },
  ): Promise<RingAnswer>;
}
