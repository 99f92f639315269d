/**
 * How the engine talks to one instance, whatever its runtime speaks: frames to a shim (`framed-link.ts`), HTTP to the
 * function's own server (`http-link.ts`). What comes back has the types of frames in both, so that the rest of an
 * instance knows one vocabulary.
 */
import type { Duplex } from 'node:stream';
import type { HookName } from '../invoke/contract.ts';
import type { FrameHandler } from '../runtimes/protocol.ts';
import type { InstanceProcess, ProcessExit } from '../sandbox/process.ts';
import type { Call } from './call.ts';
import type { LineOwner } from './output.ts';

export interface LinkEvents {
  /** An answer, or a sign of life: the types and payloads of `FromInstance`. */
  readonly onFrame: FrameHandler;
  /** The instance broke the protocol or cannot be reached; nothing of it is read any more. */
  onBroken(reason: string): void;
  /** It answers its calls, but must not be given more. */
  onUnhealthy(reason: string): void;
  /** The function's server switched protocols for an HTTP call that asked for it; the call lasts as long as `peer`. */
  onUpgrade(number: number, headers: readonly string[], peer: Duplex): void;
  /** The process was never given its function: another one may be started instead. */
  onUnfurnished(): void;
  onExit(exit: ProcessExit): void;
}

export interface InstanceLink {
  readonly process: InstanceProcess;
  /** Nothing can be sent any more; the end of the process will follow. */
  readonly closed: boolean;
  /** First of all, once: `ready` follows when the instance can take calls. */
  start(): void;
  initialize(number: number, owner: LineOwner): void;
  /** Runs a hook of the life cycle; answered like a call. */
  hook(number: number, owner: LineOwner, name: HookName): void;
  /** @param isAlone nothing else is on its way there, so there is nothing to wait for */
  invoke(number: number, call: Call, isAlone: boolean): void;
  /** Nobody waits for the call's answer any more; a late one is ignored. */
  forget(number: number): void;
}
