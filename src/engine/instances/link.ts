/** An instance's socket: frames in and out, and the end of the process behind it. */
import { ensureError } from '../../platform/errors.ts';
import {
  encodeCall,
  encodeFrame,
  FrameDecoder,
  ToInstance,
  type FrameHandler,
  type StartMessage,
} from '../runtimes/protocol.ts';
import type { InstanceProcess, ProcessExit } from '../sandbox/process.ts';
import type { Call } from './call.ts';
import type { LineOwner } from './output.ts';

export interface LinkEvents {
  readonly onFrame: FrameHandler;
  /** The instance broke the protocol or closed its socket; nothing of it is read any more. */
  onBroken(reason: string): void;
  onExit(exit: ProcessExit): void;
}

/** Events up to this size are copied behind their header: one write and one buffer. */
const INLINE_BYTES = 16 * 1024;
const NO_BODY = Buffer.alloc(0);

export class InstanceLink {
  readonly process: InstanceProcess;
  /** Nothing can be written any more; the end of the process will follow. */
  closed = false;
  private gathering = false;

  constructor(process: InstanceProcess, maxPayloadBytes: number, events: LinkEvents) {
    this.process = process;
    const { channel } = process;
    const decoder = new FrameDecoder(maxPayloadBytes, events.onFrame);
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

  /** Calls that arrive in one turn of the event loop leave in one write: a system call a call was a third of the hop. */
  private gather(): void {
    if (this.gathering) return;
    this.gathering = true;
    const { channel } = this.process;
    channel.cork();
    setImmediate(() => {
      this.gathering = false;
      channel.uncork();
    });
  }

  start(message: StartMessage): void {
    this.process.channel.write(encodeFrame(ToInstance.start, 0, Buffer.from(JSON.stringify(message))));
  }

  initialize(number: number, owner: LineOwner): void {
    const header = { requestId: owner.requestId, qualifier: owner.qualifier, retryCount: 0, isProbe: false };
    this.process.channel.write(encodeCall(ToInstance.initialize, number, header, NO_BODY, true));
  }

  invoke(number: number, call: Call): void {
    const { channel } = this.process;
    const { invocation, http } = call;
    const { payload } = invocation;
    const type = http ? ToInstance.http : ToInstance.invoke;
    const head = http ? JSON.stringify(http.head) : '';
    const onWritten = (error?: Error | null) => {
      if (error) call.unsent = true;
    };
    if (payload.length <= INLINE_BYTES) {
      this.gather();
      channel.write(encodeCall(type, number, invocation, payload, true, head), onWritten);
      return;
    }
    channel.cork();
    channel.write(encodeCall(type, number, invocation, payload, false, head), onWritten);
    channel.write(payload);
    channel.uncork();
  }
}

const CLOSE_GRACE_MS = 1_000;
