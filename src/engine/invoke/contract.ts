/**
 * The seam between "which version answers" (catalog, HTTP) and "how it runs" (instances, runtimes). The control side
 * hands over an immutable revision; the running side knows nothing of aliases or weights.
 */

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
  readonly memoryMb: number;
  readonly instanceConcurrency: number;
  readonly environment: Readonly<Record<string, string>>;
  /** CRC-64/XZ of the zip, decimal. */
  readonly codeChecksum: string;
  /** Absolute folder with the unpacked code, made by `CodeStore`. */
  readonly codeFolder: string;
  readonly logProject: string;
  readonly logStore: string;
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
}

export interface InvocationResult {
  readonly outcome: 'ok' | 'handled-error' | 'unhandled-error';
  readonly body: Buffer;
  readonly durationMs: number;
  readonly maxMemoryMb: number;
  readonly coldStart: boolean;
  readonly instanceId: string;
  /** Empty unless wanted. */
  readonly log: Buffer;
}

/** The running side. Throws `RefusedError` when a call was not let in or the platform failed. */
export interface Runner {
  invoke(revision: Revision, invocation: Invocation): Promise<InvocationResult>;
  /** Ends idle instances of the revision and lets busy ones finish. */
  retire(key: string): void;
  /** Ends everything; running calls get up to `graceMs` milliseconds. */
  close(graceMs: number): Promise<void>;
  readonly stats: RunnerStats;
}

export interface RunnerStats {
  readonly instances: number;
  readonly busy: number;
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
