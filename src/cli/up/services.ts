/** Sluice's own processes: engine, worker, api. Each is `dist/<room>/main.js` with its whole configuration in the environment. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../platform/config.ts';
import type { Credentials } from '../../platform/credentials.ts';
import { createPart, whenAnnounced, type Part, type PartContext } from './part.ts';

const DIST = fileURLToPath(new URL('../..', import.meta.url));
/** Migrations of a first start and a busy machine included. */
const READY_MS = 60_000;
const WARN = 40;

export type ServiceName = 'engine' | 'worker' | 'api';

/**
 * Node.js settings by part: the worker's young generation is kept small, which saves a fifth of its memory (measured). The
 * engine's may grow to twice the usual: most of what a call needs is dead before the next round then, which saves a seventh
 * of the processor time of a call for 25 MB under load. The API collects its young generation by itself, since the threads
 * that would help have to wait where there is too little time for all.
 */
const NODE_OPTIONS: Readonly<Record<ServiceName, readonly string[]>> = {
  engine: ['--max-semi-space-size=32'],
  worker: ['--max-semi-space-size=1'],
  api: ['--no-parallel-scavenge'],
};

/** Draining gets this long; together with the other parts a stop stays under ten seconds. */
const STOP_MS: Readonly<Record<ServiceName, number>> = { engine: 2_000, worker: 2_500, api: 1_500 };

export interface ServiceSurroundings {
  readonly config: Config;
  readonly credentials: Credentials;
  readonly databaseUrl: string;
  readonly temporalAddress: string;
}

export function createService(
  name: ServiceName,
  surroundings: ServiceSurroundings,
  needs: readonly Part[],
  context: PartContext,
): Part {
  const env = serviceEnvironment(surroundings);
  return createPart(
    {
      name,
      needs,
      launch: async () => ({
        command: [
          process.execPath,
          '--enable-source-maps',
          ...NODE_OPTIONS[name],
          join(DIST, name, 'main.js'),
        ],
        env,
        ipc: true,
      }),
      whenReady: whenAnnounced,
      readyMs: READY_MS,
      stopSignal: 'SIGTERM',
      stopMs: STOP_MS[name],
      // Providers give up on a webhook; whoever decides or rolls back looks at the page.
      goesFirst: name === 'api',
      showLevel: WARN,
    },
    context,
  );
}

function serviceEnvironment({
  config,
  credentials,
  databaseUrl,
  temporalAddress,
}: ServiceSurroundings): NodeJS.ProcessEnv {
  return {
    ...process.env,
    SLUICE_HOME: config.home,
    SLUICE_CACHE: config.cache,
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    SLUICE_ACCOUNT_ID: credentials.accountId,
    SLUICE_ACCESS_KEY_ID: credentials.accessKeyId,
    SLUICE_ACCESS_KEY_SECRET: credentials.accessKeySecret,
    SLUICE_ADMIN_TOKEN: credentials.adminToken,
    // The sample's repository is a plain path; it lies in the home, which is the operator's own.
    SLUICE_LOCAL_REPOSITORIES: [...config.localRepositories, join(config.home, 'demo')].join(':'),
    // glibc's arenas, one a thread, hold memory that nobody uses (measured: a fifth of the worker's).
    MALLOC_ARENA_MAX: process.env['MALLOC_ARENA_MAX'] ?? '2',
  };
}
