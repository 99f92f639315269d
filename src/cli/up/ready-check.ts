/** The whole is up when the API says so of all parts: `GET /readyz` answers 200. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from '../../platform/config.ts';
import { StartError } from './start-error.ts';

const LIMIT_MS = 60_000;

/** Address on which this machine reaches a server that listens on `host`. */
export function localUrl(host: string, port: number): string {
  const reachable =
    host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host;
  return `http://${reachable}:${port}`;
}

/** @throws StartError with the last answer when it stays unready; the signal's reason when aborted */
export async function waitUntilReady(config: Config, signal: AbortSignal): Promise<void> {
  const url = `${localUrl(config.listenHost, config.port)}/readyz`;
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const said = await ask(url);
    if (said === undefined) return;
    if (Date.now() > deadline)
      throw new StartError(`${url} is not ready within ${LIMIT_MS / 1000} s: ${said}`);
    await pause(50, undefined, { signal });
  }
}

async function ask(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    const text = await answer.text();
    return answer.status === 200 ? undefined : `${answer.status} ${text.slice(0, 500)}`;
  } catch (error) {
    return String(error);
  }
}
