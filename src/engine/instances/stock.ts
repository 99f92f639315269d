/**
 * Waiting runtimes, so that a function's first call need not wait for a sandbox and an interpreter. They appear for kinds
 * that functions were started of lately, one after another while nothing else starts, and are the first to go when memory is
 * short. Whatever is wrong with them, functions are started in the ordinary way.
 */
import type { Revision } from '../invoke/contract.ts';
import { ensureError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import type { SandboxHost } from '../sandbox/host.ts';
import type { Mounter } from '../sandbox/mounter.ts';
import type { Capacity } from './capacity.ts';
import { StockDemand } from './stock-demand.ts';
import type { WaitingKind } from './waiting-kind.ts';
import { WAITING_MB, WaitingRuntime } from './waiting-runtime.ts';

export interface StockOptions {
  /** Most of a kind; 0: none ever. */
  readonly most: number;
  /** So long after the last start of a kind its waiting runtimes stay. */
  readonly keepMs: number;
  readonly host: SandboxHost;
  readonly mounter: Mounter;
  readonly capacity: Capacity;
  readonly log: Logger;
  readonly nowMs: () => number;
}

interface Shelf {
  readonly kind: WaitingKind;
  readonly demand: StockDemand;
  readonly runtimes: WaitingRuntime[];
}

/** From a start to the refill: the started function's call comes first. */
const PAUSE_MS = 25;
/** After something went wrong, or somebody else needed the memory. */
const LONG_PAUSE_MS = 60_000;

export class Stock {
  readonly #options: StockOptions;
  readonly #shelves = new Map<string, Shelf>();
  /** All that run, also those that are on their way out. */
  readonly #running = new Set<WaitingRuntime>();
  #timer: NodeJS.Timeout | undefined;
  #notBeforeMs = 0;
  #isClosed = false;
  #onEmpty: (() => void) | undefined;
  #taken = 0;

  constructor(options: StockOptions) {
    this.#options = options;
  }

  /** How many wait. */
  get size(): number {
    let size = 0;
    for (const { runtimes } of this.#shelves.values())
      size += runtimes.filter(({ isPrepared }) => isPrepared).length;
    return size;
  }

  /** How many have become instances so far. */
  get taken(): number {
    return this.#taken;
  }

  /** A function of the kind starts: a runtime that waits for it, to be furnished at once, or `undefined`. */
  take(kind: WaitingKind): WaitingRuntime | undefined {
    const { most, keepMs, nowMs, mounter } = this.#options;
    if (most === 0 || this.#isClosed) return undefined;
    let shelf = this.#shelves.get(kind.key);
    if (!shelf) {
      shelf = { kind, demand: new StockDemand(most, keepMs), runtimes: [] };
      this.#shelves.set(kind.key, shelf);
      mounter.start();
    }
    shelf.demand.onStart(nowMs());
    this.#refillLater(PAUSE_MS);
    const index = shelf.runtimes.findIndex(({ isPrepared }) => isPrepared);
    const [taken] = index < 0 ? [] : shelf.runtimes.splice(index, 1);
    if (!taken) return undefined;
    taken.release();
    this.#running.delete(taken);
    this.#taken += 1;
    this.#options.capacity.waitingTaken(WAITING_MB);
    return taken;
  }

  /** @throws Error when the runtime cannot be used; no other is given out for a while then */
  async furnish(
    runtime: WaitingRuntime,
    revision: Revision,
    environment: Readonly<Record<string, string>>,
  ): Promise<void> {
    try {
      await runtime.furnish(revision, environment, this.#options.mounter);
    } catch (error) {
      this.#onFault(ensureError(error).message);
      throw error;
    }
  }

  /** Ends one; false when there is none. Its memory is free when it has ended. */
  giveWay(): boolean {
    for (const { runtimes } of this.#shelves.values()) {
      const runtime = runtimes.pop();
      if (!runtime) continue;
      runtime.end();
      this.#notBeforeMs = this.#options.nowMs() + LONG_PAUSE_MS;
      return true;
    }
    // The last ones are on their way out.
    return this.#running.size > 0;
  }

  /** None for a while. */
  #onFault(reason: string): void {
    this.#options.log.warn(`waiting runtimes cannot be used, functions start without them: ${reason}`);
    this.#notBeforeMs = this.#options.nowMs() + LONG_PAUSE_MS;
    for (const { runtimes } of this.#shelves.values())
      for (const runtime of runtimes.splice(0)) runtime.end();
  }

  /** Ends what nobody has needed for a while; from time to time. */
  sweep(): void {
    const now = this.#options.nowMs();
    for (const [key, { demand, runtimes }] of this.#shelves) {
      const wanted = demand.wanted(now);
      for (const runtime of runtimes.splice(wanted)) runtime.end();
      if (wanted === 0) this.#shelves.delete(key);
    }
    this.#refillLater(PAUSE_MS);
  }

  /** Ends all; settles when they are gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const { runtimes } of this.#shelves.values()) runtimes.length = 0;
    for (const runtime of this.#running) runtime.end();
    if (this.#running.size > 0)
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
  }

  #refillLater(ms: number): void {
    if (this.#timer !== undefined || this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#refill();
    }, ms);
    this.#timer.unref();
  }

  /** One at a time; the next follows when this one waits. */
  #refill(): void {
    const { nowMs, capacity } = this.#options;
    const now = nowMs();
    const shelf = [...this.#shelves.values()].find(
      ({ demand, runtimes }) => runtimes.length < demand.wanted(now),
    );
    if (!shelf || now < this.#notBeforeMs) return;
    if ([...this.#running].some(({ isPrepared }) => !isPrepared)) return;
    if (capacity.isStarting) this.#refillLater(PAUSE_MS);
    else if (capacity.reserveWaiting(WAITING_MB)) this.#start(shelf);
  }

  #start({ kind, runtimes }: Shelf): void {
    let runtime: WaitingRuntime;
    try {
      runtime = new WaitingRuntime(kind, this.#options.host, {
        onPrepared: () => this.#refillLater(PAUSE_MS),
        onEnded: () => this.#onEnded(runtime, runtimes),
      });
    } catch (error) {
      this.#options.capacity.waitingEnded(WAITING_MB);
      this.#onFault(ensureError(error).message);
      return;
    }
    this.#running.add(runtime);
    runtimes.push(runtime);
  }

  #onEnded(runtime: WaitingRuntime, runtimes: WaitingRuntime[]): void {
    const at = runtimes.indexOf(runtime);
    this.#running.delete(runtime);
    this.#options.capacity.waitingEnded(WAITING_MB);
    if (this.#running.size === 0) this.#onEmpty?.();
    // Nobody ended it: another one would do no better now.
    if (at >= 0) {
      runtimes.splice(at, 1);
      this.#onFault(`one of ${runtime.kind.runtime.id} ended by itself ${runtime.complaint}`.trim());
    } else this.#refillLater(PAUSE_MS);
  }
}
