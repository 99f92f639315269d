/**
 * The worker process: wires the activities to real parts, runs the Temporal workers and the dispatchers. Any
 * number of them may run; none keeps anything that another could not go on from.
 */
import { hostname } from 'node:os';
import { Client } from '@temporalio/client';
import { Runtime } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import { guardBuildNetwork } from '../activities/build/network-guard.ts';
import { BUILD_UID } from '../activities/build/run-in-sandbox.ts';
import type { FcClientSettings } from '../fc/fc2-client.ts';
import { createRegionalClient } from '../fc/regional-client.ts';
import { ConfigError, loadConfig, loadCredentials } from '../platform/config.ts';
import { ensureError } from '../platform/errors.ts';
import { announceReady, createLifecycle } from '../platform/lifecycle.ts';
import { createLog, type Logger } from '../platform/log.ts';
import { probeSandbox } from '../platform/sandbox.ts';
import { recordBeat } from '../store/parts.ts';
import { openStore, type Store } from '../store/store.ts';
import { aliasSignal, lookSignal, releaseWorkflowId } from '../workflows/messages.ts';
import { startDispatcher } from './dispatcher.ts';
import { startLaneNotices } from './lane-notices.ts';
import { startNotifications } from './notifications.ts';
import { temporalLogger } from './temporal-log.ts';
import { connectTemporal, createWorkers } from './workers.ts';

/** Longest drain; the supervisor kills after 2.5 s. */
const DRAIN_MS = 2_400;
const BEAT_MS = 2_000;
/**
 * Aliases, versions and counters answer at once or not at all. Three tries of a move, each of two such waits, must be
 * over within a minute: then people are told that the engine does not answer.
 */
const QUICK_MS = 7_000;
/** A function may run for ten minutes, after five of initialisation. */
const SLOW_MS = 16 * 60_000;

const config = loadConfig();
const log = createLog('worker', config.logLevel);

async function main(): Promise<void> {
  const { databaseUrl, temporalAddress, temporalNamespace: namespace } = config;
  if (databaseUrl === undefined || temporalAddress === undefined)
    throw new ConfigError('a worker needs DATABASE_URL and TEMPORAL_ADDRESS; "sluice up" sets both');
  const credentials = loadCredentials(config);
  const lifecycle = createLifecycle(log, DRAIN_MS);
  Runtime.install({ logger: temporalLogger(log), shutdownSignals: [] });

  const store = await openStore({ databaseUrl, maxConnections: 10, applicationName: 'sluice-worker' }, log);
  lifecycle.onClose('store', () => store.close());
  const sandbox = probeSandbox(config.sandbox);
  if (!sandbox.available) log.warn(`builds are refused: ${sandbox.reason}; mend: ${sandbox.mend}`);
  else if (sandbox.mode === 'off') log.warn('SLUICE_SANDBOX=off: builds run without a sandbox');
  else {
    const guard = await guardBuildNetwork(BUILD_UID);
    if (!guard.active) log.warn(`builds can reach services on this machine's loopback: ${guard.reason}`);
  }

  const connection = await connectTemporal(temporalAddress, log);
  lifecycle.onClose('temporal', () => connection.close());
  const client = new Client({ connection, namespace });
  const fcSettings: Omit<FcClientSettings, 'timeoutMs'> = {
    endpoint: config.fcEndpoint,
    accountId: credentials.accountId,
    accessKeyId: credentials.accessKeyId,
    accessKeySecret: credentials.accessKeySecret,
    region: config.region,
  };
  const activities = createActivities({
    db: store.db,
    fc: createRegionalClient({ ...fcSettings, timeoutMs: QUICK_MS }, config.regions),
    slowFc: createRegionalClient({ ...fcSettings, timeoutMs: SLOW_MS }, config.regions),
    regions: { home: config.region, known: [config.region, ...config.regions.map(({ name }) => name)] },
    home: config.home,
    sandbox,
    localRepositories: config.localRepositories,
    metricSources: config.metricSources,
    secrets: [credentials.accessKeySecret, credentials.adminToken, ...passwordOf(databaseUrl)],
    publicUrl: config.publicUrl,
    tellLook: (releaseId, look) =>
      client.workflow.getHandle(releaseWorkflowId(releaseId)).signal(lookSignal, look),
    tellAlias: (releaseId, service) =>
      client.workflow.getHandle(releaseWorkflowId(releaseId)).signal(aliasSignal, { service }),
    log,
  });
  const workers = await createWorkers({ connection, namespace, activities, log });
  const running = Promise.all(workers.map((worker) => worker.run()));
  lifecycle.onClose('workers', async () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    await running;
  });
  const dispatcher = startDispatcher({ db: store.db, databaseUrl, client, log });
  lifecycle.onClose('dispatcher', () => dispatcher.close());
  const notices = startLaneNotices({ db: store.db, databaseUrl, client, log });
  lifecycle.onClose('notices', () => notices.close());
  const notifications = startNotifications({
    db: store.db,
    databaseUrl,
    publicUrl: config.publicUrl,
    log,
  });
  lifecycle.onClose('notifications', () => notifications.close());
  const beats = startBeats(store, log);
  lifecycle.onClose('beats', () => clearInterval(beats));
  announceReady();
  log.info({ temporal: temporalAddress, engine: config.fcEndpoint }, 'worker is up');
  await running;
}

/** Signs of life in the table that the api reads for `/readyz`. */
function startBeats({ db }: Store, log: Logger): NodeJS.Timeout {
  const instance = `${hostname()}:${process.pid}`;
  const beat = (): void => {
    recordBeat(db, { part: 'worker', instance, detail: {} }).catch((error: unknown) => {
      log.warn({ err: ensureError(error) }, 'the sign of life could not be stored');
    });
  };
  beat();
  return setInterval(beat, BEAT_MS);
}

/** The password of a database URL, which must not show in a build's log. */
function passwordOf(databaseUrl: string): string[] {
  const [, password] = /^[a-z]+:\/\/[^:/@]*:([^@]*)@/i.exec(databaseUrl) ?? [];
  return password === undefined ? [] : [password, decodeURIComponent(password)];
}

main().catch((error: unknown) => {
  log.fatal({ err: ensureError(error) }, 'the worker cannot go on');
  process.exit(1);
});
