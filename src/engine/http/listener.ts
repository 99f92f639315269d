/** A server of the front with what holds for plain and encrypted connections alike: bad input, upgrades, an orderly end. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { serveDirectly, type ServeDirect } from './direct-connections.ts';
import { KEEP_ALIVE_MS } from './keep-alive.ts';
import { rawBadRequest } from './respond.ts';
import { acceptUpgrades } from './upgrades.ts';

/** `socket` only where the request asks for a WebSocket. */
export type Serve = (request: IncomingMessage, response: ServerResponse, socket: Duplex | undefined) => void;

export interface Listener {
  readonly server: Server;
  /** Stops accepting, lets calls finish for up to `graceMs` milliseconds, then cuts what is left. */
  drain(graceMs: number): Promise<void>;
}

/** @param serveDirect what need not go through `node:http`; only for a server of plain connections */
export function createListener(server: Server, serve: Serve, serveDirect?: ServeDirect): Listener {
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.on('request', (request, response) => serve(request, response, undefined));
  const upgrades = acceptUpgrades(server, serve);
  const direct = serveDirect && serveDirectly(server, serveDirect);

  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const [status, message] =
      error.code === 'HPE_HEADER_OVERFLOW'
        ? ['431 Request Header Fields Too Large', 'the headers are too large']
        : ['400 Bad Request', 'this is not an HTTP/1.1 request'];
    socket.end(rawBadRequest(randomUUID(), status, 'InvalidArgument', message));
  });

  async function drain(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    // Connections become idle one by one; each is closed then, not after its keep-alive time.
    const sweep = setInterval(() => {
      server.closeIdleConnections();
      direct?.closeIdle();
    }, 50);
    const cut = setTimeout(() => {
      server.closeAllConnections();
      direct?.closeAll();
      upgrades.closeAll();
    }, graceMs);
    await closed;
    clearInterval(sweep);
    clearTimeout(cut);
  }

  return { server, drain };
}
