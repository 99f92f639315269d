/** Ports are tried before anything starts, so that a conflict is one clear line instead of a part that keeps dying. */
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

/** A port that is free now. Somebody may take it before it is used, so whoever asks must be ready to ask again. */
export function freePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === 'object' && address) resolve(address.port);
        else reject(new Error('the system gave no port'));
      });
    });
  });
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
