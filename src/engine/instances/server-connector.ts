/** How the engine comes by connections to a function's server: from inside the sandbox's network, or straight. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { NotListeningError, type Dialler } from '../sandbox/dialler.ts';
import type { InstanceProcess } from '../sandbox/process.ts';

/** A connection; waits up to `waitMs` for the server to listen. @throws NotListeningError */
export type ServerConnector = (waitMs: number) => Promise<Socket>;

const PAUSE_MS = 10;

/** @param dialler left out where the instance shares this host's network */
export function serverConnector(
  process: InstanceProcess,
  dialler: Dialler | undefined,
  port: number,
): ServerConnector {
  if (!dialler) return (waitMs) => connectHere(port, waitMs);
  const network = new Promise<number>((resolve) => process.onNetwork(resolve));
  return async (waitMs) => dialler.dial(await network, port, waitMs);
}

/** A port of this host that nobody uses just now, for a server that shares its network with all others. */
export function freePort(): number {
  // Without a host name it is bound at once.
  const holder = createServer().listen(0);
  const { port } = holder.address() as AddressInfo;
  holder.close();
  return port;
}

async function connectHere(port: number, waitMs: number): Promise<Socket> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const socket = await tryHere(port);
    if (socket) return socket;
    if (Date.now() >= deadline) throw new NotListeningError(`nothing listens on port ${port}`);
    await new Promise((resolve) => {
      setTimeout(resolve, PAUSE_MS);
    });
  }
}

function tryHere(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', () => {
      socket.destroy();
      resolve(undefined);
    });
  });
}
