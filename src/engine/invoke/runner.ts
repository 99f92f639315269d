/** The running side of the engine: takes a revision and an invocation, gives back what the function answered. */
import { performance } from 'node:perf_hooks';
import { ensureError } from '../../platform/errors.ts';
import { probeSandbox, type SandboxState } from '../../platform/sandbox.ts';
import { within } from '../../platform/within.ts';
import { Call } from '../instances/call.ts';
import { Capacity } from '../instances/capacity.ts';
import { Pool } from '../instances/pool.ts';
import type { CommandSpec, SandboxedCommand } from '../sandbox/command.ts';
import { Stock } from '../instances/stock.ts';
import { Turns } from '../instances/turns.ts';
import { Dialler } from '../sandbox/dialler.ts';
import { canShowFolders, Mounter } from '../sandbox/mounter.ts';
import { openHost, type SandboxHost } from '../sandbox/host.ts';
import { FunctionLog } from '../logs/function-log.ts';
import type { LogLine } from '../logs/line.ts';
import { NodeFetching } from '../runtimes/nodejs/fetching.ts';
import { layersNeedSandbox, noInstance, sandboxNotAvailable, stillFetching } from './refusals.ts';
import { RuntimeRegistry } from '../runtimes/registry.ts';
import type { Runtime, RuntimeState } from '../runtimes/runtime.ts';
import type { EngineRunner, RunnerOptions } from './engine-runner.ts';
import { ImageGate } from './image-gate.ts';
import {
  RefusedError,
  type HttpInvocation,
  type InstanceBounds,
  type Invocation,
  type InvocationResult,
  type Revision,
  type RevisionInstances,
  type RunnerStats,
} from './contract.ts';
import { DEFAULT_LIMITS, type RunnerLimits } from './runner-limits.ts';

export type { EngineRunner, RunnerOptions } from './engine-runner.ts';

const REAP_MS = 10_000;
const FREEZE_SWEEP_MS = 100;
const CLOSE_POLL_MS = 10;

export function createRunner(options: RunnerOptions): EngineRunner {
  return new PooledRunner(options, { ...DEFAULT_LIMITS, ...options.limits });
}

class PooledRunner implements EngineRunner {
  readonly sandbox: SandboxState;
  readonly limits: SandboxHost['limits'];
  readonly #host: SandboxHost;
  readonly #options: RunnerOptions;
  readonly #limits: RunnerLimits;
  readonly #registry: RuntimeRegistry;
  readonly #dialler = new Dialler();
  readonly #mounter = new Mounter();
  readonly #stock: Stock;
  readonly images: ImageGate;
  readonly #pools = new Map<string, Pool>();
  /** By revision; only where there are any. */
  readonly #bounds = new Map<string, InstanceBounds>();
  /** Why a pool of warm instances cannot even be opened, by revision. */
  readonly #faults = new Map<string, string>();
  readonly #log: FunctionLog;
  readonly #capacity: Capacity;
  readonly #turns = new Turns(() => this.#feed());
  readonly #reaper: NodeJS.Timeout;
  readonly #freezer: NodeJS.Timeout;
  #closing = false;

  constructor(options: RunnerOptions, limits: RunnerLimits) {
    this.#options = options;
    this.#limits = limits;
    const { interpreters, cache, log } = options;
    this.#registry = new RuntimeRegistry({
      interpreters,
      cache,
      ...(options.fetchRuntimes ? { fetching: new NodeFetching(cache, log) } : {}),
    });
    this.sandbox = probeSandbox(options.sandbox);
    if (!this.sandbox.available)
      options.log.error(`functions cannot run: ${this.sandbox.reason}; mend: ${this.sandbox.mend}`);
    else if (options.sandbox === 'off')
      options.log.warn('SLUICE_SANDBOX=off: functions run as the user of the engine, unprotected');
    this.#host = openHost(options.home, options.sandbox, options.log);
    this.limits = this.#host.limits;
    this.images = new ImageGate({
      home: options.home,
      log: options.log,
      runtimeOf: (revision) => this.#runtimeOf(revision),
    });
    this.#log = new FunctionLog(options.home, options.secrets, options.log);
    this.#capacity = new Capacity({
      instances: limits.instances,
      memoryMb: limits.memoryMb,
      startsAtOnce: limits.startsAtOnce,
      region: options.region,
      giveWay: () => this.#stock.giveWay(),
      evictIdle: () => this.#evictIdle(),
      onFreed: () => this.#feed(),
    });
    this.#stock = new Stock({
      most: canShowFolders(options.sandbox) ? limits.waiting : 0,
      keepMs: limits.waitingMs,
      host: this.#host,
      mounter: this.#mounter,
      capacity: this.#capacity,
      log: options.log,
      nowMs: () => performance.now(),
    });
    this.#reaper = setInterval(() => this.#reap(), REAP_MS);
    this.#reaper.unref();
    this.#freezer = setInterval(() => {
      for (const pool of this.#pools.values()) pool.freeze(limits.freezeMs);
    }, FREEZE_SWEEP_MS);
    this.#freezer.unref();
  }

  get stats(): RunnerStats {
    let instances = 0;
    let busy = 0;
    for (const pool of this.#pools.values()) {
      instances += pool.size;
      busy += pool.busy;
    }
    return { instances, busy, waiting: this.#stock.size, taken: this.#stock.taken };
  }

  runtimes(): Record<string, RuntimeState> {
    return this.#registry.states();
  }

  recentLog(service: string, functionName: string): LogLine[] {
    return this.#log.recent(service, functionName);
  }

  invoke(revision: Revision, invocation: Invocation): Promise<InvocationResult> {
    return this.#submit(revision, invocation, undefined);
  }

  request(revision: Revision, invocation: HttpInvocation): Promise<InvocationResult> {
    return this.#submit(revision, invocation, invocation);
  }

  #submit(
    revision: Revision,
    invocation: Invocation,
    http: HttpInvocation | undefined,
  ): Promise<InvocationResult> {
    return new Promise((resolve, reject) => {
      if (this.#closing) throw new RefusedError(503, 'ServiceUnavailable', 'the engine is shutting down');
      const { payloadBytes } = this.#limits;
      if (invocation.payload.length > payloadBytes)
        throw new RefusedError(
          413,
          'EntityTooLarge',
          `the ${http ? 'body' : 'event'} has ${invocation.payload.length} bytes, the limit is ${payloadBytes}`,
        );
      const call = new Call(revision, invocation, resolve, reject, http);
      const pool = this.#pools.get(revision.key);
      const preparing = pool ? undefined : this.#prepare(revision, true);
      if (preparing) void this.#submitAfter(preparing, call);
      else (pool ?? this.#open(revision)).submit(call);
    });
  }

  bound(revision: Revision, bounds: InstanceBounds | undefined): void {
    const { key } = revision;
    this.#faults.delete(key);
    if (bounds) this.#bounds.set(key, bounds);
    else this.#bounds.delete(key);
    const pool = this.#pools.get(key);
    if (pool) pool.bound(bounds);
    else if (bounds && bounds.provisioned > 0 && !this.#closing) {
      const preparing = this.#prepare(revision, false);
      if (preparing) void this.#boundAfter(preparing, revision, bounds);
      else this.#openWarm(revision);
    }
  }

  async #boundAfter(preparing: Promise<void>, revision: Revision, bounds: InstanceBounds): Promise<void> {
    const fault = await preparing.catch((error: unknown) => ensureError(error).message);
    if (this.#bounds.get(revision.key) !== bounds) return;
    if (fault === undefined) this.bound(revision, bounds);
    else this.#faults.set(revision.key, fault);
  }

  #openWarm(revision: Revision): void {
    try {
      this.#open(revision);
    } catch (error) {
      this.#faults.set(revision.key, ensureError(error).message);
    }
  }

  instances(key: string): RevisionInstances {
    const pool = this.#pools.get(key);
    return {
      ready: pool?.readyIds ?? [],
      provisionError: this.#faults.get(key) ?? pool?.provisionError ?? '',
    };
  }

  command(key: string, instanceId: string, spec: CommandSpec): SandboxedCommand {
    const instance = this.#pools.get(key)?.ready(instanceId);
    if (!instance) throw noInstance(instanceId);
    return instance.command(spec);
  }

  /** What must be there before there can be an instance, e.g. an image; `undefined`: it is. */
  #prepare(revision: Revision, isLimited: boolean): Promise<void> | undefined {
    const { fetchWaitMs, imageWaitMs } = this.#limits;
    if (!this.images.isOpen(revision)) return this.images.open(revision, isLimited ? imageWaitMs : undefined);
    const fetching = this.#registry.prepare(revision.runtime);
    if (!isLimited || !fetching) return fetching;
    return within(fetching, fetchWaitMs, () => {
      throw stillFetching(revision.runtime, fetchWaitMs);
    });
  }

  async #submitAfter(preparing: Promise<void>, call: Call): Promise<void> {
    const { revision } = call;
    try {
      await preparing;
      if (this.#closing) throw new RefusedError(503, 'ServiceUnavailable', 'the engine is shutting down');
      (this.#pools.get(revision.key) ?? this.#open(revision)).submit(call);
    } catch (error) {
      call.reject(ensureError(error));
    }
  }

  retire(key: string): void {
    this.#pools.get(key)?.retire();
  }

  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    clearInterval(this.#reaper);
    clearInterval(this.#freezer);
    const deadline = Date.now() + graceMs;
    for (const pool of this.#pools.values()) {
      pool.bound(undefined);
      pool.retire();
    }
    const emptied = this.#stock.close();
    while (this.stats.busy > 0 && Date.now() < deadline) await pause(CLOSE_POLL_MS);
    for (const pool of this.#pools.values()) pool.end();
    while (this.#pools.size > 0) await pause(CLOSE_POLL_MS);
    await emptied;
    this.#mounter.close();
    this.#dialler.close();
    await this.#host.close();
    await this.#log.close();
  }

  #open(revision: Revision): Pool {
    if (!this.sandbox.available) throw sandboxNotAvailable(this.sandbox.reason, this.sandbox.mend);
    const { sandbox, region, accountId } = this.#options;
    if (revision.layerFolder !== '' && sandbox === 'off') throw layersNeedSandbox();
    const pool = new Pool({
      revision,
      runtime: this.#runtimeOf(revision),
      settings: {
        sandbox,
        region,
        accountId,
        maxPayloadBytes: this.#limits.payloadBytes,
        host: this.#host,
        images: this.images.store,
        stock: this.#stock,
        dialler: this.#dialler,
        listenMs: this.#limits.listenMs,
      },
      sink: this.#log,
      capacity: this.#capacity,
      queue: { length: this.#limits.queueLength, waitMs: this.#limits.queueWaitMs },
      turns: this.#turns,
      onOverdue: (pool) =>
        this.#turns.claim(pool, this.#capacity.missingMb(revision.memoryMb), this.#pools.values()),
      onIdle: () => this.#feed(),
      onEmpty: () => this.#pools.delete(revision.key),
    });
    this.#pools.set(revision.key, pool);
    pool.bound(this.#bounds.get(revision.key));
    return pool;
  }

  #runtimeOf({ runtime: id, image }: Revision): Runtime {
    if (image && this.#options.sandbox === 'off')
      throw new RefusedError(502, 'RuntimeNotAvailable', `runtime '${id}' needs SLUICE_SANDBOX=on`);
    const lookup = this.#registry.find(id);
    if (!lookup.found) throw new RefusedError(502, 'RuntimeNotAvailable', lookup.reason);
    return lookup.runtime;
  }

  /** In turn, so that no revision waits behind another one's queue: who was served goes to the end. */
  #feed(): void {
    const pools = [...this.#pools];
    for (const [key, pool] of pools) {
      if (this.#pools.get(key) !== pool || !pool.hungry) continue;
      const before = pool.size;
      pool.pump();
      if (pool.size === before || this.#pools.get(key) !== pool) continue;
      this.#pools.delete(key);
      this.#pools.set(key, pool);
    }
  }

  #evictIdle(): boolean {
    let found: ReturnType<Pool['idlest']>;
    for (const pool of this.#pools.values()) {
      const candidate = pool.idlest();
      if (candidate && (!found || candidate.sinceMs < found.sinceMs)) found = candidate;
    }
    found?.instance.drain();
    return found !== undefined;
  }

  #reap(): void {
    for (const pool of this.#pools.values()) pool.reap(this.#limits.idleMs);
    this.#stock.sweep();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
