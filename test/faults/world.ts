/** A whole Sluice whose way to Function Compute leads through a proxy, and doors that faults need: database, process ids. */
import { readFileSync } from 'node:fs';
import type FC from '@alicloud/fc2';
import { Client } from 'pg';
import { createApi, type Api } from '../support/api.ts';
import { sdkOf } from '../support/sdk.ts';
import { freePorts, startStack, type Stack, type StackOptions } from '../support/stack.ts';
import { startFcProxy, type FcProxy } from './fc-proxy.ts';

export interface World {
  readonly stack: Stack;
  readonly api: Api;
  /** Straight to the engine, as customers call it. */
  readonly fc: FC;
  readonly proxy: FcProxy;
  /** Runs one statement as the database's owner, also while the database is read-only. */
  readonly sql: (statement: string) => Promise<void>;
  stop(): Promise<void>;
}

/** @param now the clock of the stack's parts, Unix milliseconds, where it is not the machine's */
export async function startWorld(options: StackOptions = {}, now: () => number = Date.now): Promise<World> {
  const [enginePort = 0, proxyPort = 0] = await freePorts(2);
  const proxy = await startFcProxy(proxyPort, `http://127.0.0.1:${enginePort}`);
  const stack = await startStack({
    ...options,
    env: { SLUICE_ENGINE_PORT: String(enginePort), SLUICE_FC_ENDPOINT: proxy.url, ...options.env },
  }).catch(async (error: unknown) => {
    await proxy.close();
    throw error;
  });
  return {
    stack,
    api: createApi(stack.url, stack.credentials.adminToken),
    fc: sdkOf(stack, now),
    proxy,
    sql: (statement) => runSql(databaseUrlOf(stack), statement),
    stop: async () => {
      await proxy.setWeather('fine');
      await stack.stop();
      await proxy.close();
    },
  };
}

/** The api's own setting, as the supervisor gave it. */
function databaseUrlOf(stack: Stack): string {
  const environment = readFileSync(`/proc/${stack.pid('api')}/environ`, 'utf8').split('\0');
  const url = environment.find((line) => line.startsWith('DATABASE_URL='))?.slice('DATABASE_URL='.length);
  if (!url) throw new Error('the api has no DATABASE_URL');
  return url;
}

async function runSql(connectionString: string, statement: string): Promise<void> {
  const client = new Client({ connectionString, options: '-c default_transaction_read_only=off' });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
