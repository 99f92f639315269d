/**
 * The kept connections to one function's own server. At most one for each call that the instance takes: a server that
 * handles one connection at a time must not find a second one in front of the next call.
 */
import { Agent } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ensureError } from '../../platform/errors.ts';

/**
 * How long an unused connection is kept: less than it takes until an idle instance is frozen. A server whose own limit
 * passed meanwhile would close it at the thaw, under the next request; a new one costs about 1 ms.
 */
const IDLE_MS = 150;

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

  /** Whether somebody takes connections there now. */
  async isListening(): Promise<boolean> {
    try {
      (await this.#connect()).on('error', () => undefined).destroy();
      return true;
    } catch {
      return false;
    }
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
