/**
 * A response that is written to its connection without `node:http`: head and body of a small one are one piece of memory and
 * one system call. What is said of a `Reply` holds; the framing is HTTP/1.1's: a length, or chunks.
 */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { KEEP_ALIVE_MS } from './keep-alive.ts';
import type { Reply } from './reply.ts';

/** Bodies up to this size are copied behind their head. */
const INLINE_BYTES = 16 * 1024;
const CHUNKS_END = '0\r\n\r\n';
const KEPT = `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_MS / 1_000}\r\n\r\n`;
const CLOSED = 'Connection: close\r\n\r\n';
/** What could begin another line of the head. */
const UNFIT = /[^\t\u0020-\u007e\u0080-\u00ff]/;

export class DirectReply implements Reply {
  shouldKeepAlive = true;
  headersSent = false;
  writableFinished = false;
  readonly #socket: Socket;
  readonly #onFinished: () => void;
  #status = 0;
  #lines = '';
  #hasLength = false;
  #isOver = false;
  #listeners: { event: 'finish' | 'close'; listener: () => void }[] | undefined;

  /** @param onFinished once: the next request may come */
  constructor(socket: Socket, onFinished: () => void) {
    this.#socket = socket;
    this.#onFinished = onFinished;
  }

  get destroyed(): boolean {
    return this.#socket.destroyed;
  }

  get writableLength(): number {
    return this.#socket.writableLength;
  }

  writeHead(status: number, headers: string[]): this {
    let lines = '';
    for (let at = 0; at + 1 < headers.length; at += 2) {
      const name = headers[at] ?? '';
      const value = headers[at + 1] ?? '';
      if (UNFIT.test(value))
        throw new Error(`the value of header '${name}' has characters that HTTP does not allow`);
      if (name === 'Content-Length') this.#hasLength = true;
      lines += `${name}: ${value}\r\n`;
    }
    this.#status = status;
    this.#lines = lines;
    return this;
  }

  flushHeaders(): void {
    if (!this.headersSent) this.#send(this.#head(this.#hasBody ? 'Transfer-Encoding: chunked\r\n' : ''));
  }

  write(bytes: Buffer): boolean {
    this.flushHeaders();
    if (!this.#hasBody || bytes.length === 0) return true;
    const socket = this.#socket;
    if (!socket.writable) return false;
    socket.cork();
    socket.write(`${bytes.length.toString(16)}\r\n`, 'latin1');
    socket.write(bytes);
    socket.write('\r\n', 'latin1');
    socket.uncork();
    return !socket.writableNeedDrain;
  }

  end(bytes?: Buffer): void {
    if (this.#isOver) return;
    if (this.headersSent) {
      if (bytes) this.write(bytes);
      this.#isOver = true;
      this.#send(this.#hasBody ? CHUNKS_END : '', this.#written);
      return;
    }
    this.#isOver = true;
    const size = this.#hasBody ? (bytes?.length ?? 0) : 0;
    const head = this.#head(this.#hasLength || !this.#hasBody ? '' : `Content-Length: ${size}\r\n`);
    if (size === 0 || !bytes) this.#send(head, this.#written);
    else if (size <= INLINE_BYTES) {
      const whole = Buffer.allocUnsafe(head.length + size);
      whole.write(head, 0, 'latin1');
      whole.set(bytes, head.length);
      this.#send(whole, this.#written);
    } else {
      this.#socket.cork();
      this.#send(head);
      this.#send(bytes, this.#written);
      this.#socket.uncork();
    }
  }

  destroy(): void {
    this.#socket.destroy();
  }

  once(event: 'finish' | 'close', listener: () => void): void {
    (this.#listeners ??= []).push({ event, listener });
  }

  /** To be called when the connection is gone. */
  close(): void {
    this.#emit('close');
  }

  /** Such a response has no body, whatever is written (RFC 9110 §6.4.1). */
  get #hasBody(): boolean {
    return this.#status !== 204 && this.#status !== 304;
  }

  #head(framing: string): string {
    this.headersSent = true;
    const reason = STATUS_CODES[this.#status] ?? 'unknown';
    return `HTTP/1.1 ${this.#status} ${reason}\r\n${this.#lines}${framing}${dateLine()}${this.shouldKeepAlive ? KEPT : CLOSED}`;
  }

  #send(bytes: Buffer | string, onWritten?: (error?: Error | null) => void): void {
    // A caller that ended its side ended ours as well, as with node:http; its `close` follows.
    if (!this.#socket.writable) return;
    if (typeof bytes === 'string') this.#socket.write(bytes, 'latin1', onWritten);
    else this.#socket.write(bytes, onWritten);
  }

  readonly #written = (error?: Error | null): void => {
    if (error) return;
    this.writableFinished = true;
    this.#emit('finish');
    this.#onFinished();
  };

  #emit(event: 'finish' | 'close'): void {
    const listeners = this.#listeners;
    if (!listeners) return;
    for (const each of listeners) if (each.event === event) each.listener();
  }
}

let dateSecond = 0;
let dateText = '';

/** The same for all responses of a second. */
function dateLine(): string {
  const now = Date.now();
  const second = now - (now % 1_000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = `Date: ${new Date(second).toUTCString()}\r\n`;
  }
  return dateText;
}
