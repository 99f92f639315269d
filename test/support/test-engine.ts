/** The real engine with a PostgreSQL and a home of its own, and both clients for it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FcClient } from '../../src/fc/client.ts';
import { createFcClient } from '../../src/fc/fc2-client.ts';
import { ACCOUNT, KEY, sdkFor, startEngineProcess, type EngineProcess, type Sdk } from './engine-process.ts';
import { startTestPostgres, type TestPostgres } from './postgres.ts';

export interface TestEngine {
  readonly process: EngineProcess;
  readonly home: string;
  readonly postgres: TestPostgres;
  readonly fc: FcClient;
  readonly sdk: Sdk;
  /** What functions have written until now. @throws Error while that is nothing */
  functionLog(): string;
  /** Ends the process by `signal` (SIGTERM) where it still runs, and starts another one on the same port and home. */
  restart(signal?: NodeJS.Signals): Promise<void>;
  /** Ends all of it. */
  close(): Promise<void>;
}

/** @param env further variables of the engine's environment */
export async function startTestEngine(env: Readonly<Record<string, string>> = {}): Promise<TestEngine> {
  const home = mkdtempSync(join(tmpdir(), 'sluice-engine-'));
  const postgres = await startTestPostgres();
  const settings = { home, databaseUrl: postgres.url, env };
  let process = await startEngineProcess(settings);
  return {
    get process() {
      return process;
    },
    home,
    postgres,
    fc: fcClientFor(process.url),
    sdk: sdkFor(process),
    functionLog: () => readFileSync(join(home, 'engine', 'logs', 'functions.log'), 'utf8'),
    restart: async (signal = 'SIGTERM') => {
      await process.end(signal);
      process = await startEngineProcess({ ...settings, port: process.port });
    },
    close: async () => {
      await process.end('SIGTERM');
      await postgres.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** The product's client for an engine, or for whatever stands in front of one. */
export function fcClientFor(endpoint: string, accessKeySecret = KEY.secret): FcClient {
  return createFcClient({
    endpoint,
    accountId: ACCOUNT,
    accessKeyId: KEY.id,
    accessKeySecret,
    region: 'cn-local',
    timeoutMs: 10_000,
  });
}
