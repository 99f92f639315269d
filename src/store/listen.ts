/**
 * Notifications of PostgreSQL: one connection a process, made again when it breaks. A notification carries an id at
 * most and may be lost while the connection is down; so `onConnect` runs after every (re)connect, and whoever listens
 * reads there what it lacks from the table.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import { ensureError } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';

export interface ListenOptions {
  readonly databaseUrl: string;
  readonly channel: string;
  readonly applicationName: string;
  readonly onNotify: (payload: string) => void;
  /** The channel is listened to from here on. */
  readonly onConnect: () => void;
}

export interface Listening {
  close(): Promise<void>;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
/** A connection whose other end vanished without a word shows at the next of these. */
const PROBE_MS = 15_000;

/** Listens until closed; never throws, whatever the database does. */
export function listen(options: ListenOptions, log: Logger): Listening {
  const ended = new AbortController();
  const loop = run(options, log, ended.signal);
  return {
    close: async () => {
      ended.abort();
      await loop;
    },
  };
}

async function run(options: ListenOptions, log: Logger, ended: AbortSignal): Promise<void> {
  let pauseMs = FIRST_PAUSE_MS;
  while (!ended.aborted) {
    try {
      await hold(options, ended, () => (pauseMs = FIRST_PAUSE_MS));
    } catch (error) {
      log.warn({ err: ensureError(error), channel: options.channel }, 'listening to the database broke off');
    }
    await pause(pauseMs, undefined, { signal: ended }).catch(() => undefined);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

/** One connection's life: resolves when `ended`, rejects when the connection breaks. */
async function hold(options: ListenOptions, ended: AbortSignal, connected: () => void): Promise<void> {
  const client = new Client({
    connectionString: options.databaseUrl,
    application_name: options.applicationName,
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
    keepAlive: true,
  });
  const broken = new Promise<never>((_resolve, reject) => {
    client.on('error', reject);
    client.on('end', () => reject(new Error('the connection was closed')));
  });
  const stopped = new Promise<void>((resolve) => {
    ended.addEventListener('abort', () => resolve(), { once: true });
  });
  client.on('notification', (message) => options.onNotify(message.payload ?? ''));
  let probe: NodeJS.Timeout | undefined;
  try {
    await Promise.race([client.connect(), broken]);
    await Promise.race([client.query(`listen ${client.escapeIdentifier(options.channel)}`), broken]);
    connected();
    options.onConnect();
    probe = setInterval(() => {
      client.query('select 1').catch(() => void client.end().catch(() => undefined));
    }, PROBE_MS);
    await Promise.race([stopped, broken]);
  } finally {
    clearInterval(probe);
    // The other end may be gone: do not wait for its farewell longer than for anything else.
    await Promise.race([client.end().catch(() => undefined), pause(1_000)]);
    broken.catch(() => undefined);
  }
}
