/** The real engine with a PostgreSQL and a home of its own, and the product's client for it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FcClient } from '../../src/fc/client.ts';
import { createFcClient } from '../../src/fc/fc2-client.ts';
import { ACCOUNT, KEY, startEngineProcess, type EngineProcess } from './engine-process.ts';
import { startTestPostgres } from './postgres.ts';

export interface TestEngine {
  readonly process: EngineProcess;
  readonly home: string;
  readonly fc: FcClient;
  /** Ends all of it. */
  close(): Promise<void>;
}

export async function startTestEngine(): Promise<TestEngine> {
  const home = mkdtempSync(join(tmpdir(), 'sluice-engine-'));
  const postgres = await startTestPostgres();
  const process = await startEngineProcess({ home, databaseUrl: postgres.url });
  return {
    process,
    home,
    fc: fcClientFor(process.url),
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
