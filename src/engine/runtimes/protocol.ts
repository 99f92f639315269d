/**
 * The framed protocol between the engine and the shim inside an instance: one stream socket (fd 3 of the shim), many
 * calls at once. `runtimes/README.md` describes it for shim writers in other languages; this file is the engine's
 * side and the only place with the numbers.
 *
 * Everything that comes from an instance is hostile: a frame that breaks a rule here ends that instance, nothing else.
 */

import type { CallTracing, HookName } from '../invoke/contract.ts';

/** Version of the protocol, sent in `start`; a shim refuses one that it does not know. */
export const PROTOCOL_VERSION = 1;

/** u32 length of the payload, u8 type, u32 call id; big endian. */
export const HEADER_BYTES = 9;

/** Frames from the engine to the instance. */
export const ToInstance = {
  /** JSON `StartMessage`, once, before everything but `prepare`; call id 0. */
  start: 0x01,
  /** Runs the initializer; payload: call header. */
  initialize: 0x02,
  /** An event call; payload: call header, then the event's bytes. */
  invoke: 0x03,
  /** An HTTP call; payload: call header, u32 length, JSON `HttpRequestHead`, then the body's bytes. */
  http: 0x04,
  /** Runs a hook; payload: call header, then its name. */
  hook: 0x05,
  /** Nobody's yet: get ready for `start`, which may take minutes to come or never does; call id 0, no payload. */
  prepare: 0x06,
} as const;

/** Frames from the instance to the engine. */
export const FromInstance = {
  /** JSON `ReadyMessage`, once: the shim runs and will take calls. */
  ready: 0x81,
  /** The call succeeded; payload: the answer's bytes. */
  result: 0x82,
  /** The function reported an error itself; payload: the error document. */
  handledError: 0x83,
  /** The function threw or could not be loaded; payload: the error document. */
  unhandledError: 0x84,
  /** The answer is larger than `maxPayloadBytes`; payload: u32 size, saturated. */
  tooLarge: 0x85,
  /** Log output of the call, any number of bytes and lines; call id 0: of no call. */
  log: 0x86,
  /** The response to an HTTP call begins; payload: JSON, read by `http-head.ts`. */
  httpHead: 0x87,
  /** The next bytes of its body. */
  httpBody: 0x88,
  /** The response is complete, and the call over; no payload. */
  httpEnd: 0x89,
  /** Answers `prepare`; no payload. */
  prepared: 0x8a,
} as const;

export type FromInstanceType = (typeof FromInstance)[keyof typeof FromInstance];

/** Constants of an instance, sent once, so that a call's own header stays small. */
export interface StartMessage {
  readonly protocol: number;
  readonly runtime: string;
  readonly handler: string;
  /** Empty: no initializer. */
  readonly initializer: string;
  /** Handlers of the life-cycle hooks; empty: none. */
  readonly hooks: Readonly<Record<HookName, string>>;
  readonly instanceConcurrency: number;
  readonly maxPayloadBytes: number;
  /** Folder with the user's code as the shim sees it. */
  readonly codeFolder: string;
  /** The whole environment, for a shim that was started before it was known; left out: it has it. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Members of the context that are the same for every call. */
  readonly context: {
    readonly credentials: Credentials;
    readonly function: {
      readonly name: string;
      readonly handler: string;
      readonly memory: number;
      readonly timeout: number;
      readonly initializer: string;
      readonly initializationTimeout: number;
    };
    readonly service: {
      readonly name: string;
      readonly logProject: string;
      readonly logStore: string;
      readonly versionId: string;
    };
    readonly region: string;
    readonly accountId: string;
  };
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken: string;
}

/**
 * What differs from call to call. On the wire: u32 with the retry count and, in its two highest bits, whether the call is
 * a probe and whether it is traced; then u16-length-prefixed UTF-8 strings, of a traced call `CallTracing` as JSON last.
 */
export interface CallHeader {
  readonly requestId: string;
  readonly qualifier: string;
  /** 0 to 2^30 − 1. */
  readonly retryCount: number;
  /** A synthetic request of a release. */
  readonly isProbe: boolean;
  readonly tracing?: CallTracing | undefined;
}

const PROBE_BIT = 0x8000_0000;
const TRACING_BIT = 0x4000_0000;

/** Longest log payload in one frame; a shim splits longer output. */
export const MAX_LOG_BYTES = 256 * 1024;
/** Longest piece of a response's body in one frame. */
const MAX_PIECE_BYTES = 256 * 1024;
/** Error documents and JSON messages; runtimes.md §11 cuts error texts at 256 KiB. */
const MAX_DOCUMENT_BYTES = 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/** A frame that breaks the protocol; the instance that sent it is ended. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** A frame without call header. */
export function encodeFrame(type: number, call: number, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  writeHeader(frame, type, call, payload.length);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

/**
 * The head of a frame that begins a call: everything but the body that follows it. With `inline` the body is copied
 * behind it, so that a small call is one write without a second buffer.
 *
 * @param httpHead JSON of an `http` frame; empty for the others, which have none
 */
export function encodeCall(
  type: number,
  call: number,
  header: CallHeader,
  body: Uint8Array,
  inline: boolean,
  httpHead = '',
): Buffer {
  const idBytes = Buffer.byteLength(header.requestId);
  const qualifierBytes = Buffer.byteLength(header.qualifier);
  const headBytes = Buffer.byteLength(httpHead);
  const tracing = header.tracing && JSON.stringify(header.tracing);
  const tracingBytes = tracing === undefined ? 0 : Buffer.byteLength(tracing);
  const headerBytes =
    4 +
    2 +
    idBytes +
    2 +
    qualifierBytes +
    (tracing === undefined ? 0 : 2 + tracingBytes) +
    (type === ToInstance.http ? 4 + headBytes : 0);
  const size = HEADER_BYTES + headerBytes + (inline ? body.length : 0);
  const frame = Buffer.allocUnsafe(size);
  writeHeader(frame, type, call, headerBytes + body.length);
  const flags = (header.isProbe ? PROBE_BIT : 0) | (tracing === undefined ? 0 : TRACING_BIT);
  let at = frame.writeUInt32BE((header.retryCount | flags) >>> 0, HEADER_BYTES);
  at = frame.writeUInt16BE(idBytes, at);
  at += frame.write(header.requestId, at);
  at = frame.writeUInt16BE(qualifierBytes, at);
  at += frame.write(header.qualifier, at);
  if (tracing !== undefined) {
    at = frame.writeUInt16BE(tracingBytes, at);
    at += frame.write(tracing, at);
  }
  if (type === ToInstance.http) {
    at = frame.writeUInt32BE(headBytes, at);
    at += frame.write(httpHead, at);
  }
  if (inline) frame.set(body, at);
  return frame;
}

function writeHeader(frame: Buffer, type: number, call: number, length: number): void {
  frame.writeUInt32BE(length, 0);
  frame[4] = type;
  frame.writeUInt32BE(call, 5);
}

/** Receives one whole frame; `payload` is a view of what was read and is never written again. */
export type FrameHandler = (type: FromInstanceType, call: number, payload: Buffer) => void;

const UNKNOWN_TYPE = -1;

/** Longest payload that each type may have. */
function limitOf(type: number, maxPayloadBytes: number): number {
  switch (type) {
    case FromInstance.result:
      return maxPayloadBytes;
    case FromInstance.log:
      return MAX_LOG_BYTES;
    case FromInstance.httpBody:
      return MAX_PIECE_BYTES;
    case FromInstance.httpEnd:
    case FromInstance.prepared:
      return 0;
    case FromInstance.ready:
    case FromInstance.handledError:
    case FromInstance.unhandledError:
    case FromInstance.tooLarge:
    case FromInstance.httpHead:
      return MAX_DOCUMENT_BYTES;
    default:
      return UNKNOWN_TYPE;
  }
}

/**
 * Cuts a byte stream into frames. Memory is bounded by the largest allowed frame: a length is checked before anything
 * is kept, and the buffer for a frame that spans reads doubles with what has really arrived, so that neither a large
 * announcement nor a stream of single bytes costs more than twice the bytes received.
 */
export class FrameDecoder {
  /** Start of an unfinished frame; empty between frames. */
  #held: Buffer = NOTHING;
  #filled = 0;
  readonly #maxPayloadBytes: number;
  readonly #onFrame: FrameHandler;

  constructor(maxPayloadBytes: number, onFrame: FrameHandler) {
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#onFrame = onFrame;
  }

  /** @throws ProtocolError on an unknown type or a payload over its limit; the decoder must not be used afterwards */
  push(chunk: Buffer): void {
    let at = 0;
    while (this.#filled > 0 && at < chunk.length) at = this.#fill(chunk, at);
    while (chunk.length - at >= HEADER_BYTES) {
      const bytes = this.#frameBytes(chunk, at);
      if (chunk.length - at < bytes) break;
      this.#emit(chunk, at, bytes);
      at += bytes;
    }
    if (at < chunk.length) this.#hold(chunk, at, chunk.length);
  }

  /** Moves bytes of `chunk` into the held frame, up to its end; returns where the next frame starts. */
  #fill(chunk: Buffer, at: number): number {
    const wanted = this.#filled < HEADER_BYTES ? HEADER_BYTES : this.#frameBytes(this.#held, 0);
    const end = Math.min(chunk.length, at + wanted - this.#filled);
    this.#hold(chunk, at, end);
    if (this.#filled < HEADER_BYTES) return end;
    const bytes = this.#frameBytes(this.#held, 0);
    if (this.#filled === bytes) {
      const frame = this.#held;
      this.#held = NOTHING;
      this.#filled = 0;
      this.#emit(frame, 0, bytes);
    }
    return end;
  }

  #hold(chunk: Buffer, start: number, end: number): void {
    const filled = this.#filled + end - start;
    if (filled > this.#held.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(filled, this.#held.length * 2, 1024));
      this.#held.copy(larger, 0, 0, this.#filled);
      this.#held = larger;
    }
    chunk.copy(this.#held, this.#filled, start, end);
    this.#filled = filled;
  }

  #emit(buffer: Buffer, at: number, bytes: number): void {
    const payload = buffer.subarray(at + HEADER_BYTES, at + bytes);
    this.#onFrame(buffer[at + 4] as FromInstanceType, buffer.readUInt32BE(at + 5), payload);
  }

  #frameBytes(buffer: Buffer, at: number): number {
    const length = buffer.readUInt32BE(at);
    const type = buffer[at + 4] ?? 0;
    const limit = limitOf(type, this.#maxPayloadBytes);
    if (limit === UNKNOWN_TYPE) throw new ProtocolError(`unknown frame type 0x${type.toString(16)}`);
    if (length > limit)
      throw new ProtocolError(
        `frame type 0x${type.toString(16)} announces ${length} bytes, limit is ${limit}`,
      );
    return HEADER_BYTES + length;
  }
}
