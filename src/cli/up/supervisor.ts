/**
 * The local supervisor: brings up PostgreSQL, Temporal, engine, worker and api in this order, keeps them up, and takes
 * them down in the reverse one. It holds no state of its own: everything that matters is in the home.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../platform/config.ts';
import { loadCredentials } from '../../platform/config.ts';
import { ensureCredentials, type Credentials } from '../../platform/credentials.ts';
import { lockHome } from './home-lock.ts';
import { openLogFile } from './log-file.ts';
import { createPart, whenProbed, type Part, type PartContext } from './part.ts';
import { checkPorts } from './ports.ts';
import { preparePostgres } from './postgres.ts';
import { createProcessTable, endLeftovers } from './process-table.ts';
import { waitUntilReady } from './ready-check.ts';
import type { Screen } from './screen.ts';
import { createService, type ServiceName } from './services.ts';
import { findTemporal } from './temporal-executable.ts';
import { prepareTemporal } from './temporal.ts';

const SERVICES: readonly ServiceName[] = ['engine', 'worker', 'api'];
const ERROR = 50;

export interface Running {
  readonly credentials: Credentials;
  /** True when this home was never up before. */
  readonly isFresh: boolean;
}

export interface Supervisor {
  /** Resolves when all is up. @throws StartError after which `stop` is still to be called */
  start(): Promise<Running>;
  /** Takes everything down in order and gives the home free; later calls wait for the same stop. */
  stop(): Promise<void>;
  /** Ends what still runs at once: for a person who presses Ctrl-C a second time. */
  kill(): void;
}

export function createSupervisor(config: Config, screen: Screen): Supervisor {
  const lock = lockHome(config.home);
  const abort = new AbortController();
  const parts: Part[] = [];
  let stopping: Promise<void> | undefined;

  async function start(): Promise<Running> {
    const left = await endLeftovers(config.home);
    if (left.length > 0) screen.warn(`ended what an earlier start left behind: ${left.join(', ')}`);
    await checkPorts(config.listenHost, [
      { port: config.port, purpose: 'API and console', variable: 'SLUICE_PORT' },
      { port: config.enginePort, purpose: 'Function Compute API', variable: 'SLUICE_ENGINE_PORT' },
      ...(config.engineTlsPort === undefined
        ? []
        : [
            {
              port: config.engineTlsPort,
              purpose: 'custom domains by HTTPS',
              variable: 'SLUICE_ENGINE_TLS_PORT',
            },
          ]),
    ]);
    ensureCredentials(config.home);
    const credentials = loadCredentials(config);
    const table = createProcessTable(config.home);
    const contextOf = (name: string): PartContext => ({
      table,
      screen,
      log: openLogFile(join(config.home, 'logs', `${name}.log`)),
    });

    // Both take a moment on a new home and do not need each other.
    const [database, temporal] = await Promise.all([startDatabase(contextOf), startTemporal(contextOf)]);
    abort.signal.throwIfAborted();

    const begun = Date.now();
    const surroundings = {
      config,
      credentials,
      databaseUrl: database.url,
      temporalAddress: temporal.address,
    };
    const below = [database.part, temporal.part].filter((part) => part !== undefined);
    const services = SERVICES.map((name) => createService(name, surroundings, below, contextOf(name)));
    const waits = services.map(async (part, index) => {
      begin(part);
      await part.ready();
      screen.done(titleOf(part.name), Date.now() - begun, detailOf(SERVICES[index], config));
    });
    await Promise.all(waits);
    await waitUntilReady(config, abort.signal);
    return { credentials, isFresh: markStarted(config.home) };
  }

  function begin(part: Part): void {
    parts.push(part);
    if (!stopping) part.start();
  }

  async function startDatabase(
    contextOf: (name: string) => PartContext,
  ): Promise<{ url: string; part?: Part }> {
    const begun = Date.now();
    if (config.databaseUrl) {
      screen.done('PostgreSQL', 0, 'outside (DATABASE_URL)');
      return { url: config.databaseUrl };
    }
    const postgres = await preparePostgres(config.home, process.env['XDG_RUNTIME_DIR']);
    const part = createPart(
      {
        name: 'postgres',
        needs: [],
        launch: () => postgres.launch(),
        whenReady: (child, signal) => whenProbed(() => postgres.isReady(child.pid), signal),
        // A database that was killed under load replays its journal first.
        readyMs: 120_000,
        stopSignal: 'SIGINT',
        stopMs: 1_500,
        // The API's answers wait for it.
        goesFirst: true,
        showLevel: ERROR,
      },
      contextOf('postgres'),
    );
    begin(part);
    await part.ready();
    screen.done('PostgreSQL', Date.now() - begun, join(config.home, 'postgres'));
    return { url: postgres.url, part };
  }

  async function startTemporal(
    contextOf: (name: string) => PartContext,
  ): Promise<{ address: string; part?: Part }> {
    const begun = Date.now();
    if (config.temporalAddress) {
      screen.done('Temporal', 0, `outside, ${config.temporalAddress} (TEMPORAL_ADDRESS)`);
      return { address: config.temporalAddress };
    }
    const executable = await findTemporal(config.cache, process.env['PATH'] ?? '');
    const temporal = await prepareTemporal(config.home, executable, abort.signal);
    const part = createPart(
      {
        name: 'temporal',
        needs: [],
        launch: () => temporal.launch(),
        whenReady: (_child, signal) => whenProbed(() => temporal.isReady(), signal),
        readyMs: 60_000,
        stopSignal: 'SIGTERM',
        // Its own drain takes 2.4 s; its file survives a kill.
        stopMs: 2_800,
        showLevel: ERROR,
      },
      contextOf('temporal'),
    );
    begin(part);
    await part.ready();
    screen.done('Temporal', Date.now() - begun, temporal.address);
    return { address: temporal.address, part };
  }

  async function stopAll(): Promise<void> {
    abort.abort();
    for (const name of ['api', 'worker', 'engine', 'temporal', 'postgres'])
      for (const part of parts) if (part.name === name) await part.stop();
    lock.release();
  }

  return {
    start,
    stop: () => (stopping ??= stopAll()),
    kill: () => {
      for (const part of parts) part.kill();
    },
  };
}

/** Leaves a mark in a home that came up, and answers whether this was the first time. */
function markStarted(home: string): boolean {
  try {
    writeFileSync(join(home, 'first-start'), `${new Date().toISOString()}\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function titleOf(name: string): string {
  return name === 'api' ? 'API and console' : name.charAt(0).toUpperCase() + name.slice(1);
}

function detailOf(name: ServiceName | undefined, config: Config): string {
  if (name === 'engine') return `Function Compute API on port ${config.enginePort}`;
  if (name === 'api') return `port ${config.port}`;
  return '';
}
