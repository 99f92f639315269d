/**
 * Makes the calls of the queue: a bounded number at once, tried again with pauses while they fail, until their tries or
 * their age are used up. It sleeps until something is due; a new call of this process wakes it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ensureError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import { asyncConfigOf } from '../catalog/async-configs.ts';
import { targetOf } from '../catalog/service-state.ts';
import type { Target } from '../catalog/targets.ts';
import { ApiError } from '../http/api-error.ts';
import type { Calling } from '../http/calling.ts';
import { countRefused, ERROR_TYPES, seriesOf } from '../http/counting.ts';
import type { FunctionAddress } from '../http/function-address.ts';
import { RefusedError, type Invocation, type InvocationResult, type Revision } from '../invoke/contract.ts';
import { AnswerSink } from './answer-sink.ts';
import { DueRounds } from './due-rounds.ts';
import { destinationCall, PART_BYTES_MAX, type Outcome } from './outcome.ts';
import { LEASE_MS, type AsyncCall, type AsyncQueue } from './queue.ts';
import type { AsyncEnd } from './status.ts';

export interface DispatcherOptions extends Calling {
  readonly queue: AsyncQueue;
  readonly log: Logger;
  readonly limits?: Partial<DispatcherLimits>;
}

/** What came of one try. */
interface Answered extends Pick<InvocationResult, 'outcome' | 'body' | 'coldStart'> {
  readonly status: number;
  /** `null`: the function succeeded. */
  readonly error: string | null;
}

export interface DispatcherLimits {
  /** Most calls that run at once. */
  readonly atOnce: number;
  /** Most of them to one function. */
  readonly perFunction: number;
  /** From a failed try to the next (runtimes.md §11: the cloud's step is a minute). */
  readonly retryPauseMs: number;
}

/** Eight functions with long calls have to come together before others wait; the payloads of all are 16 MB at most. */
const DEFAULT_LIMITS: DispatcherLimits = { atOnce: 128, perFunction: 16, retryPauseMs: 60_000 };
const PLACE_PAUSE_MS = 500;
/** After a refusal of the platform the next try waits, twice as long each time, up to five minutes. */
const FIRST_REFUSAL_PAUSE_MS = 1_000;
const LONGEST_REFUSAL_PAUSE_MS = 300_000;
/** Stateful calls are kept this long after their end. */
const KEEP_MS = 7 * 24 * 3_600 * 1_000;
const FORGET_EVERY_MS = 3_600_000;

export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #limits: DispatcherLimits;
  readonly #running = new Map<string, { readonly stop: AbortController; readonly done: Promise<void> }>();
  readonly #renewal: NodeJS.Timeout;
  readonly #forgetting: NodeJS.Timeout;
  readonly #rounds: DueRounds;
  #closed = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#rounds = new DueRounds({
      round: () => this.#round(),
      what: 'asynchronous calls',
      log: options.log,
    });
    this.#renewal = setInterval(() => void this.#renew(), LEASE_MS / 4);
    this.#forgetting = setInterval(() => void this.#forget(), FORGET_EVERY_MS);
    this.#renewal.unref();
    this.#forgetting.unref();
  }

  /** Something may be due. */
  wake(): void {
    this.#rounds.wake();
  }

  /** Ends a call that this process runs; others find out when they say that they still do. */
  stop(id: string): void {
    this.#running.get(id)?.stop.abort();
  }

  /** Takes no more, and gives back what runs after `graceMs` milliseconds: the next start makes it again. */
  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    clearInterval(this.#forgetting);
    await this.#rounds.close();
    const all = Promise.all([...this.#running.values()].map(({ done }) => done));
    await Promise.race([all, pause(graceMs, undefined, { ref: false })]);
    clearInterval(this.#renewal);
    await this.#options.queue.release([...this.#running.keys()]);
  }

  async #round(): Promise<number> {
    const { queue, now } = this.#options;
    const free = this.#limits.atOnce - this.#running.size;
    // Whoever ends wakes this again.
    if (free <= 0) return Infinity;
    const calls = await queue.claim(free, this.#limits.perFunction);
    for (const call of calls) this.#begin(call);
    if (calls.length > 0) return 0;
    await queue.endStopped();
    const inMs = ((await queue.nextDue()) ?? Infinity) - now();
    // What is due and was not taken waits for a place: an end of ours wakes, one elsewhere does not.
    return inMs <= 0 ? PLACE_PAUSE_MS : inMs;
  }

  #begin(call: AsyncCall): void {
    const stop = new AbortController();
    const done = this.#run(call, stop.signal)
      .catch((error: unknown) => {
        // The database is away: the lease runs out and the call is made again.
        this.#options.log.warn(
          { err: ensureError(error), requestId: call.requestId },
          'the end of a call is not stored',
        );
      })
      .finally(() => {
        this.#running.delete(call.id);
        this.wake();
      });
    this.#running.set(call.id, { stop, done });
  }

  async #run(call: AsyncCall, stop: AbortSignal): Promise<void> {
    const { catalog, random, now } = this.#options;
    const { failures } = call;
    if (now() > call.expiresAt)
      return this.#end(call, 'Expired', 'it waited longer than maxAsyncEventAgeInSeconds', failures);
    let target: Target;
    try {
      target = targetOf(catalog.find(call.service), call.qualifier, call.function, random);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return this.#end(call, 'Invalid', error.message, failures);
    }
    let result: Answered;
    try {
      result = await this.#invoke(call, target, stop);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      if (this.#closed) return undefined;
      if (error.status >= 500 || error.status === 429) return this.#refused(call, error);
      return this.#failed(
        call,
        Buffer.from(JSON.stringify({ errorMessage: error.message })),
        error.code,
        error.status,
      );
    }
    // Calls that end because the engine does are made again; nobody knows what they would have answered.
    if (this.#closed && result.outcome !== 'ok') return undefined;
    if (stop.aborted) return this.#end(call, 'Stopped', '', failures);
    const { status, body } = result;
    if (result.error !== null) return this.#failed(call, body, result.error, status);
    const outcome = { isSuccess: true, status, body, errorType: '', tries: failures + 1 };
    return this.#end(call, 'Succeeded', '', failures, outcome);
  }

  async #invoke(call: AsyncCall, target: Target, stop: AbortSignal): Promise<Answered> {
    const { now } = this.#options;
    const series = seriesOf(this.#options.series, target, call.qualifier, false);
    const startedAt = performance.now();
    try {
      const result = await this.#ask(call, target.revision, stop);
      const { error, coldStart } = result;
      // Who stopped a call does not blame the version for it.
      if (!stop.aborted && !this.#closed)
        series.count({ error, coldStart, latencyMs: performance.now() - startedAt }, now());
      return result;
    } catch (error) {
      countRefused(series, error, now());
      throw error;
    }
  }

  async #ask(call: AsyncCall, revision: Revision, stop: AbortSignal): Promise<Answered> {
    const { runner } = this.#options;
    const invocation: Invocation = {
      requestId: call.requestId,
      qualifier: call.qualifier,
      payload: call.payload,
      wantsLog: false,
      retryCount: call.failures,
      isProbe: false,
      stop,
    };
    if (!call.http) {
      const { outcome, body, coldStart } = await runner.invoke(revision, invocation);
      return { outcome, body, coldStart, status: 200, error: outcome === 'ok' ? null : ERROR_TYPES[outcome] };
    }
    const sink = new AnswerSink(PART_BYTES_MAX);
    const { outcome, body, coldStart } = await runner.request(revision, {
      ...invocation,
      head: call.http,
      wantsUpgrade: false,
      sink,
    });
    const { status } = sink;
    if (outcome !== 'ok')
      return { outcome, body, coldStart, status: status || 502, error: ERROR_TYPES[outcome] };
    // As in a synchronous call: from 500 on it is the function's failure.
    return { outcome, body: sink.body, coldStart, status, error: status >= 500 ? `Http${status}` : null };
  }

  /** Refused by the platform: no try of the function is used up, only time. */
  async #refused(call: AsyncCall, error: RefusedError): Promise<void> {
    const { queue, now } = this.#options;
    const pauseMs = Math.min(
      FIRST_REFUSAL_PAUSE_MS * 2 ** Math.min(call.refusals, 16),
      LONGEST_REFUSAL_PAUSE_MS,
    );
    const dueAt = now() + pauseMs;
    if (dueAt > call.expiresAt) return this.#end(call, 'Expired', error.message, call.failures);
    return queue.retry(call.id, dueAt, { failures: call.failures, refusals: call.refusals + 1 });
  }

  async #failed(call: AsyncCall, body: Buffer, errorType: string, status: number): Promise<void> {
    const { queue, now } = this.#options;
    const failures = call.failures + 1;
    const dueAt = now() + this.#limits.retryPauseMs;
    if (failures <= call.config.maxAsyncRetryAttempts && dueAt <= call.expiresAt)
      return queue.retry(call.id, dueAt, { failures, refusals: 0 });
    const outcome = { isSuccess: false, status, body, errorType, tries: failures };
    return this.#end(call, 'Failed', body.toString('utf8'), failures, outcome);
  }

  async #end(
    call: AsyncCall,
    status: AsyncEnd,
    error: string,
    failures: number,
    given?: Outcome,
  ): Promise<void> {
    const { queue, catalog, now } = this.#options;
    const outcome =
      given ??
      (status === 'Stopped'
        ? undefined
        : {
            isSuccess: false,
            status: 200,
            body: Buffer.from(JSON.stringify({ errorMessage: error })),
            errorType: status,
            tries: failures,
          });
    const configOf = (address: FunctionAddress) =>
      asyncConfigOf(catalog.services.get(address.service), address);
    const next = outcome && destinationCall(call, outcome, now(), configOf);
    await queue.end(call, { status, error, failures, next });
  }

  async #renew(): Promise<void> {
    const { queue, log } = this.#options;
    try {
      for (const id of await queue.renew([...this.#running.keys()])) this.stop(id);
    } catch (error) {
      log.warn({ err: ensureError(error) }, 'running asynchronous calls could not be renewed');
    }
  }

  async #forget(): Promise<void> {
    const { queue, log, now } = this.#options;
    await queue.forget(now() - KEEP_MS).catch((error: unknown) => {
      log.warn({ err: ensureError(error) }, 'old asynchronous calls could not be removed');
    });
  }
}
