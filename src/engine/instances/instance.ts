/**
 * One instance: starts, takes up to `instanceConcurrency` calls at once, and ends. States go one way:
 * starting → ready → draining → ended. A draining instance finishes its calls and takes no new one. What to do with
 * a failed start or an ended instance is its owner's business (`pool.ts`).
 */
import { performance } from 'node:perf_hooks';
import type { Revision } from '../invoke/contract.ts';
import type { LogSink } from '../logs/line.ts';
import { FromInstance, type FromInstanceType } from '../runtimes/protocol.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import type { CommandSpec, SandboxedCommand } from '../sandbox/command.ts';
import type { ProcessExit } from '../sandbox/process.ts';
import type { Call } from './call.ts';
import { Commands } from './commands.ts';
import { describeExit } from './exit.ts';
import { FIRST_HOOK_CALL, Hooks } from './hooks.ts';
import { InFlight, INITIALIZER_CALL } from './in-flight.ts';
import type { InstanceLink } from './link.ts';
import { BRACKET, InstanceOutput, NO_OWNER, type LineOwner } from './output.ts';
import { startInstance, type InstanceSettings } from './start.ts';
import { StartUp, type StartFailure } from './start-up.ts';

export interface InstanceOwner {
  onReady(instance: Instance): void;
  onStartFailed(instance: Instance, failure: StartFailure): void;
  /** A call or hook ended and there is room again. */
  onRoom(instance: Instance): void;
  /** The process is gone; `unsent` are calls that it never received. */
  onEnded(instance: Instance, unsent: Call[]): void;
}

type State = 'starting' | 'ready' | 'draining' | 'ended';

/** From SIGTERM to SIGKILL (runtimes.md §13). */
const TERM_GRACE_MS = 500;

export class Instance {
  readonly id: string;
  readonly revision: Revision;
  /** Waiting calls that count on this instance, which `willHaveRoom`. */
  tickets = 0;
  lastUsedMs = performance.now();
  #state: State = 'starting';
  #ending = false;
  #oomKills = 0;
  #frozen = false;
  /** Why the engine itself ended it, for the log; empty: it ended by itself. */
  #cause = '';
  readonly #owner: InstanceOwner;
  readonly #output: InstanceOutput;
  readonly #link: InstanceLink;
  readonly #startUp: StartUp;
  readonly #inFlight: InFlight;
  readonly #hooks: Hooks;
  /** While there are any it is neither stopped nor taken away for being idle; its own end waits for none. */
  readonly #commands = new Commands(() => {
    this.lastUsedMs = performance.now();
  });
  /** A call passed its time limit here: nothing more is asked of it. */
  #isSpoiled = false;

  /** @param starter the call that made the start necessary: its qualifier is in the environment, its id in the log */
  constructor(
    revision: Revision,
    runtime: Runtime,
    starter: Call,
    settings: InstanceSettings,
    sink: LogSink,
    owner: InstanceOwner,
  ) {
    this.revision = revision;
    this.#owner = owner;
    const { requestId, qualifier } = starter.invocation;
    const { id, process, link, readiness } = startInstance(revision, runtime, qualifier, settings);
    this.id = id;
    this.#output = new InstanceOutput(sourceOf(revision, id), sink);
    if (runtime.state.state === 'compatible')
      this.#output.line(NO_OWNER, `runtime '${runtime.id}' is served by ${runtime.state.version}`);
    const leaveOut = runtime.protocol === 'http' ? BRACKET : undefined;
    this.#output.capture(process.stdout, false, leaveOut);
    this.#output.capture(process.stderr, true, leaveOut);
    this.#link = link({
      onFrame: (type, number, payload) => this.#onFrame(type, number, payload),
      onBroken: (reason) => this.end(`Process ended by the engine: ${reason}`),
      onUnhealthy: (reason) => this.#retire(reason),
      onUpgrade: (number, headers, peer) => this.#inFlight.upgrade(number, headers, peer),
      onUnfurnished: () => this.#startUp.onUnfurnished(),
      onExit: (exit) => this.#onExit(exit),
    });
    this.#startUp = new StartUp({
      revision,
      instanceId: this.id,
      starter: { requestId, qualifier, call: starter },
      output: this.#output,
      link: this.#link,
      readiness,
      onReady: () => this.#becomeReady(),
      onFailed: (failure) => this.#failStart(failure),
    });
    this.#inFlight = new InFlight({
      revision,
      instanceId: this.id,
      output: this.#output,
      maxPayloadBytes: settings.maxPayloadBytes,
      peakMemoryMb: () => this.#readMemory(),
      onExpired: (cause, number) => this.#onExpired(cause, number),
      onAnswered: () => this.#onAnswered(),
    });
    this.#hooks = new Hooks({ revision, output: this.#output, link: this.#link });
    this.#link.start();
  }

  get state(): State {
    return this.#state;
  }

  /** What it works on, hooks counted in. */
  get load(): number {
    return this.#inFlight.size + (this.#hooks.isRunning ? 1 : 0);
  }

  /** Nothing needs it just now. */
  get isIdle(): boolean {
    return this.#state === 'ready' && this.load === 0 && this.#commands.size === 0;
  }

  get hasRoom(): boolean {
    return (
      this.#state === 'ready' &&
      this.#inFlight.size < this.revision.instanceConcurrency &&
      !this.#hooks.isRunning &&
      !this.#link.closed
    );
  }

  /** It starts, or its preFreeze hook runs: no call goes beside that. */
  get willHaveRoom(): boolean {
    return (
      this.#state === 'starting' || (this.#state === 'ready' && this.#hooks.isRunning && !this.#link.closed)
    );
  }

  /** Hands over a call; only while `hasRoom`. */
  run(call: Call): void {
    this.#thaw();
    const isAlone = this.#inFlight.size === 0;
    this.#link.invoke(this.#inFlight.begin(call), call, isAlone);
  }

  /** Runs a command beside its calls; only while `ready`. @throws RefusedError where that cannot be */
  command(spec: CommandSpec): SandboxedCommand {
    this.#thaw();
    return this.#commands.start(this.#link.process, spec);
  }

  /**
   * Stops the processes of an instance that has nothing to do, until its next call: timers and background work cost no
   * CPU meanwhile (runtimes.md §13). The preFreeze hook comes first, also where the host stops nothing; a call that
   * waits for its end goes before the stop.
   */
  freeze(): void {
    if (this.#frozen || !this.isIdle) return;
    if (this.#hooks.has('preFreeze')) void this.#hooks.run('preFreeze').then(() => this.#onPreFrozen());
    else this.#stop();
  }

  #onPreFrozen(): void {
    this.#onIdle();
    if (this.isIdle) this.#stop();
  }

  #stop(): void {
    this.#frozen = true;
    this.#link.process.freeze();
  }

  #thaw(): void {
    if (!this.#frozen) return;
    this.#frozen = false;
    this.#link.process.thaw();
  }

  /** Takes no more calls; ends when the last one is over. */
  drain(): void {
    if (this.#state === 'starting') this.end('Process ended by the engine: it is not needed any more');
    if (this.#state === 'ready') this.#state = 'draining';
    this.#endWhenEmpty();
  }

  /** Ends now, whatever it is doing. */
  end(cause: string): void {
    this.#cause ||= cause;
    this.#ending = true;
    if (this.#state === 'ready') this.#state = 'draining';
    this.#link.process.kill();
  }

  /** Its calls go on, others go to an instance that is well. */
  #retire(reason: string): void {
    this.#output.line(NO_OWNER, `the instance gets no more calls: ${reason}`);
    this.drain();
  }

  #onFrame(type: FromInstanceType, number: number, payload: Buffer): void {
    if (this.#state === 'ended') return;
    let fault: string | undefined;
    if (type === FromInstance.log)
      this.#output.frame(this.#isAtWork(number) ? number : 0, this.#ownerOf(number), payload);
    else if (type === FromInstance.ready) fault = this.#onReadyFrame();
    else if (number >= FIRST_HOOK_CALL) fault = this.#hooks.onAnswer(type, number);
    else if (number === INITIALIZER_CALL) this.#startUp.onInitialized(type, payload);
    else {
      fault = this.#inFlight.answer(type, number, payload);
      // A head that cannot be sent ends its call; its body may go on for ever.
      if (type === FromInstance.httpHead && !this.#inFlight.get(number)) this.#link.forget(number);
    }
    if (fault !== undefined) this.end(`Process ended by the engine: ${fault}`);
  }

  /** All other numbers share one unfinished line: an instance may make up as many as it likes. */
  #isAtWork(number: number): boolean {
    return number === INITIALIZER_CALL || this.#inFlight.get(number) !== undefined;
  }

  /** Work that goes on after its call's answer is logged under the call that started last, as in the cloud. */
  #ownerOf(number: number): LineOwner {
    const { latest } = this.#output;
    if (number === 0) return NO_OWNER;
    const call = this.#inFlight.get(number);
    if (!call || call === latest.call) return latest;
    return { requestId: call.invocation.requestId, qualifier: call.invocation.qualifier, call };
  }

  /** From here on it computes for the function: its initializer first. */
  #onReadyFrame(): string | undefined {
    this.#link.process.setCpuShare(this.revision.memoryMb);
    return this.#startUp.onReadyFrame();
  }

  #becomeReady(): void {
    if (this.#state !== 'starting') return;
    this.#state = 'ready';
    this.lastUsedMs = performance.now();
    this.#owner.onReady(this);
  }

  #failStart(failure: StartFailure): void {
    if (this.#state === 'starting') this.#state = 'draining';
    this.#owner.onStartFailed(this, failure);
    if (this.#state !== 'ended') this.#terminate('its start failed');
  }

  #onExpired(cause: string, number: number): void {
    this.#link.forget(number);
    this.#isSpoiled = true;
    this.#state = 'draining';
    // Alone in its instance the function may not go on; beside others it may, unheard, until they are done.
    if (this.revision.instanceConcurrency === 1) this.#terminate(cause);
  }

  #onAnswered(): void {
    this.lastUsedMs = performance.now();
    this.#onIdle();
  }

  #onIdle(): void {
    if (this.#state === 'ready') this.#owner.onRoom(this);
    else this.#endWhenEmpty();
  }

  #readMemory(): number {
    const { process } = this.#link;
    const kills = process.oomKills;
    // The end of the function's own process is told by the end line of its calls.
    if (kills > this.#oomKills)
      this.#output.line(
        this.#output.latest,
        `a process of the function exceeded the memory limit of ${this.revision.memoryMb} MB and was ended`,
      );
    this.#oomKills = kills;
    return process.peakMemoryMb();
  }

  #endWhenEmpty(): void {
    if (this.#state !== 'draining' || this.load > 0 || this.#ending) return;
    if (this.#isSpoiled || this.#link.closed || !this.#hooks.has('preStop')) {
      this.end('');
      return;
    }
    this.#ending = true;
    this.#thaw();
    void this.#hooks.run('preStop').then(() => this.end(''));
  }

  /** SIGTERM, then SIGKILL. */
  #terminate(cause: string): void {
    this.#cause ||= cause;
    this.#ending = true;
    this.#link.process.terminate();
    setTimeout(() => this.#link.process.kill(), TERM_GRACE_MS).unref();
  }

  #onExit(exit: ProcessExit): void {
    this.#state = 'ended';
    const cause = this.#cause || describeExit(exit, this.revision.memoryMb);
    this.#startUp.onExit(cause);
    this.#hooks.onExit(cause);
    this.#owner.onEnded(this, this.#inFlight.abandon(cause));
  }
}

function sourceOf(revision: Revision, instanceId: string) {
  return {
    service: revision.service,
    function: revision.function,
    versionId: revision.versionId,
    instanceId,
    logProject: revision.logProject,
    logStore: revision.logStore,
  };
}
