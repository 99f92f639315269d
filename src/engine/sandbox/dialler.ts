/**
 * Connections to servers on the loopback of instances' own network namespaces. One small helper process for the whole
 * engine (`dialler.pl`) makes them; the engine then reads and writes them itself. Instances are named by an open
 * descriptor of their namespace, never by a path or a process number that could come to mean something else.
 */
import type { Socket } from 'node:net';
import { constants } from 'node:os';
import { PerlHelper } from './perl-helper.ts';

/** Nothing takes connections there (yet). */
export class NotListeningError extends Error {
  override readonly name = 'NotListeningError';
}

export class Dialler {
  readonly #helper = new PerlHelper('dialler');

  /**
   * A connection to `127.0.0.1:port` in the namespace.
   *
   * @param namespace descriptor of this process, open on `/proc/N/ns/net`
   * @param waitMs how long to go on trying while nothing listens there
   * @throws NotListeningError when nothing listens; any other Error when the namespace cannot be entered
   */
  async dial(namespace: number, port: number, waitMs: number): Promise<Socket> {
    const { socket, errno, reason } = await this.#helper.ask(`${namespace} ${port} ${waitMs}`);
    if (socket) return socket;
    throw errno === constants.errno.ECONNREFUSED ? new NotListeningError(reason) : new Error(reason);
  }

  close(): void {
    this.#helper.close();
  }
}
