/**
 * The environment, parsed once. Every variable of Sluice's stable interface is read here and nowhere else;
 * below this file nobody looks at `process.env`. Values that are not given get their documented default, so the
 * resolved type has no optional numbers.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { readCredentials, type Credentials } from './credentials.ts';
import { regionEndpoints, type RegionEndpoint } from './regions.ts';
import { pairOf, variableList } from './variable-list.ts';

/** Whether functions and builds run inside bubblewrap. `off` is an operator's explicit choice. */
export type SandboxMode = 'on' | 'off';

/** Everything a Sluice process needs to know of its surroundings. Ports are TCP ports on `listenHost`. */
export interface Config {
  /** Folder that holds all data of this installation (`SLUICE_HOME`). */
  readonly home: string;
  /** Folder for downloads and built servers, shared by homes (`SLUICE_CACHE`). */
  readonly cache: string;
  readonly listenHost: string;
  readonly port: number;
  readonly enginePort: number;
  /** Where custom domains are served by HTTPS; `undefined`: nowhere. */
  readonly engineTlsPort: number | undefined;
  readonly logPort: number;
  readonly ossPort: number;
  /** The home region: that of the FC endpoint below. */
  readonly region: string;
  /** Further regions that a plan may name. */
  readonly regions: readonly RegionEndpoint[];
  readonly sandbox: SandboxMode;
  /** Most instances of functions at once; `undefined`: the engine's own default. */
  readonly instances: number | undefined;
  /** Most asynchronous calls that have not ended; `undefined`: the engine's own default. */
  readonly asyncCalls: number | undefined;
  /** Most memory of all instances together, in MB; `undefined`: three quarters of the machine's. */
  readonly functionMemoryMb: number | undefined;
  /** Most runtimes of a kind that wait for a function, 0: none; `undefined`: the engine's own default. */
  readonly waitingRuntimes: number | undefined;
  readonly demo: boolean;
  /** Absolute folders under which a project's repository may be a plain path. */
  readonly localRepositories: readonly string[];
  /** Addresses that plans' own metrics may be read from: a URL allows itself and what lies below it. */
  readonly metricSources: readonly string[];
  /** Where people and webhooks reach the API; used in links. */
  readonly publicUrl: string;
  /** FC endpoint the releases are made against: the built-in engine unless told otherwise. */
  readonly fcEndpoint: string;
  /** PostgreSQL; the supervisor sets it to the embedded one where the operator gave none. */
  readonly databaseUrl: string | undefined;
  /** Temporal frontend `host:port`; the supervisor sets it where the operator gave none. */
  readonly temporalAddress: string | undefined;
  readonly temporalNamespace: string;
  readonly logLevel: string;
  /** Interpreter by runtime id, instead of what the engine would find: `SLUICE_RUNTIMES=python2.7=/path,php7.2=/path`. */
  readonly runtimes: Readonly<Record<string, string>>;
  /** Whether the engine fetches Node.js majors that functions ask for and nobody has. */
  readonly fetchRuntimes: boolean;
}

const anyPort = z.coerce.number().int().min(1).max(65535);
const port = (fallback: number) => anyPort.default(fallback);

const Environment = z.object({
  SLUICE_HOME: z.string().min(1).optional(),
  SLUICE_CACHE: z.string().min(1).optional(),
  SLUICE_HOST: z.string().min(1).default('127.0.0.1'),
  SLUICE_PORT: port(7400),
  SLUICE_ENGINE_PORT: port(7401),
  SLUICE_ENGINE_TLS_PORT: anyPort.optional(),
  SLUICE_LOG_PORT: port(7402),
  SLUICE_OSS_PORT: port(7403),
  SLUICE_REGION: z.string().min(1).default('cn-local'),
  SLUICE_REGIONS: regionEndpoints,
  SLUICE_SANDBOX: z.enum(['on', 'off']).default('on'),
  SLUICE_INSTANCES: z.coerce.number().int().min(1).max(10_000).optional(),
  SLUICE_ASYNC_CALLS: z.coerce.number().int().min(1).max(10_000_000).optional(),
  SLUICE_FUNCTION_MEMORY_MB: z.coerce.number().int().min(128).optional(),
  SLUICE_WAITING_RUNTIMES: z.coerce.number().int().min(0).max(16).optional(),
  SLUICE_DEMO: z.enum(['0', '1']).default('1'),
  SLUICE_LOCAL_REPOSITORIES: z.string().default(''),
  SLUICE_METRIC_SOURCES: variableList.pipe(
    z.array(z.url({ protocol: /^https?$/, error: 'http and https addresses, separated by commas' })),
  ),
  SLUICE_RUNTIMES: variableList
    .pipe(z.array(z.string().regex(/^[a-z][a-z0-9.-]*=\/./, 'id=/path/to/interpreter, separated by commas')))
    .transform((pairs) => Object.fromEntries(pairs.map(pairOf))),
  SLUICE_FETCH_RUNTIMES: z.enum(['0', '1']).default('1'),
  SLUICE_URL: z.url().optional(),
  SLUICE_FC_ENDPOINT: z.url().optional(),
  SLUICE_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  DATABASE_URL: z.string().min(1).optional(),
  TEMPORAL_ADDRESS: z.string().min(1).optional(),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
});

/** A variable that cannot be used; the message names it and says what is allowed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the configuration of this process.
 *
 * @param env the variables; defaults to `process.env` after `.env` of the working directory was merged under it
 * @throws ConfigError naming each variable that does not fit
 */
export function loadConfig(env: NodeJS.ProcessEnv = processEnvironment()): Config {
  // An empty variable means "not given": shells and .env files cannot unset one otherwise.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = Environment.safeParse(given);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new ConfigError(`the environment cannot be used: ${faults.join('; ')}`);
  }
  const e = parsed.data;
  if (e.SLUICE_REGIONS.some(({ name }) => name === e.SLUICE_REGION))
    throw new ConfigError(
      `the environment cannot be used: SLUICE_REGIONS: ${e.SLUICE_REGION} is SLUICE_REGION already, whose endpoint is SLUICE_FC_ENDPOINT; leave it out`,
    );
  const home = resolve(e.SLUICE_HOME ?? join(homedir(), '.sluice'));
  return {
    home,
    cache: resolve(e.SLUICE_CACHE ?? join(homedir(), '.cache', 'sluice')),
    listenHost: e.SLUICE_HOST,
    port: e.SLUICE_PORT,
    enginePort: e.SLUICE_ENGINE_PORT,
    engineTlsPort: e.SLUICE_ENGINE_TLS_PORT,
    logPort: e.SLUICE_LOG_PORT,
    ossPort: e.SLUICE_OSS_PORT,
    region: e.SLUICE_REGION,
    regions: e.SLUICE_REGIONS,
    sandbox: e.SLUICE_SANDBOX,
    instances: e.SLUICE_INSTANCES,
    asyncCalls: e.SLUICE_ASYNC_CALLS,
    functionMemoryMb: e.SLUICE_FUNCTION_MEMORY_MB,
    waitingRuntimes: e.SLUICE_WAITING_RUNTIMES,
    demo: e.SLUICE_DEMO === '1',
    // The sample's repository lies in the home itself, which nobody but the operator can write.
    localRepositories: [...e.SLUICE_LOCAL_REPOSITORIES.split(':').filter(Boolean), join(home, 'demo')].map(
      (path) => resolve(path),
    ),
    metricSources: e.SLUICE_METRIC_SOURCES,
    publicUrl: e.SLUICE_URL ?? `http://127.0.0.1:${e.SLUICE_PORT}`,
    fcEndpoint: e.SLUICE_FC_ENDPOINT ?? `http://127.0.0.1:${e.SLUICE_ENGINE_PORT}`,
    databaseUrl: e.DATABASE_URL,
    temporalAddress: e.TEMPORAL_ADDRESS,
    temporalNamespace: e.TEMPORAL_NAMESPACE,
    logLevel: e.SLUICE_LOG_LEVEL,
    runtimes: e.SLUICE_RUNTIMES,
    fetchRuntimes: e.SLUICE_FETCH_RUNTIMES === '1',
  };
}

/**
 * The secrets of this installation: from the environment where given, else from `credentials.json` of the home.
 *
 * @throws ConfigError when a secret is in neither place
 */
export function loadCredentials(config: Config, env: NodeJS.ProcessEnv = process.env): Credentials {
  const stored = readCredentials(config.home);
  const pick = (name: keyof Credentials, variable: string): string => {
    const value = env[variable] || stored?.[name];
    if (!value)
      throw new ConfigError(
        `${variable} is not set and ${config.home}/credentials.json has no ${name}; run "sluice up" once or set it`,
      );
    return value;
  };
  return {
    accountId: pick('accountId', 'SLUICE_ACCOUNT_ID'),
    accessKeyId: pick('accessKeyId', 'SLUICE_ACCESS_KEY_ID'),
    accessKeySecret: pick('accessKeySecret', 'SLUICE_ACCESS_KEY_SECRET'),
    adminToken: pick('adminToken', 'SLUICE_ADMIN_TOKEN'),
  };
}

function processEnvironment(): NodeJS.ProcessEnv {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return process.env;
}
