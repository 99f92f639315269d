/**
 * One request to a function's own server, from the connection to the last byte of the answer. It ends once: whole,
 * upgraded, failed or cancelled. A request is never sent twice.
 */
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { ensureError } from '../../platform/errors.ts';
import type { Connections } from './connections.ts';

export interface HttpRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** A stream is read as it is sent. */
  readonly body: Buffer | Readable;
}

export interface HttpExchangeEvents {
  onHead(response: IncomingMessage): void;
  onPiece(piece: Buffer): void;
  onEnd(response: IncomingMessage): void;
  /** The server switched protocols; the connection is the listener's from here on. */
  onUpgrade(response: IncomingMessage, connection: Duplex): void;
  /** Nothing of the request reached the server. */
  onUnsent(error: Error): void;
  /** Something may have. */
  onBroken(error: Error): void;
  /** The request's body failed before its end. */
  onBodyFailed(error: Error): void;
  /** @param bytes as many as the answer says it has, or as came before it was cut off */
  onTooLarge(bytes: number): void;
}

export class HttpExchange {
  readonly #connections: Connections;
  readonly #maxBytes: number;
  readonly #events: HttpExchangeEvents;
  #request: ClientRequest | undefined;
  readonly #isStreaming: boolean;
  #isOver = false;

  /** @param maxBytes largest body of an answer */
  constructor(what: HttpRequest, connections: Connections, maxBytes: number, events: HttpExchangeEvents) {
    this.#connections = connections;
    this.#maxBytes = maxBytes;
    this.#events = events;
    this.#isStreaming = !Buffer.isBuffer(what.body);
    // What the server did to an idle connection is known after the next look at all sockets, which lies between the two:
    // one that it has closed is not taken for the request.
    setImmediate(() =>
      setImmediate(() => {
        if (!this.#isOver) this.#send(what);
      }),
    );
  }

  /** Closes the connection, by which the server may notice. Nothing is reported any more. */
  cancel(): void {
    this.#isOver = true;
    this.#request?.destroy();
  }

  #send({ method, path, headers, body }: HttpRequest): void {
    let sent: ClientRequest;
    try {
      sent = request({ method, path, headers, agent: this.#connections });
    } catch (error) {
      // A method, path or header that Node.js does not put on the wire.
      this.#end(() => this.#events.onBroken(ensureError(error)));
      return;
    }
    this.#request = sent;
    sent.on('response', (response) => this.#read(response));
    sent.on('upgrade', (response, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      if (this.#isOver) socket.destroy();
      this.#end(() => this.#events.onUpgrade(response, socket));
    });
    sent.on('error', (error) =>
      this.#end(() => (sent.socket ? this.#events.onBroken(error) : this.#events.onUnsent(error))),
    );
    if (Buffer.isBuffer(body)) sent.end(body);
    else this.#pipe(body, sent);
  }

  #pipe(body: Readable, sent: ClientRequest): void {
    const fail = (error: Error): void => {
      this.#end(() => this.#events.onBodyFailed(error));
      sent.destroy();
    };
    if (body.errored) return fail(body.errored);
    body.once('error', fail);
    // Where nobody takes the connection, all of it is left for another instance.
    sent.once('socket', () => {
      // The server may have an answer before there is a piece.
      sent.flushHeaders();
      body.pipe(sent);
    });
  }

  #read(response: IncomingMessage): void {
    if (this.#isOver) return;
    const announced = Number(response.headers['content-length'] ?? 0);
    if (announced > this.#maxBytes) {
      this.#cut(announced);
      return;
    }
    // A small answer comes in one turn of the loop and goes on as one, so that it can leave in one write.
    const early: Buffer[] = [];
    let isTold = false;
    const tell = (): void => {
      if (isTold || this.#isOver) return;
      isTold = true;
      this.#events.onHead(response);
      for (const piece of early) this.#events.onPiece(piece);
    };
    setImmediate(tell);
    let bytes = 0;
    response.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (this.#isOver) return;
      if (bytes > this.#maxBytes) this.#cut(bytes);
      else if (isTold) this.#events.onPiece(piece);
      else early.push(piece);
    });
    response.on('end', () => {
      tell();
      this.#end(() => this.#events.onEnd(response));
      // A server that has answered needs no more of a body that is still on its way.
      if (this.#isStreaming && !this.#request?.writableFinished) this.#request?.destroy();
    });
    response.on('error', (error) => this.#end(() => this.#events.onBroken(error)));
  }

  #cut(bytes: number): void {
    this.#end(() => this.#events.onTooLarge(bytes));
    this.#request?.destroy();
  }

  #end(report: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    report();
  }
}
