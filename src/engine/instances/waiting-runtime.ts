/**
 * A runtime that was started before anybody needs it: sandbox, network, `/tmp` and shim are there, the function is not. It is
 * nobody's, sees no code, and becomes one instance of one function, once.
 */
import { closeSync, openSync } from 'node:fs';
import type { Mount } from '../../platform/sandbox.ts';
import type { Revision } from '../invoke/contract.ts';
import { encodeFrame, FrameDecoder, FromInstance, ToInstance } from '../runtimes/protocol.ts';
import type { SandboxHost } from '../sandbox/host.ts';
import type { Mounter } from '../sandbox/mounter.ts';
import { openSandbox } from '../sandbox/process-tree.ts';
import { InstanceProcess, SANDBOX_CODE } from '../sandbox/process.ts';
import { hostParts, INSTANCE_TASKS, LAYERS, newInstanceId } from './instance-parts.ts';
import type { WaitingKind } from './waiting-kind.ts';

/** Limit of a runtime that waits, and what it counts with: none of them takes more before it has a function. */
export const WAITING_MB = 128;
/** Of the CPU, beside a function's 128 and more: it must not be in the way of whoever is called. */
const WAITING_CPU_SHARE = 16;
const READY_LIMIT_MS = 30_000;
const COMPLAINT_LENGTH = 500;

export interface WaitingEvents {
  /** It waits. */
  onPrepared(): void;
  /** It is gone, and nobody had it. */
  onEnded(): void;
}

export class WaitingRuntime {
  /** Of the instance that it becomes. */
  readonly id: string;
  readonly kind: WaitingKind;
  readonly process: InstanceProcess;
  readonly #events: WaitingEvents;
  readonly #timer: NodeJS.Timeout;
  readonly #onData: (chunk: Buffer) => void;
  #isPrepared = false;

  constructor(kind: WaitingKind, host: SandboxHost, events: WaitingEvents) {
    this.id = newInstanceId();
    this.kind = kind;
    this.#events = events;
    const limits = { memoryMb: WAITING_MB, cpuShare: WAITING_CPU_SHARE };
    const network = { internetAccess: kind.internetAccess, nameResolution: undefined };
    this.process = new InstanceProcess({
      sandbox: 'on',
      command: kind.command,
      mounts: kind.runtime.mounts,
      env: kind.environment,
      codeFolder: undefined,
      image: undefined,
      hasChannel: true,
      ...hostParts(host, this.id, limits, network),
    });
    this.process.onExit(() => {
      clearTimeout(this.#timer);
      events.onEnded();
    });
    this.#timer = setTimeout(() => this.end(), READY_LIMIT_MS);
    this.#timer.unref();
    const decoder = new FrameDecoder(0, (type) => this.#onFrame(type));
    this.#onData = (chunk) => {
      try {
        decoder.push(chunk);
      } catch {
        this.end();
      }
    };
    const { channel } = this.process;
    channel?.on('data', this.#onData);
    channel?.on('error', this.#onBroken);
    channel?.write(encodeFrame(ToInstance.prepare, 0, Buffer.alloc(0)));
  }

  get isPrepared(): boolean {
    return this.#isPrepared;
  }

  /** Gives it to an instance, which listens to it from now on. */
  release(): void {
    this.process.channel?.off('data', this.#onData);
    this.process.channel?.off('error', this.#onBroken);
  }

  /**
   * Makes it the function's: its limits, its code, its layers.
   *
   * @throws Error when that does not go; it must not be used then
   */
  async furnish(
    { memoryMb, codeFolder, layerFolder }: Revision,
    environment: Readonly<Record<string, string>>,
    mounter: Mounter,
  ): Promise<void> {
    this.process.become(environment, { memoryMb, tasks: INSTANCE_TASKS });
    const mounts: Mount[] = [{ from: codeFolder, to: SANDBOX_CODE }];
    if (layerFolder !== '') mounts.push({ from: layerFolder, to: LAYERS });
    const folder = openSandbox(this.process.sandboxed);
    let namespace: number | undefined;
    try {
      namespace = openSync(`/proc/self/fd/${folder}/ns/mnt`, 'r');
      await mounter.show(namespace, mounts);
    } finally {
      for (const file of [folder, namespace]) if (file !== undefined) closeSync(file);
    }
  }

  /** What it has said on its way to an early end. */
  get complaint(): string {
    return String(this.process.stderr.read() ?? '').slice(0, COMPLAINT_LENGTH);
  }

  end(): void {
    // What it said meanwhile would keep its end waiting.
    this.process.stdout.resume();
    this.process.stderr.resume();
    this.process.kill();
  }

  readonly #onBroken = (): void => this.end();

  #onFrame(type: number): void {
    if (type !== FromInstance.prepared || this.#isPrepared) {
      this.end();
      return;
    }
    clearTimeout(this.#timer);
    this.#isPrepared = true;
    this.#events.onPrepared();
  }
}
