/**
 * All instances of one revision, and the calls that wait for one. A call goes to the least-loaded warm instance with
 * room; else it counts on one that starts or is about to freeze; else it starts one; else it waits in a bounded queue, first come first
 * served, has its turn among all functions after a part of its time there (`turns.ts`), and is refused when that is over.
 */
import { performance } from 'node:perf_hooks';
import { RefusedError, type InstanceBounds, type Revision } from '../invoke/contract.ts';
import type { Call } from './call.ts';
import { WarmStarts, warmStarter } from './warm-starts.ts';
import { Instance } from './instance.ts';
import type { FinalFailure } from './start-up.ts';
import type { PoolOptions } from './pool-options.ts';
import { QueueLength } from './queue-length.ts';
import type { TurnTaker } from './turns.ts';

/** So long a call waits before others must give way, at most a fifth of all its time. */
const TURN_MS = 1_000;

export class Pool implements TurnTaker {
  readonly revision: Revision;
  readonly #options: PoolOptions;
  readonly #instances: Instance[] = [];
  readonly #waiting: Call[] = [];
  readonly #warmStarts = new WarmStarts(() => this.pump());
  readonly #queueLength = new QueueLength();
  #bounds: InstanceBounds | undefined;
  #retired = false;
  #ended = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.revision = options.revision;
  }

  get size(): number {
    return this.#instances.length;
  }

  get busy(): number {
    let busy = 0;
    for (const instance of this.#instances) if (instance.load > 0) busy += 1;
    return busy;
  }

  get isWaiting(): boolean {
    return this.#waiting.some((call) => !call.ticket);
  }

  /** Calls wait that no coming instance will take, or fewer instances are warm than should be. */
  get hungry(): boolean {
    return this.isWaiting || this.#lacksWarm();
  }

  get heldMb(): number {
    return this.#live() * this.revision.memoryMb;
  }

  giveOne(): boolean {
    if (this.#spare() <= 0) return false;
    const [least] = this.#instances
      .filter(({ state, tickets }) => state === 'ready' && tickets === 0)
      .sort((a, b) => a.load - b.load);
    least?.drain();
    return least !== undefined;
  }

  /** Ids of the instances that take or could take calls. */
  get readyIds(): string[] {
    return this.#instances.filter(({ state }) => state === 'ready').map(({ id }) => id);
  }

  /** The instance of that id, while it takes calls. */
  ready(id: string): Instance | undefined {
    return this.#instances.find((instance) => instance.id === id && instance.state === 'ready');
  }

  get provisionError(): string {
    return this.#warmStarts.error;
  }

  /** Keeps as many warm, and lets as many more start, as `bounds` say. */
  bound(bounds: InstanceBounds | undefined): void {
    const wasKept = (this.#bounds?.provisioned ?? 0) > 0;
    this.#bounds = bounds;
    if (bounds && bounds.provisioned > 0) this.#retired = false;
    this.#warmStarts.reset();
    this.pump();
    if (wasKept) this.#endWhenEmpty();
  }

  submit(call: Call): void {
    this.#retired = false;
    if (this.#waiting.length === 0) {
      const instance = this.#warm();
      if (instance) {
        instance.run(call);
        return;
      }
    }
    this.#waiting.push(call);
    this.pump();
    if (!this.#waiting.includes(call)) return;
    const onGone = call.invocation.onGone ?? call.http?.sink.onGone.bind(call.http.sink);
    onGone?.(() => this.#abandon(call));
    if (call.ticket) return;
    const { waitMs } = this.#options.queue;
    const length = this.#mayWait();
    if (this.#waiting.filter((other) => !other.ticket).length > length)
      this.#refuse(call, `the limit of ${length} waiting calls of a function is reached`);
    else this.#wait(call, waitMs);
  }

  /** @param leftMs until it is refused */
  #wait(call: Call, leftMs: number): void {
    const { waitMs } = this.#options.queue;
    const turnMs = Math.min(TURN_MS, waitMs / 5);
    call.waitTimer = setTimeout(() => {
      if (leftMs <= turnMs)
        this.#refuse(call, `no instance had room within the limit of ${waitMs / 1_000} s`);
      else {
        if (!this.#atCeiling()) this.#options.onOverdue(this);
        this.#wait(call, leftMs - turnMs);
      }
    }, turnMs);
  }

  /** Gives waiting calls what there is: warm instances first, then starting ones, then new ones. */
  pump(): void {
    for (let call = this.#waiting[0]; call; call = this.#waiting[0]) {
      const instance = this.#warm();
      if (!instance) break;
      this.#remove(call);
      if (call.http?.sink.isGone) call.reject(abandoned());
      else instance.run(call);
    }
    for (const call of this.#waiting) {
      if (call.ticket) continue;
      const coming = this.#coming() ?? this.#start(call);
      if (!coming) break;
      coming.tickets += 1;
      call.ticket = coming;
      clearTimeout(call.waitTimer);
    }
    this.#noteWaiting();
    while (this.#lacksWarm()) {
      if (!this.#start(warmStarter(this.revision, this.#bounds?.qualifier ?? 'LATEST'))) break;
    }
  }

  /** Ends what is idle now and the rest when its calls are over. A later call to the revision starts anew. */
  retire(): void {
    this.#retired = true;
    for (const instance of this.#instances)
      if (instance.state === 'ready' && instance.tickets === 0) instance.drain();
    this.#endWhenEmpty();
  }

  /** Ends everything now; calls in it get their process-exit answer, waiting ones are refused. */
  end(): void {
    for (let call = this.#waiting[0]; call; call = this.#waiting[0]) {
      this.#remove(call);
      call.reject(new RefusedError(503, 'ServiceUnavailable', 'the engine is shutting down'));
    }
    this.#ended = true;
    for (const instance of this.#instances) instance.end('Process ended by the engine: it is shutting down');
    this.#endWhenEmpty();
  }

  /** The instance that has been idle longest, and since when (`performance.now()`). */
  idlest(): { instance: Instance; sinceMs: number } | undefined {
    if (this.#spare() <= 0) return undefined;
    let found: Instance | undefined;
    for (const instance of this.#instances) {
      // One that has just become ready has not been given the calls that wait for it.
      if (!instance.isIdle || instance.tickets > 0) continue;
      if (!found || instance.lastUsedMs < found.lastUsedMs) found = instance;
    }
    return found && { instance: found, sinceMs: found.lastUsedMs };
  }

  /** Stops instances that have been idle for `idleMs`, until their next call. */
  freeze(idleMs: number): void {
    const before = performance.now() - idleMs;
    for (const instance of this.#instances) if (instance.lastUsedMs < before) instance.freeze();
  }

  /** Ends instances that were idle for longer than `idleMs`. */
  reap(idleMs: number): void {
    const before = performance.now() - idleMs;
    let spare = this.#spare();
    for (const instance of this.#instances) {
      if (spare <= 0) return;
      if (!instance.isIdle || instance.lastUsedMs >= before) continue;
      spare -= 1;
      instance.drain();
    }
  }

  /** Those that are there to stay: starting or ready. */
  #live(): number {
    return this.#instances.filter(({ state }) => state === 'starting' || state === 'ready').length;
  }

  #lacksWarm(): boolean {
    const { provisioned = 0 } = this.#bounds ?? {};
    return provisioned > 0 && !this.#ended && this.#warmStarts.allowed && this.#live() < provisioned;
  }

  /** As many may go as are there beyond those that are kept warm. */
  #spare(): number {
    return this.#live() - (this.#bounds?.provisioned ?? 0);
  }

  #atCeiling(): boolean {
    const { provisioned = 0, onDemand } = this.#bounds ?? {};
    return onDemand !== undefined && this.#live() >= provisioned + onDemand;
  }

  /** Of equally loaded instances the oldest, so that those which a peak left over become idle and go. */
  #warm(): Instance | undefined {
    let found: Instance | undefined;
    for (const instance of this.#instances) {
      if (!instance.hasRoom) continue;
      if (instance.load === 0) return instance;
      if (!found || instance.load < found.load) found = instance;
    }
    return found;
  }

  #coming(): Instance | undefined {
    const room = this.revision.instanceConcurrency;
    return this.#instances.find((instance) => instance.willHaveRoom && instance.tickets < room);
  }

  #start(call: Call): Instance | undefined {
    const { runtime, settings, sink, capacity, turns } = this.#options;
    if (this.#atCeiling() || !turns.mayStart(this) || !capacity.reserve(this.revision.memoryMb))
      return undefined;
    turns.took(this);
    const instance = new Instance(this.revision, runtime, call, settings, sink, {
      onReady: () => {
        capacity.started();
        this.#warmStarts.succeeded();
        this.#settleTickets(instance);
        this.pump();
        if (this.#retired) this.retire();
      },
      onStartFailed: (_, failure) => {
        capacity.started();
        if (failure.kind === 'unfurnished') this.#settleTickets(instance);
        else {
          this.#warmStarts.failed(failure);
          this.#failTickets(instance, failure);
        }
        this.pump();
      },
      onRoom: () => {
        this.#settleTickets(instance);
        if (this.#waiting.length > 0) this.pump();
        else if (this.#retired) this.retire();
        if (turns.someoneWaits && instance.isIdle) this.#options.onIdle();
      },
      onEnded: (_, unsent) => this.#onEnded(instance, unsent),
    });
    this.#instances.push(instance);
    return instance;
  }

  #onEnded(instance: Instance, unsent: Call[]): void {
    this.#instances.splice(this.#instances.indexOf(instance), 1);
    this.#settleTickets(instance);
    for (const call of unsent) this.#retry(call);
    this.#options.capacity.ended(this.revision.memoryMb);
    this.pump();
    this.#endWhenEmpty();
  }

  /** Such a call was never seen by the function, so another instance may have it (runtimes.md §11, Retry). */
  #retry(call: Call): void {
    if (call.retried || this.#ended) {
      call.reject(
        new RefusedError(500, 'InternalServerError', 'the instance ended before it took the request'),
      );
      return;
    }
    call.retried = true;
    call.unsent = false;
    this.#waiting.unshift(call);
  }

  /** The calls that counted on an instance stay in the queue; whoever has room first takes them. */
  #settleTickets(instance: Instance): void {
    if (instance.tickets === 0) return;
    for (const call of this.#waiting)
      if (call.ticket === instance) {
        call.ticket = undefined;
        this.#wait(call, this.#options.queue.waitMs);
      }
    instance.tickets = 0;
  }

  #failTickets(instance: Instance, failure: FinalFailure): void {
    for (const call of this.#waiting.filter((waiting) => waiting.ticket === instance)) {
      this.#remove(call);
      if (failure.kind === 'function') call.resolve(failure.result);
      else call.reject(failure.error);
    }
  }

  #refuse(call: Call, reason: string): void {
    if (!this.#waiting.includes(call) || call.ticket) return;
    this.#remove(call);
    const { capacity, revision } = this.#options;
    call.reject(this.#atCeiling() ? this.#ceilingRefusal() : capacity.refusal(revision.memoryMb, reason));
    this.#endWhenEmpty();
  }

  /** Its caller hung up; one that was handed over already runs on, as nobody can tell what it did so far. */
  #abandon(call: Call): void {
    if (!this.#waiting.includes(call)) return;
    this.#remove(call);
    call.reject(abandoned());
    this.#endWhenEmpty();
  }

  #remove(call: Call): void {
    this.#waiting.splice(this.#waiting.indexOf(call), 1);
    clearTimeout(call.waitTimer);
    if (call.ticket) call.ticket.tickets -= 1;
    call.ticket = undefined;
    this.#noteWaiting();
  }

  #noteWaiting(): void {
    this.#queueLength.note(this.isWaiting, performance.now());
    this.#options.turns.note(this);
  }

  #mayWait(): number {
    const { queue, capacity } = this.#options;
    const { instanceConcurrency, memoryMb } = this.revision;
    const running = Math.max(1, this.#live()) * instanceConcurrency;
    const canGrow = !this.#atCeiling() && !capacity.isFull(memoryMb);
    return this.#queueLength.limit(queue.length, running, canGrow, performance.now());
  }

  #ceilingRefusal(): RefusedError {
    const { service, function: name } = this.revision;
    return new RefusedError(
      429,
      'ResourceExhausted',
      `the maximum of ${this.#bounds?.onDemand ?? 0} on-demand instances of function '${name}' of service '${service}' is reached`,
    );
  }

  #endWhenEmpty(): void {
    if (!this.#ended && (this.#bounds?.provisioned ?? 0) > 0) return;
    if (this.#instances.length === 0 && this.#waiting.length === 0) this.#options.onEmpty(this);
  }
}

/** Nobody reads this: it settles the call of a caller that hung up while it waited. */
function abandoned(): RefusedError {
  return new RefusedError(499, 'ClientClosedRequest', 'the caller hung up before the function was called');
}
