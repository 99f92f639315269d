/** The calls that an instance works on: numbers, deadlines, answers, and what becomes of them when the instance ends. */
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import { RefusedError, type InvocationResult, type Revision } from '../invoke/contract.ts';
import { FromInstance, type FromInstanceType } from '../runtimes/protocol.ts';
import type { Call } from './call.ts';
import {
  badResponseDocument,
  processExitDocument,
  seconds,
  stoppedDocument,
  timeoutDocument,
} from './failures.ts';
import { HttpResponse } from './http-response.ts';
import type { InstanceOutput } from './output.ts';

export interface InFlightOptions {
  readonly revision: Revision;
  readonly instanceId: string;
  readonly output: InstanceOutput;
  readonly maxPayloadBytes: number;
  /** Highest memory of the instance so far, in MB. Costs a few system calls. */
  peakMemoryMb(): number;
  /** A call passed the function's time limit; it is answered right after this. */
  onExpired(cause: string, number: number): void;
  /** A call was answered. */
  onAnswered(): void;
}

/** Number of the initializer's call; those of invocations follow. */
export const INITIALIZER_CALL = 1;
/** The numbers above are those of hooks. */
export const LAST_CALL = 0x7fff_ffff;

/** How old a reading of the memory may be when a call is answered. */
const MEMORY_SAMPLE_MS = 250;
/** A call of this length can afford a reading of its own. */
const LONG_CALL_MS = 20;
const NOTHING = Buffer.alloc(0);

/** Says in a function's log that nobody's order hangs on this call. */
const PROBE_LINE = 'Sluice probe: a synthetic request of a release, not of a user';

export class InFlight {
  readonly #options: InFlightOptions;
  /** Oldest first. */
  readonly #calls = new Map<number, Call>();
  #next = INITIALIZER_CALL + 1;
  #timer: NodeJS.Timeout | undefined;
  #memoryMb = 0;
  #memoryReadMs = Number.NEGATIVE_INFINITY;

  constructor(options: InFlightOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#calls.size;
  }

  get(number: number): Call | undefined {
    return this.#calls.get(number);
  }

  /** Takes a call in; its time limit starts to run. Returns its number. */
  begin(call: Call): number {
    const number = this.#next;
    this.#next = number === LAST_CALL ? INITIALIZER_CALL + 1 : number + 1;
    call.coldStart = number === INITIALIZER_CALL + 1;
    call.startedMs = performance.now();
    this.#calls.set(number, call);
    if (call.http)
      call.response = new HttpResponse(
        call.http.sink,
        this.#options.instanceId,
        this.#options.maxPayloadBytes,
      );
    const { requestId, qualifier, isProbe } = call.invocation;
    const { output } = this.#options;
    // What a call before it wrote arrived after its answer.
    if (this.#calls.size === 1) output.endOfPipes();
    output.latest = { requestId, qualifier, call };
    output.line(output.latest, `FC Invoke Start RequestId: ${requestId}`);
    if (isProbe) output.line(output.latest, PROBE_LINE);
    if (this.#timer === undefined) this.#watchOldest();
    call.invocation.stop?.addEventListener('abort', () => this.#stop(number), { once: true });
    return number;
  }

  /** An answer of the instance. Returns a reason when it cannot be one. */
  answer(type: FromInstanceType, number: number, payload: Buffer): string | undefined {
    const call = this.#calls.get(number);
    // The answer to a call that timed out may still come; a number that was never given out may not.
    if (!call) return number < this.#next ? undefined : `it answered call ${number}, which does not exist`;
    if (type === FromInstance.handledError)
      this.#finish(number, call, 'handled-error', payload, ', Error: Handled function error');
    else if (type === FromInstance.unhandledError)
      this.#finish(number, call, 'unhandled-error', payload, ', Error: Unhandled function error');
    else if (type === FromInstance.tooLarge) this.#refuse(number, call, payload);
    else if (call.response) return this.#respond(number, call, call.response, type, payload);
    else if (type === FromInstance.result) this.#finish(number, call, 'ok', payload, '');
    else return `it answered event call ${number} as an HTTP call`;
    return undefined;
  }

  #respond(
    number: number,
    call: Call,
    response: HttpResponse,
    type: FromInstanceType,
    payload: Buffer,
  ): string | undefined {
    const progress = response.take(type, payload);
    if (progress.kind === 'whole') this.#finish(number, call, 'ok', NOTHING, '');
    else if (progress.kind === 'failure') this.#failResponse(number, call, progress.reason);
    return progress.kind === 'fault' ? progress.reason : undefined;
  }

  #failResponse(number: number, call: Call, reason: string): void {
    const document = badResponseDocument(reason);
    this.#finish(number, call, 'unhandled-error', document, ', Error: Unhandled function error');
  }

  /** The function's server and the caller of an HTTP call are joined; the call lasts as long as their connection. */
  upgrade(number: number, headers: readonly string[], peer: Duplex): void {
    const call = this.#calls.get(number);
    if (!call?.http) {
      peer.destroy();
      return;
    }
    if (!call.http.wantsUpgrade) {
      peer.destroy();
      this.#failResponse(number, call, 'it switched to another protocol unasked');
      return;
    }
    peer.once('close', () => this.#finish(number, call, 'ok', NOTHING, ''));
    call.http.sink.upgrade(headers, this.#options.instanceId, peer);
  }

  /** The process is gone: answers what it had begun; returns the calls that it never received. */
  abandon(cause: string): Call[] {
    clearTimeout(this.#timer);
    this.#memoryMb = this.#options.peakMemoryMb();
    const unsent: Call[] = [];
    for (const [number, call] of this.#calls) {
      this.#close(number, call, `, Error: ${cause}`);
      const durationMs = performance.now() - call.startedMs;
      if (call.unsent) unsent.push(call);
      else
        this.#resolve(call, 'unhandled-error', processExitDocument(durationMs, this.#memoryMb), durationMs);
    }
    return unsent;
  }

  #finish(
    number: number,
    call: Call,
    outcome: InvocationResult['outcome'],
    body: Buffer,
    ending: string,
  ): void {
    const now = performance.now();
    const durationMs = now - call.startedMs;
    if (now - this.#memoryReadMs > MEMORY_SAMPLE_MS || durationMs > LONG_CALL_MS) {
      this.#memoryReadMs = now;
      this.#memoryMb = this.#options.peakMemoryMb();
    }
    const end = () => {
      if (!this.#calls.has(number)) return;
      this.#close(number, call, ending);
      this.#resolve(call, outcome, body, durationMs);
      this.#options.onAnswered();
    };
    // What the call wrote to the pipes arrived before its answer and is read within this turn of the loop.
    if (call.tail) setImmediate(end);
    else end();
  }

  #refuse(number: number, call: Call, payload: Buffer): void {
    const size = payload.length >= 4 ? payload.readUInt32BE(0) : 0;
    const message = `the function's response has ${size} bytes, the limit is ${this.#options.maxPayloadBytes}`;
    this.#close(number, call, ', Error: Response too large');
    call.reject(new RefusedError(413, 'EntityTooLarge', message));
    this.#options.onAnswered();
  }

  #resolve(call: Call, outcome: InvocationResult['outcome'], body: Buffer, durationMs: number): void {
    const { revision, instanceId } = this.#options;
    call.resolve({
      outcome,
      body,
      durationMs,
      maxMemoryMb: this.#memoryMb,
      coldStart: call.coldStart,
      instanceId,
      log: call.tail ? call.tail.finish(durationMs, revision.memoryMb, this.#memoryMb) : NOTHING,
    });
  }

  /** The call's place is free, and its last line is written. */
  #close(number: number, call: Call, ending: string): void {
    const { output } = this.#options;
    const { requestId, qualifier } = call.invocation;
    this.#calls.delete(number);
    output.endOf(number);
    if (this.#calls.size === 0) output.endOfPipes();
    output.line({ requestId, qualifier, call }, `FC Invoke End RequestId: ${requestId}${ending}`);
  }

  /** One timer for all calls: they start in order and have the same limit, so the oldest is the first to pass it. */
  #watchOldest(): void {
    const oldest = this.#calls.values().next().value;
    this.#timer = undefined;
    if (!oldest) return;
    const leftMs = oldest.startedMs + this.#options.revision.timeoutMs - performance.now();
    this.#timer = setTimeout(
      () => {
        this.#expire();
        this.#watchOldest();
      },
      Math.max(1, Math.ceil(leftMs)),
    );
    this.#timer.unref();
  }

  /** Whoever asked for the call wants no answer any more. */
  #stop(number: number): void {
    const call = this.#calls.get(number);
    if (!call) return;
    const durationMs = performance.now() - call.startedMs;
    this.#cut(number, call, 'Function call was stopped', stoppedDocument(), durationMs);
  }

  #expire(): void {
    const { timeoutMs } = this.#options.revision;
    const now = performance.now();
    for (const [number, call] of this.#calls) {
      if (now - call.startedMs < timeoutMs) return;
      const cause = `Function timed out after ${seconds(timeoutMs)} seconds`;
      this.#memoryMb = this.#options.peakMemoryMb();
      this.#cut(number, call, cause, timeoutDocument(timeoutMs, this.#memoryMb), now - call.startedMs);
    }
  }

  /** Answers for an instance that goes on working on the call, unheard. */
  #cut(number: number, call: Call, cause: string, document: Buffer, durationMs: number): void {
    this.#options.onExpired(cause, number);
    this.#close(number, call, `, Error: ${cause}`);
    this.#resolve(call, 'unhandled-error', document, durationMs);
    this.#options.onAnswered();
  }
}
