/**
 * The seam between "which version answers" (catalog, HTTP) and "how it runs" (instances, runtimes). The control side
 * hands over an immutable revision; the running side knows nothing of aliases or weights.
 */

import type { Duplex, Readable } from 'node:stream';
import type { CommandSpec, SandboxedCommand } from '../sandbox/command.ts';

/** Hooks of an instance's life cycle (runtimes.md §13). */
export type HookName = 'preFreeze' | 'preStop';

export interface Hook {
  /** Empty: the function has none. */
  readonly handler: string;
  readonly timeoutMs: number;
}

/** Lines of resolv.conf(5), each member without white space. */
export interface NameResolution {
  /** IPv4; empty: the host's. */
  readonly nameServers: readonly string[];
  readonly searches: readonly string[];
  /** `name` or `name:value`. */
  readonly options: readonly string[];
}

/** One function as it runs: immutable, so instances are keyed by `key`. */
export interface Revision {
  /** Version, code checksum and configuration in one string. */
  readonly key: string;
  readonly service: string;
  readonly function: string;
  /** Version number as a string; empty for LATEST. */
  readonly versionId: string;
  readonly runtime: string;
  readonly handler: string;
  readonly initializer: string;
  readonly timeoutMs: number;
  readonly initializationTimeoutMs: number;
  readonly hooks: Readonly<Record<HookName, Hook>>;
  readonly memoryMb: number;
  readonly instanceConcurrency: number;
  readonly environment: Readonly<Record<string, string>>;
  /** How the function's own server is started and reached; for runtimes without one it says nothing. */
  readonly server: ServerSettings;
  /** Of a container; others run on this host's system. */
  readonly image: ImagePin | undefined;
  /** CRC-64/XZ of the zip, decimal. */
  readonly codeChecksum: string;
  /** Absolute folder with the unpacked code, made by `CodeStore`. */
  readonly codeFolder: string;
  /** Absolute folder that is shown as `/opt`; empty: none. */
  readonly layerFolder: string;
  readonly logProject: string;
  readonly logStore: string;
  /** Whether it may reach the internet; otherwise its own loopback alone. */
  readonly internetAccess: boolean;
  /** The function's own way to resolve names, where it has a network; `undefined`: the host's. */
  readonly nameResolution: NameResolution | undefined;
  /** Where its spans go, `http(s)://…`; empty: calls are not traced. */
  readonly jaegerEndpoint: string;
}

/** A container's image: its name as the function has it, and the pin that stands for one digest of it. */
export interface ImagePin {
  readonly reference: string;
  readonly pin: string;
}

export interface ServerSettings {
  /** Program and first arguments; empty: what the runtime starts by itself. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  /** TCP port, 1…65535. */
  readonly port: number;
  readonly healthCheck: HealthCheck | undefined;
}

/** How a function's own server is asked whether it is well, before its first call and while it has some. */
export interface HealthCheck {
  /** Of a GET request, with its query. */
  readonly path: string;
  /** From the first connection that it takes to the first question. */
  readonly initialDelayMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
  /** As many in a row decide. */
  readonly failures: number;
  readonly successes: number;
}

/** What a traced call's context says (runtimes.md §7). Together below 64 KB as JSON. */
export interface CallTracing {
  /** `{trace}:{span}:{parent}:{flags}`, hexadecimal. */
  readonly openTracingSpanContext: string;
  readonly openTracingSpanBaggages: Readonly<Record<string, string>>;
  readonly jaegerEndpoint: string;
}

export interface Invocation {
  readonly requestId: string;
  /** What the caller asked for: a version, an alias, or LATEST. */
  readonly qualifier: string;
  readonly payload: Buffer;
  /** The caller wants the last 4 KB of the log. */
  readonly wantsLog: boolean;
  /** 0 for the first try of an asynchronous call. */
  readonly retryCount: number;
  /** A synthetic request; the function finds it as `context.probe`. */
  readonly isProbe: boolean;
  /** Only for a revision with a `jaegerEndpoint`. */
  readonly tracing?: CallTracing | undefined;
  /** Ends the call while it runs; it is answered like one that ran out of time. */
  readonly stop?: AbortSignal;
  /** Calls back when the caller hangs up. Asked only for a call that must wait, which then leaves the queue. */
  readonly onGone?: (callback: () => void) => void;
}

/** The head of a call to an HTTP function: texts as they came, percent-encoded. Shims get it as JSON. */
export interface HttpRequestHead {
  readonly method: string;
  /** Without the prefix that `base` holds; `/` at least. */
  readonly path: string;
  /** Path and query as the caller asked for them. */
  readonly uri: string;
  /** `/2016-08-15/proxy/{service}[.{qualifier}]/{function}`; empty behind a custom domain. */
  readonly base: string;
  /** What stands behind `?`. */
  readonly query: string;
  readonly clientIp: string;
  /** Names in lower case, one pair per value; nothing that the caller sent under `x-fc-`. */
  readonly headers: readonly (readonly [string, string])[];
}

/**
 * Takes the response of an HTTP function as it comes: one head, any number of pieces, the end. A call that fails
 * before its head leaves the sink untouched; after it the sink waits for an end that never comes, and the result says so.
 */
export interface HttpSink {
  /**
   * @param status 200…599
   * @param headers names and values in turn, as the function named them; fit for the wire
   */
  head(status: number, headers: readonly string[], instanceId: string): void;
  piece(bytes: Buffer): void;
  end(): void;
  /**
   * Instead of all that: the function's own server agreed to switch protocols (101). Both sides are joined until one
   * closes; the call is over when `peer` is. Only for a call with `wantsUpgrade`.
   *
   * @param peer connection to that server, with what it sent behind its head put back
   */
  upgrade(headers: readonly string[], instanceId: string, peer: Duplex): void;
  /** The caller hung up: nobody reads the response. */
  readonly isGone: boolean;
  /** Calls back once when the caller hangs up; for a transport that can stop its work. */
  onGone(callback: () => void): void;
}

/** A call to an HTTP function; `payload` is the request's body. */
export interface HttpInvocation extends Invocation {
  readonly head: HttpRequestHead;
  /**
   * The caller asks for another protocol (WebSocket); `connection` and `upgrade` are among its headers then. A runtime
   * that speaks HTTP itself passes it on; behind a shim the handler answers it like any other request.
   */
  readonly wantsUpgrade: boolean;
  /**
   * Instead of `payload`, for a runtime that speaks HTTP itself: the body as it comes, of a caller who did not say how long
   * it is. Fails with a `RefusedError`, which is the caller's own fault.
   */
  readonly body?: Readable | undefined;
  readonly sink: HttpSink;
}

export interface InvocationResult {
  readonly outcome: 'ok' | 'handled-error' | 'unhandled-error';
  /** The answer, or the error document; empty for an HTTP call that went well. */
  readonly body: Buffer;
  readonly durationMs: number;
  readonly maxMemoryMb: number;
  readonly coldStart: boolean;
  readonly instanceId: string;
  /** Empty unless wanted. */
  readonly log: Buffer;
}

/** How many instances of a revision there may and must be. */
export interface InstanceBounds {
  /** Kept warm, also while nothing calls. */
  readonly provisioned: number;
  /** Most on-demand instances beside those; `undefined`: only the region's limit. */
  readonly onDemand: number | undefined;
  /** Whose they are: what warm instances find as `FC_QUALIFIER`. */
  readonly qualifier: string;
}

/** What runs of a revision. */
export interface RevisionInstances {
  /** Ids of those that take or could take calls. */
  readonly ready: readonly string[];
  /** Why the newest start of a warm instance failed; empty when it did not. */
  readonly provisionError: string;
}

/** The running side. Throws `RefusedError` when a call was not let in or the platform failed. */
export interface Runner {
  invoke(revision: Revision, invocation: Invocation): Promise<InvocationResult>;
  /** Calls the HTTP handler. The result comes after the last piece of the response, or says why there is none. */
  request(revision: Revision, invocation: HttpInvocation): Promise<InvocationResult>;
  /** Sets the bounds of a revision from now on; without bounds nothing is kept and nothing capped. */
  bound(revision: Revision, bounds: InstanceBounds | undefined): void;
  instances(key: string): RevisionInstances;
  /**
   * Runs a command in an instance of the revision, as what the function is there.
   *
   * @throws RefusedError 404 `InstanceNotFound`; 429 where it runs too many already; 502 where there is no sandbox
   */
  command(key: string, instanceId: string, spec: CommandSpec): SandboxedCommand;
  /** Ends idle instances of the revision and lets busy ones finish. */
  retire(key: string): void;
  /** Ends everything; running calls get up to `graceMs` milliseconds. */
  close(graceMs: number): Promise<void>;
  readonly stats: RunnerStats;
}

export interface RunnerStats {
  readonly instances: number;
  readonly busy: number;
  /** Runtimes that wait for a function. */
  readonly waiting: number;
  /** Instances that such runtimes became, since the start of this process. */
  readonly taken: number;
}

/** A call that the platform refused or lost; becomes an FC error answer. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
