/**
 * The short way for small calls: a connection whose requests come whole and plain is read and answered here, at a third of
 * what `node:http` takes for it. With the first request that is anything else the connection is given to `node:http`, with
 * that request's bytes put back, and stays there.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { DirectReply } from './direct-reply.ts';
import { KEEP_ALIVE_MS } from './keep-alive.ts';
import { readWholeRequest, type WholeRequest } from './whole-request.ts';

/** Answers the request, at once or later; false: it is none that is served this way, and nothing was done. */
export type ServeDirect = (request: WholeRequest, reply: DirectReply) => boolean;

export interface DirectConnections {
  /** Ends those that wait for a request. */
  closeIdle(): void;
  closeAll(): void;
}

/** Puts itself before the server's own reading of its connections. */
export function serveDirectly(server: Server, serve: ServeDirect): DirectConnections {
  const readers = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  server.removeAllListeners('connection');
  const open = new Set<DirectConnection>();
  server.on('connection', (socket) => {
    const connection = new DirectConnection(socket, serve, {
      onHandedOver: () => {
        open.delete(connection);
        for (const read of readers) read.call(server, socket);
      },
      onClosed: () => open.delete(connection),
    });
    open.add(connection);
  });
  return {
    closeIdle() {
      for (const connection of open) connection.closeIfIdle();
    },
    closeAll() {
      for (const connection of open) connection.destroy();
    },
  };
}

interface Ways {
  /** The socket has its unread bytes again and none of our listeners. */
  onHandedOver(): void;
  onClosed(): void;
}

class DirectConnection {
  readonly #socket: Socket;
  readonly #serve: ServeDirect;
  readonly #ways: Ways;
  /** A request of which a part is missing. */
  #held: Buffer | undefined;
  /** The response that is due. */
  #reply: DirectReply | undefined;
  /** What came behind the request that is being answered. */
  #ahead: Buffer | undefined;

  constructor(socket: Socket, serve: ServeDirect, ways: Ways) {
    this.#socket = socket;
    this.#serve = serve;
    this.#ways = ways;
    socket.setTimeout(KEEP_ALIVE_MS);
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onError);
    socket.on('timeout', this.#onTimeout);
    socket.on('close', this.#onClose);
  }

  closeIfIdle(): void {
    if (!this.#reply && !this.#held) this.#socket.destroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #onData = (chunk: Buffer): void => {
    // Behind a response that ends the connection, or behind the caller's own end, nobody could be answered.
    if (!this.#socket.writable) return;
    if (this.#reply) {
      // Requests ahead of their answers: one more read at most, then the caller has to wait.
      this.#ahead = this.#ahead ? Buffer.concat([this.#ahead, chunk]) : chunk;
      this.#socket.pause();
      return;
    }
    const held = this.#held;
    const bytes = held ? Buffer.concat([held, chunk]) : chunk;
    this.#held = undefined;
    const request = readWholeRequest(bytes, this.#socket);
    // Head and body in two writes are common; a body in many pieces is not small, or slow.
    if (request === 'partial' && !held) this.#held = bytes;
    else if (typeof request === 'string') this.#handOver(bytes);
    else {
      const reply = new DirectReply(this.#socket, this.#onFinished);
      if (request.isLast) reply.shouldKeepAlive = false;
      this.#reply = reply;
      if (this.#serve(request, reply)) return;
      this.#reply = undefined;
      this.#handOver(bytes);
    }
  };

  readonly #onFinished = (): void => {
    const reply = this.#reply;
    const ahead = this.#ahead;
    this.#reply = undefined;
    this.#ahead = undefined;
    if (reply && !reply.shouldKeepAlive) this.#socket.destroySoon();
    else if (ahead) this.#handOver(ahead);
  };

  #handOver(bytes: Buffer): void {
    const socket = this.#socket;
    // Nobody could put the bytes back any more.
    if (socket.destroyed || socket.readableEnded) {
      socket.destroy();
      return;
    }
    socket.setTimeout(0);
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('error', this.#onError);
    socket.off('timeout', this.#onTimeout);
    socket.off('close', this.#onClose);
    socket.unshift(bytes);
    this.#ways.onHandedOver();
    socket.resume();
  }

  /** As node:http does: who ends his side is taken for gone, so that a call of his that waits does not run for nobody. */
  readonly #onEnd = (): void => {
    this.#socket.end();
  };

  readonly #onError = (): void => {
    this.#socket.destroy();
  };

  readonly #onTimeout = (): void => {
    if (this.#reply) return;
    const held = this.#held;
    if (held) this.#handOver(held);
    else this.#socket.destroy();
  };

  readonly #onClose = (): void => {
    this.#ways.onClosed();
    this.#reply?.close();
  };
}
