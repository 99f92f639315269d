/** The API's process: connects its parts, listens, says that it is ready, and drains when told to end. */
import { createAdaptorServer } from '@hono/node-server';
import type { Server } from 'node:http';
import { createRegionalClient } from '../fc/regional-client.ts';
import { ConfigError, loadConfig, loadCredentials } from '../platform/config.ts';
import { ensureError } from '../platform/errors.ts';
import { announceReady, createLifecycle } from '../platform/lifecycle.ts';
import { createLog } from '../platform/log.ts';
import { openStore } from '../store/store.ts';
import { createApp } from './app.ts';
import { createSessions } from './auth/session.ts';
import { openEventFeed } from './event-feed.ts';
import { createLiveSplits } from './live-splits.ts';
import { createApiMetrics } from './metrics.ts';
import { startRollbackFinisher } from './rollback-finisher.ts';
import { openDeliveries } from './webhooks/deliveries.ts';
import { createRefusals } from './webhooks/refusals.ts';
import { createWorkflows } from './workflows.ts';

/** Exit code of a configuration that cannot work (EX_CONFIG): starting again does not help. */
const EXIT_CONFIG = 78;
/** Longest drain, milliseconds; below the supervisor's limit. */
const DRAIN_MS = 5_000;
/** What an answer under way may still take once nothing new is taken, milliseconds. */
const FINISH_MS = 2_000;
const FC_WAIT_MS = 10_000;

const log = createLog('api', process.env['SLUICE_LOG_LEVEL'] || 'info');

async function main(): Promise<void> {
  const config = loadConfig();
  log.level = config.logLevel;
  const credentials = loadCredentials(config);
  if (config.databaseUrl === undefined)
    throw new ConfigError('DATABASE_URL is not set; run "sluice up", or name a PostgreSQL');
  if (config.temporalAddress === undefined)
    throw new ConfigError('TEMPORAL_ADDRESS is not set; run "sluice up", or name a Temporal server');

  const lifecycle = createLifecycle(log, DRAIN_MS);
  const { databaseUrl } = config;
  const store = await openStore({ databaseUrl, maxConnections: 10, applicationName: 'sluice-api' }, log);
  lifecycle.onClose('database', () => store.close());
  const deliveries = await openDeliveries(databaseUrl, log);
  lifecycle.onClose('database of webhooks', () => deliveries.close());
  const workflows = createWorkflows(
    { address: config.temporalAddress, namespace: config.temporalNamespace },
    log,
  );
  lifecycle.onClose('temporal', () => workflows.close());
  const feed = await openEventFeed({ db: store.db, databaseUrl }, log);
  lifecycle.onClose('event feed', () => feed.close());
  const fc = createRegionalClient(
    {
      endpoint: config.fcEndpoint,
      accountId: credentials.accountId,
      accessKeyId: credentials.accessKeyId,
      accessKeySecret: credentials.accessKeySecret,
      region: config.region,
      timeoutMs: FC_WAIT_MS,
    },
    config.regions,
  );
  const finisher = startRollbackFinisher({ db: store.db, fc, log });
  lifecycle.onClose('rollbacks', () => finisher.close());
  const refusals = createRefusals({ db: store.db, log });
  lifecycle.onClose('refused deliveries', () => refusals.close());
  const app = createApp({
    config,
    adminToken: credentials.adminToken,
    db: store.db,
    fc,
    workflows,
    feed,
    splits: createLiveSplits(fc, { maxAgeMs: 1_000, waitMs: 1_500 }),
    sessions: createSessions(credentials.adminToken),
    metrics: createApiMetrics(),
    deliveries,
    refusals,
    log,
  });

  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  await listenOn(server, config.port, config.listenHost);
  lifecycle.onClose('http', async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    // Streams have no end of their own: the feed's closing ends them, so it goes first.
    await feed.close();
    server.closeIdleConnections();
    const force = setTimeout(() => server.closeAllConnections(), FINISH_MS);
    await closed;
    clearTimeout(force);
  });
  log.info({ url: config.publicUrl }, `listening on ${config.listenHost}:${config.port}`);
  announceReady();
}

async function listenOn(server: Server, port: number, host: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE' || error.code === 'EACCES'
          ? new ConfigError(
              `port ${port} of ${host} is ${error.code === 'EACCES' ? 'not allowed' : 'taken'}; set SLUICE_PORT to a free one`,
            )
          : error,
      );
    });
    server.listen(port, host, resolve);
  });
}

try {
  await main();
} catch (error) {
  const fault = ensureError(error);
  log.fatal({ err: fault }, fault.message);
  process.exit(fault instanceof ConfigError ? EXIT_CONFIG : 1);
}
