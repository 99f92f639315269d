/** Ports are tried before anything starts, so that a conflict is one clear line instead of a part that keeps dying. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { ensureError } from '../../platform/errors.ts';
import { StartError } from './start-error.ts';

export interface WantedPort {
  readonly port: number;
  /** What it is for, e.g. `API and console`. */
  readonly purpose: string;
  /** Variable that changes it. */
  readonly variable: string;
}

/** @throws StartError naming each port that cannot be used, why, and the variable that changes it */
export async function checkPorts(host: string, wanted: readonly WantedPort[]): Promise<void> {
  const faults: string[] = [];
  for (const [index, { port, purpose, variable }] of wanted.entries()) {
    const twin = wanted.slice(0, index).find((other) => other.port === port);
    const fault = twin ? `is also ${twin.variable}` : await tryPort(host, port);
    if (fault) faults.push(`port ${port} (${purpose}) ${fault}; choose another one with ${variable}`);
  }
  if (faults.length > 0) throw new StartError(faults.join('\n'));
}

/** Below the ports that Linux gives to outgoing connections (`ip_local_port_range`, 32768 and above). */
const [LOWEST, BEYOND] = [12_000, 32_000];
const MOST_TRIES = 1_000;

/**
 * A port that is free now. One that an outgoing connection may get could be taken while what listens on it is started
 * again, by the very clients that try to reach it.
 */
export async function freePort(host: string): Promise<number> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const port = randomInt(LOWEST, BEYOND);
    if ((await tryPort(host, port)) === undefined) return port;
  }
  throw new StartError(`no free port was found on ${host} from ${LOWEST} to ${BEYOND - 1}`);
}

function tryPort(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE') resolve('is in use');
      else if (code === 'EACCES') resolve('may not be used by this user');
      else if (code === 'EADDRNOTAVAIL')
        resolve(`cannot be used: ${host} (SLUICE_HOST) is no address of this machine`);
      else resolve(`cannot be used: ${ensureError(error).message}`);
    });
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}
