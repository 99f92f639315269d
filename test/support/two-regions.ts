/**
 * One Sluice that releases to two regions: its own engine's, and that of another one with a database of its own. The
 * second engine knows the keys of the first one, as the regions of one account do.
 */
import FC from '@alicloud/fc2';
import { ACCOUNT, KEY } from './engine-process.ts';
import { startSluice, type Sluice } from './sluice.ts';
import { startTestEngine, type TestEngine } from './test-engine.ts';

/** The region of the second engine; that of the first one is `cn-local`. */
export const NORTH = 'cn-north';

export interface TwoRegions {
  readonly sluice: Sluice;
  /** The engine in the north. */
  readonly engine: TestEngine;
  /** Clients of both regions, the own one first. */
  readonly clients: readonly [FC, FC];
  close(): Promise<void>;
}

export async function startTwoRegions(): Promise<TwoRegions> {
  const engine = await startTestEngine();
  const env = {
    SLUICE_ACCOUNT_ID: ACCOUNT,
    SLUICE_ACCESS_KEY_ID: KEY.id,
    SLUICE_ACCESS_KEY_SECRET: KEY.secret,
    SLUICE_REGIONS: `${NORTH}=${engine.process.url}`,
  };
  const sluice = await startSluice({ env }).catch(async (error: unknown) => {
    await engine.close();
    throw error;
  });
  const keys = { accessKeyID: KEY.id, accessKeySecret: KEY.secret };
  const client = (region: string, endpoint: string) => new FC(ACCOUNT, { ...keys, region, endpoint });
  return {
    sluice,
    engine,
    clients: [client('cn-local', sluice.stack.engineUrl), client(NORTH, engine.process.url)],
    close: async () => {
      await sluice.stack.stop();
      await engine.close();
    },
  };
}
