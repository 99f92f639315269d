/**
 * An HTTP function's response on its way to the caller. Small responses arrive whole within one turn of the event loop:
 * then head and body leave in one write with their length; else the body is chunked.
 */
import { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HttpSink } from '../invoke/contract.ts';
import type { Reply } from './reply.ts';
import { UnreadResponses } from './unread.ts';

const unread = new UnreadResponses();

export interface SinkOptions {
  readonly response: Reply;
  readonly method: string;
  readonly requestId: string;
  /** Version that answers. */
  readonly version: string;
  /** Browsers shall save the response instead of showing it. */
  readonly isAttachment: boolean;
  /** The caller's connection, where another protocol may be switched to. */
  readonly socket: Duplex | undefined;
}

/** What a function's response may not say: it belongs to this connection or to the platform (runtimes.md §8). */
const NOT_PASSED = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'proxy-connection',
  'server',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export class ResponseSink implements HttpSink {
  readonly #options: SinkOptions;
  #status = 0;
  #headers: string[] = [];
  /** The function's own word for the length of what a GET would have had. */
  #headLength: string | undefined;
  /** A piece that waits for the end or for the next one. */
  #first: Buffer | undefined;
  #isFlushed = false;

  constructor(options: SinkOptions) {
    this.#options = options;
  }

  /** A head came; what follows can only be that response. */
  get hasBegun(): boolean {
    return this.#status !== 0;
  }

  /** Of the response that was sent; 0 while there is none. */
  get status(): number {
    return this.#status;
  }

  get isGone(): boolean {
    return this.#options.response.destroyed;
  }

  head(status: number, headers: readonly string[], instanceId: string): void {
    this.#status = status;
    this.#headers = this.#passed(headers, instanceId);
    process.nextTick(flush, this);
  }

  piece(bytes: Buffer): void {
    if (!this.#isFlushed && this.#first === undefined) {
      this.#first = bytes;
      return;
    }
    this.flush();
    this.#options.response.write(bytes);
  }

  end(): void {
    const { response, method } = this.#options;
    if (this.#isFlushed) {
      response.end();
      unread.add(response);
      return;
    }
    this.#isFlushed = true;
    const size = this.#first?.length ?? 0;
    const length = method === 'HEAD' && size === 0 ? this.#headLength : String(size);
    if (length !== undefined && this.#status !== 204 && this.#status !== 304)
      this.#headers.push('Content-Length', length);
    response.writeHead(this.#status, this.#headers).end(this.#first);
    unread.add(response);
  }

  upgrade(headers: readonly string[], instanceId: string, peer: Duplex): void {
    const { response, socket } = this.#options;
    if (!socket || !(response instanceof ServerResponse))
      throw new Error('the caller did not ask for another protocol');
    this.#status = 101;
    this.#isFlushed = true;
    // Its end was told before anybody listens here, and is not told again.
    if (socket.destroyed || socket.readableEnded) {
      socket.destroy();
      peer.destroy();
      return;
    }
    response.detachSocket(socket as Parameters<ServerResponse['detachSocket']>[0]);
    const lines = ['HTTP/1.1 101 Switching Protocols'];
    const passed = [...this.#passed(headers, instanceId), ...upgradeOf(headers)];
    for (let at = 0; at + 1 < passed.length; at += 2) lines.push(`${passed[at]}: ${passed[at + 1]}`);
    socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
    join(socket, peer);
  }

  onGone(callback: () => void): void {
    const { response, socket } = this.#options;
    response.once('close', () => {
      if (!response.writableFinished) callback();
    });
    socket?.once('close', callback);
  }

  /** Sends what is there; the rest follows in chunks. */
  flush(): void {
    if (this.#isFlushed) return;
    this.#isFlushed = true;
    const { response } = this.#options;
    response.writeHead(this.#status, this.#headers);
    if (this.#first) response.write(this.#first);
    else response.flushHeaders();
  }

  #passed(headers: readonly string[], instanceId: string): string[] {
    const { requestId, version, isAttachment } = this.#options;
    const passed = [
      'X-Fc-Request-Id',
      requestId,
      'X-Fc-Invocation-Service-Version',
      version,
      'X-Fc-Instance-Id',
      instanceId,
    ];
    if (isAttachment) passed.push('Content-Disposition', 'attachment');
    for (let at = 0; at + 1 < headers.length; at += 2) {
      const given = headers[at] ?? '';
      const value = headers[at + 1] ?? '';
      const name = given.toLowerCase();
      if (name === 'content-length' && /^\d+$/.test(value)) this.#headLength = value;
      if (NOT_PASSED.has(name) || name.startsWith('x-fc-')) continue;
      if (isAttachment && name === 'content-disposition') continue;
      passed.push(given, value);
    }
    return passed;
  }
}

function flush(sink: ResponseSink): void {
  sink.flush();
}

/** The two headers that make a 101 what it is. */
function upgradeOf(headers: readonly string[]): string[] {
  const at = headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'upgrade');
  return ['Connection', 'Upgrade', 'Upgrade', headers[at + 1] ?? 'websocket'];
}

/**
 * Bytes both ways until one side ends, which closes the other. Both sockets may stay half open otherwise, for ever: no
 * protocol that is switched to goes on with a peer that has said its last.
 */
function join(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on('error', () => from.destroy());
    from.on('close', () => to.destroy());
    from.on('end', () => to.end(() => to.destroy()));
    from.pipe(to, { end: false });
  }
}
