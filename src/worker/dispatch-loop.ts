/**
 * Hands over what waits in a table: woken by PostgreSQL, and once a second in case a notification was lost. Failures
 * are the rows' own; a table that cannot be read is tried again.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ensureError } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import { listen } from '../store/listen.ts';

export interface DispatchLoop {
  readonly databaseUrl: string;
  /** PostgreSQL channel that announces new rows. */
  readonly channel: string;
  readonly applicationName: string;
  /** Hands over some rows; resolves with how many, 0 when nothing is due. */
  readonly handOverSome: () => Promise<number>;
  /** From one round that handed something over to the next, milliseconds; left out: none. */
  readonly roundMs?: number;
  /** Hands over when nothing new was announced for so long, or anyway after some more; milliseconds, left out: at once. */
  readonly calm?: { readonly quietMs: number; readonly mostMs: number };
  readonly log: Logger;
}

const POLL_MS = 1_000;

/** Starts handing over; `close` waits for what is under way, `wake` makes it look at once. */
export function startDispatchLoop(loop: DispatchLoop): { wake(): void; close(): Promise<void> } {
  const { databaseUrl, channel, applicationName, handOverSome, roundMs = 0, calm, log } = loop;
  const ended = new AbortController();
  let wake = (): void => undefined;
  let announcedMs = Number.NEGATIVE_INFINITY;
  const onNotify = (): void => {
    announcedMs = performance.now();
    wake();
  };
  const listening = listen({ databaseUrl, channel, applicationName, onNotify, onConnect: () => wake() }, log);

  async function run(): Promise<void> {
    while (!ended.signal.aborted) {
      const nap = new AbortController();
      // Set before the table is read: what is stored meanwhile ends the nap at once.
      wake = () => nap.abort();
      try {
        while ((await round()) > 0 && !ended.signal.aborted) await rest(roundMs);
      } catch (error) {
        log.warn({ err: ensureError(error), channel }, 'what waits to be handed over could not be read');
      }
      await rest(POLL_MS, AbortSignal.any([nap.signal, ended.signal]));
    }
  }
  async function round(): Promise<number> {
    await calmed();
    return handOverSome();
  }
  async function calmed(): Promise<void> {
    if (!calm) return;
    const latestMs = performance.now() + calm.mostMs;
    for (;;) {
      const quietMs = Math.min(announcedMs + calm.quietMs, latestMs) - performance.now();
      if (quietMs <= 0 || ended.signal.aborted) return;
      await rest(quietMs);
    }
  }
  async function rest(forMs: number, signal: AbortSignal = ended.signal): Promise<void> {
    if (forMs > 0) await pause(forMs, undefined, { signal }).catch(() => undefined);
  }
  const running = run();
  return {
    wake: () => wake(),
    close: async () => {
      ended.abort();
      await Promise.all([running, listening.close()]);
    },
  };
}
