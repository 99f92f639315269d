/**
 * Requests that ask for another protocol. A WebSocket is served with its connection at hand; whatever else offers an
 * upgrade (Java's client offers HTTP/2 with each first request) is served as if it had not.
 */
import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/** How long a caller that got its answer may leave its side of the connection open. */
const DISCARD_MS = 2_000;

export interface Upgrades {
  /** Cuts connections that no server counts as its own any more. */
  closeAll(): void;
}

export function acceptUpgrades(
  server: Server,
  serve: (request: IncomingMessage, response: ServerResponse, socket: Duplex) => void,
): Upgrades {
  const open = new Set<Duplex>();
  // Node.js parses no body and no further request once there is a listener, whatever the protocol.
  server.on('upgrade', (request, socket, first) => {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      serveAgain(server, request, socket, first);
      return;
    }
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    if (first.length > 0) socket.unshift(first);
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Socket);
    response.once('finish', () => {
      response.detachSocket(socket as Socket);
      closeSoon(socket);
    });
    serve(request, response, socket);
  });
  return {
    closeAll() {
      for (const socket of open) socket.destroy();
    },
  };
}

/**
 * Ends a connection that no parser reads any more. What the caller still sends is thrown away: unread bytes would hide its
 * own end for ever, and closing at once would reset the connection before the answer was read.
 */
function closeSoon(socket: Duplex): void {
  const cut = setTimeout(() => socket.destroy(), DISCARD_MS);
  socket.once('close', () => clearTimeout(cut));
  socket.resume();
  socket.end();
}

/** Gives the connection back to the parser, with a head that asks for nothing. */
function serveAgain(server: Server, request: IncomingMessage, socket: Duplex, first: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  const { rawHeaders: raw } = request;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? '';
    if (!/^(connection|upgrade|http2-settings)$/i.test(name)) lines.push(`${name}: ${raw[at + 1]}`);
  }
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  socket.unshift(Buffer.concat([head, first]));
  server.emit(socket instanceof TLSSocket ? 'secureConnection' : 'connection', socket);
}
