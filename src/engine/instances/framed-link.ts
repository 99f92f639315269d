/** The link to a shim: frames over the socket that the process was started with. */
import type { Socket } from 'node:net';
import type { HookName } from '../invoke/contract.ts';
import { ensureError } from '../../platform/errors.ts';
import {
  encodeCall,
  encodeFrame,
  FrameDecoder,
  ToInstance,
  type StartMessage,
} from '../runtimes/protocol.ts';
import type { InstanceProcess } from '../sandbox/process.ts';
import type { Call } from './call.ts';
import type { InstanceLink, LinkEvents } from './link.ts';
import type { LineOwner } from './output.ts';

/** Events up to this size are copied behind their header: one write and one buffer. */
const INLINE_BYTES = 16 * 1024;
const NO_BODY = Buffer.alloc(0);

export class FramedLink implements InstanceLink {
  readonly process: InstanceProcess;
  private readonly channel: Socket;
  private readonly message: StartMessage;
  private readonly furnished: Promise<void> | undefined;
  private readonly onUnfurnished: () => void;
  /** Nothing can be written any more; the end of the process will follow. */
  closed = false;
  private gathering = false;

  /** @param furnished settles when there is all that `start` speaks of; left out: there is */
  constructor(
    process: InstanceProcess,
    message: StartMessage,
    events: LinkEvents,
    furnished?: Promise<void>,
  ) {
    this.process = process;
    this.message = message;
    this.furnished = furnished;
    this.onUnfurnished = () => events.onUnfurnished();
    const { channel } = process;
    if (!channel) throw new Error('a shim was started without its socket');
    this.channel = channel;
    const decoder = new FrameDecoder(message.maxPayloadBytes, events.onFrame);
    let broken = false;
    const breakOff = (reason: string) => {
      if (broken) return;
      broken = true;
      channel.destroy();
      events.onBroken(reason);
    };
    channel.on('data', (chunk: Buffer) => {
      if (broken) return;
      try {
        decoder.push(chunk);
      } catch (error) {
        breakOff(ensureError(error).message);
      }
    });
    // A process that ends closes its socket first; only one that goes on without it is at fault.
    channel.on('error', () => channel.destroy());
    channel.on('close', () => {
      this.closed = true;
      setTimeout(() => breakOff('it closed its socket'), CLOSE_GRACE_MS).unref();
    });
    process.onExit((exit) => {
      broken = true;
      channel.destroy();
      events.onExit(exit);
    });
  }

  /**
   * Calls that arrive in one turn of the event loop leave in one write: a system call a call was a third of the hop. The first
   * one for an instance that is idle goes at once, so that it works while the engine reads the others.
   */
  private gather(): void {
    if (this.gathering) return;
    this.gathering = true;
    const { channel } = this;
    channel.cork();
    setImmediate(() => {
      this.gathering = false;
      channel.uncork();
    });
  }

  start(): void {
    if (this.furnished) this.furnished.then(() => this.begin(), this.onUnfurnished);
    else this.begin();
  }

  private begin(): void {
    this.channel.write(encodeFrame(ToInstance.start, 0, Buffer.from(JSON.stringify(this.message))));
  }

  initialize(number: number, owner: LineOwner): void {
    const header = { requestId: owner.requestId, qualifier: owner.qualifier, retryCount: 0, isProbe: false };
    this.channel.write(encodeCall(ToInstance.initialize, number, header, NO_BODY, true));
  }

  hook(number: number, { requestId, qualifier }: LineOwner, name: HookName): void {
    const header = { requestId, qualifier, retryCount: 0, isProbe: false };
    this.channel.write(encodeCall(ToInstance.hook, number, header, Buffer.from(name), true));
  }

  invoke(number: number, call: Call, isAlone: boolean): void {
    const { channel } = this;
    const { invocation, http } = call;
    const { payload } = invocation;
    const type = http ? ToInstance.http : ToInstance.invoke;
    const head = http ? JSON.stringify(http.head) : '';
    const onWritten = (error?: Error | null) => {
      if (error) call.unsent = true;
    };
    if (payload.length <= INLINE_BYTES) {
      if (!isAlone) this.gather();
      channel.write(encodeCall(type, number, invocation, payload, true, head), onWritten);
      return;
    }
    channel.cork();
    channel.write(encodeCall(type, number, invocation, payload, false, head), onWritten);
    channel.write(payload);
    channel.uncork();
  }

  forget(): void {
    // A shim cannot be told; it finds out by itself, or by the end of its process.
  }
}

const CLOSE_GRACE_MS = 1_000;
