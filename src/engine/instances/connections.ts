/**
 * The kept connections to one function's own server. At most one for each call that the instance takes: a server that
 * handles one connection at a time must not find a second one in front of the next call.
 */
import { Agent } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ensureError } from '../../platform/errors.ts';

/** Servers keep connections for 15 minutes at least (runtimes.md §8); one that says less in its answers is believed. */
const IDLE_MS = 15 * 60_000;

export class Connections extends Agent {
  readonly #connect: () => Promise<Socket>;
  #first: Socket | undefined;

  constructor(connect: () => Promise<Socket>, most: number) {
    super({ keepAlive: true, maxSockets: most, timeout: IDLE_MS });
    this.#connect = connect;
  }

  /** Takes the connection by which the server was found to listen, for the first request. */
  offer(socket: Socket): void {
    this.#first = socket;
    socket.on('error', () => socket.destroy());
  }

  override createConnection(
    _options: object,
    callback: (error: Error | null, stream: Duplex) => void,
  ): Duplex | undefined {
    const first = this.#first;
    this.#first = undefined;
    if (first && !first.destroyed) return first;
    void this.#make(callback);
    return undefined;
  }

  async #make(callback: (error: Error | null, stream: Duplex) => void): Promise<void> {
    let socket: Socket;
    try {
      socket = await this.#connect();
    } catch (error) {
      // What goes with an error is not looked at.
      callback(ensureError(error), undefined as unknown as Duplex);
      return;
    }
    callback(null, socket);
  }

  override destroy(): void {
    this.#first?.destroy();
    super.destroy();
  }
}
