/** The way of an instance to its first call: it reports, the initializer runs, or the start fails with a reason. */
import { performance } from 'node:perf_hooks';
import { RefusedError, type InvocationResult, type Revision } from '../invoke/contract.ts';
import { FromInstance, type FromInstanceType } from '../runtimes/protocol.ts';
import { initializerTimeoutDocument, processExitDocument, seconds } from './failures.ts';
import { INITIALIZER_CALL } from './in-flight.ts';
import type { InstanceLink } from './link.ts';
import type { InstanceOutput, LineOwner } from './output.ts';

/**
 * Why a start did not lead to a ready instance: the function's own failure, the platform's, or one that is nobody's because
 * the function was not there yet.
 */
export type StartFailure =
  | { readonly kind: 'function'; readonly result: InvocationResult }
  | { readonly kind: 'refused'; readonly error: RefusedError }
  | { readonly kind: 'unfurnished' };

/** One that another start would only repeat. */
export type FinalFailure = Exclude<StartFailure, { readonly kind: 'unfurnished' }>;

/** When an instance counts as started, and what to say when that does not come. */
export interface Readiness {
  readonly limitMs: number;
  /** "it was not ready", to be followed by a time. */
  readonly missing: string;
}

export interface StartUpOptions {
  readonly revision: Revision;
  readonly instanceId: string;
  readonly starter: LineOwner;
  readonly output: InstanceOutput;
  readonly link: InstanceLink;
  readonly readiness: Readiness;
  onReady(): void;
  onFailed(failure: StartFailure): void;
}

export class StartUp {
  readonly #options: StartUpOptions;
  #phase: 'start' | 'initializer' | 'over' = 'start';
  #timer: NodeJS.Timeout;
  #initializerStartedMs = 0;

  constructor(options: StartUpOptions) {
    this.#options = options;
    const { limitMs, missing } = options.readiness;
    this.#timer = this.#after(limitMs, () => this.#failStart(`${missing} after ${seconds(limitMs)} s`));
  }

  /** It can take calls. Returns a reason when it said so before. */
  onReadyFrame(): string | undefined {
    if (this.#phase !== 'start') return 'it said twice that it is ready';
    const { revision, output, starter, link } = this.#options;
    clearTimeout(this.#timer);
    if (revision.initializer === '') {
      this.#phase = 'over';
      this.#options.onReady();
      return undefined;
    }
    this.#phase = 'initializer';
    this.#initializerStartedMs = performance.now();
    output.latest = starter;
    output.line(starter, `FC Initialize Start RequestId: ${starter.requestId}`);
    link.initialize(INITIALIZER_CALL, starter);
    const limitMs = revision.initializationTimeoutMs;
    this.#timer = this.#after(limitMs, () =>
      this.#failInitializer(
        initializerTimeoutDocument(limitMs),
        `Function initialization timed out after ${seconds(limitMs)} seconds`,
      ),
    );
    return undefined;
  }

  onUnfurnished(): void {
    if (this.#phase !== 'start') return;
    clearTimeout(this.#timer);
    this.#phase = 'over';
    this.#options.onFailed({ kind: 'unfurnished' });
  }

  onInitialized(type: FromInstanceType, payload: Buffer): void {
    // Late, after a time-out.
    if (this.#phase !== 'initializer') return;
    if (type !== FromInstance.result) {
      const kind = type === FromInstance.handledError ? 'Handled' : 'Unhandled';
      this.#failInitializer(payload, `${kind} function error`);
      return;
    }
    this.#endInitializer('');
    this.#options.onReady();
  }

  /** The process ended; a failure only if the start was not over. */
  onExit(cause: string): void {
    if (this.#phase === 'start') this.#failStart(cause);
    else if (this.#phase === 'initializer') {
      const durationMs = performance.now() - this.#initializerStartedMs;
      this.#failInitializer(processExitDocument(durationMs, this.#peakMemoryMb()), cause);
    }
  }

  #failStart(cause: string): void {
    clearTimeout(this.#timer);
    this.#phase = 'over';
    const { stderrTail } = this.#options.output;
    const message = `the instance did not start: ${cause}${stderrTail === '' ? '' : `; ${stderrTail}`}`;
    this.#options.onFailed({ kind: 'refused', error: new RefusedError(412, 'FunctionNotStarted', message) });
  }

  #failInitializer(body: Buffer, cause: string): void {
    this.#endInitializer(`, Error: ${cause}`);
    const { starter, revision, instanceId } = this.#options;
    const durationMs = performance.now() - this.#initializerStartedMs;
    const maxMemoryMb = this.#peakMemoryMb();
    const tail = starter.call?.tail;
    const log = tail ? tail.finish(durationMs, revision.memoryMb, maxMemoryMb) : Buffer.alloc(0);
    this.#options.onFailed({
      kind: 'function',
      result: { outcome: 'unhandled-error', body, durationMs, maxMemoryMb, coldStart: true, instanceId, log },
    });
  }

  #endInitializer(ending: string): void {
    const { output, starter } = this.#options;
    clearTimeout(this.#timer);
    this.#phase = 'over';
    output.endOf(INITIALIZER_CALL);
    output.endOfPipes();
    output.line(starter, `FC Initialize End RequestId: ${starter.requestId}${ending}`);
  }

  #peakMemoryMb(): number {
    return this.#options.link.process.peakMemoryMb();
  }

  #after(ms: number, action: () => void): NodeJS.Timeout {
    const timer = setTimeout(action, ms);
    timer.unref();
    return timer;
  }
}
