/** Puts the engine together: catalog and counters from PostgreSQL, the runner, the front. `main.ts` is its process. */
import type { Server } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../platform/config.ts';
import type { Credentials } from '../platform/credentials.ts';
import { createDatabase, createPool } from '../platform/database.ts';
import type { Lifecycle } from '../platform/lifecycle.ts';
import type { Logger } from '../platform/log.ts';
import { migrate } from '../platform/migrate.ts';
import { createAcceptor } from './asynchronous/accept.ts';
import { Backlog, backlogLimits } from './asynchronous/backlog.ts';
import { Dispatcher } from './asynchronous/dispatcher.ts';
import { eventOperations } from './asynchronous/event-operation.ts';
import { asyncCallOperations } from './asynchronous/operations.ts';
import { AsyncQueue } from './asynchronous/queue.ts';
import { Timers } from './asynchronous/timers.ts';
import { accountOperations } from './catalog/account.ts';
import { asyncConfigOperations } from './catalog/async-configs.ts';
import { aliasOperations } from './catalog/aliases.ts';
import { Catalog } from './catalog/catalog.ts';
import { codeLinkOperations, CodeLinks } from './catalog/code-links.ts';
import { CodeStore } from './catalog/code-store.ts';
import { restoreCode, startCodeSweep } from './catalog/code-upkeep.ts';
import { customDomainOperations } from './catalog/custom-domains.ts';
import { DomainStore } from './catalog/domain-store.ts';
import { functionOperations } from './catalog/functions.ts';
import { instanceBounds } from './catalog/instance-bounds.ts';
import { countProvisioned, instanceOperations } from './catalog/instances.ts';
import { LayerStore } from './catalog/layer-store.ts';
import { layerOperations } from './catalog/layers.ts';
import { onDemandConfigOperations } from './catalog/on-demand-configs.ts';
import { provisionConfigOperations } from './catalog/provision-configs.ts';
import { imagePins, latestContainers, revisionKeys, type ServiceState } from './catalog/service-state.ts';
import { serviceOperations } from './catalog/services.ts';
import type { EngineTables } from './catalog/tables.ts';
import { temporaryBucketOperations } from './catalog/temporary-buckets.ts';
import { triggerOperations } from './catalog/triggers.ts';
import { tagOperations } from './catalog/tags.ts';
import { versionOperations } from './catalog/versions.ts';
import { vpcBindingOperations } from './catalog/vpc-bindings.ts';
import { createFront } from './http/front.ts';
import { createFunctionRouting } from './http/function-routing.ts';
import { createHttpCalls } from './http/http-calls.ts';
import { createInvocations } from './http/invocations.ts';
import { createPages } from './http/pages.ts';
import { createVerifier } from './http/signature.ts';
import { DEFAULT_LIMITS } from './invoke/runner-limits.ts';
import type { EngineRunner } from './invoke/runner.ts';
import { createPrometheus } from './metrics/prometheus.ts';
import { ringOperations } from './metrics/ring-operation.ts';
import type { SeriesKey } from './metrics/series.ts';
import { SeriesRegistry } from './metrics/series-registry.ts';
import { loadSeries, startSeriesStore } from './metrics/series-store.ts';

const SCHEMA = 'engine';
/** The `.sql` files stay in `src/`, also when the compiled code runs from `dist/`. */
const MIGRATIONS = fileURLToPath(new URL('../../src/engine/catalog/migrations', import.meta.url));
const DATABASE_WAIT_MS = 30_000;
/** How long calls in flight may take to end; the supervisor gives all of us 10 s. */
const DRAIN_MS = 4_000;
const RUNNER_GRACE_MS = 1_000;
/** Largest event and answer of a synchronous call. */
const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;

/** Between two looks for images that nothing refers to. */
const IMAGE_SWEEP_MS = 60 * 60 * 1_000;

export interface EngineOptions {
  readonly config: Config;
  readonly credentials: Credentials;
  readonly log: Logger;
  readonly lifecycle: Lifecycle;
  readonly runner: EngineRunner;
}

/** Starts the engine and returns once it accepts calls. What it opened is closed by `lifecycle`. */
export async function startEngine(options: EngineOptions): Promise<void> {
  const { config, credentials, log, lifecycle, runner } = options;
  if (config.databaseUrl === undefined)
    throw new Error(
      'DATABASE_URL is not set: the engine keeps its catalog in PostgreSQL; run "sluice up" or set it',
    );
  const now = (): number => Date.now();

  await migrate({
    databaseUrl: config.databaseUrl,
    folder: MIGRATIONS,
    schema: SCHEMA,
    log,
    waitMs: DATABASE_WAIT_MS,
  });
  const pool = createPool(
    { url: config.databaseUrl, schema: SCHEMA, maxConnections: 8, applicationName: 'sluice-engine' },
    log,
  );
  const db = createDatabase<EngineTables>(pool);
  lifecycle.onClose('database', () => db.destroy());

  const series = new SeriesRegistry(await loadSeries(db, now()));
  const codeStore = await CodeStore.open(join(config.home, 'engine', 'code'));
  let wakeTimers = (): void => undefined;
  const catalog = await Catalog.load({
    db,
    log,
    now,
    folderOf: (sha256) => codeStore.folder(sha256),
    onReplaced(before, after) {
      if (before?.triggers !== after?.triggers) wakeTimers();
      const bounded = instanceBounds(after);
      for (const [key, { revision }] of instanceBounds(before))
        if (!bounded.has(key)) runner.bound(revision, undefined);
      for (const { revision, bounds } of bounded.values()) runner.bound(revision, bounds);
      const kept = revisionKeys(after);
      for (const key of revisionKeys(before)) if (!kept.has(key)) runner.retire(key);
      for (const revision of latestContainers(after)) runner.images.prepare(revision);
      const name = (before ?? after)?.service.name;
      if (name !== undefined) series.retain(name, (key) => isThere(after, key));
    },
  });
  // A kill between a deletion and the next flush leaves counters of what is gone.
  for (const service of series.services)
    series.retain(service, (key) => isThere(catalog.services.get(service), key));
  await restoreCode(catalog, codeStore, log);
  const layers = new LayerStore(db, now);
  lifecycle.onClose('code sweep', startCodeSweep(catalog, codeStore, layers, log));
  lifecycle.onClose('image sweep', startImageSweep(catalog, runner, log));

  const store = startSeriesStore(db, series, now, log);
  lifecycle.onClose('counters', () => store.close());
  lifecycle.onClose('runner', () => runner.close(RUNNER_GRACE_MS));

  const domains = await DomainStore.load(db, now);
  const queue = new AsyncQueue(db, now);
  const backlog = new Backlog(db, backlogLimits(config.asyncCalls), now);
  const calling = { catalog, runner, series, now, random: Math.random };
  const dispatcher = new Dispatcher({ ...calling, queue, log });
  const timers = new Timers({ db, catalog, dispatcher, now, log });
  lifecycle.onClose('asynchronous calls', () => dispatcher.close(RUNNER_GRACE_MS));
  lifecycle.onClose('timers', () => timers.close());

  const links = new CodeLinks(now);
  const verify = createVerifier({ id: credentials.accessKeyId, secret: credentials.accessKeySecret }, now);
  const operations = [
    ...serviceOperations(catalog),
    ...functionOperations({ catalog, codeStore, links, layers }),
    ...layerOperations({
      layers,
      codeStore,
      links,
      region: config.region,
      accountId: credentials.accountId,
    }),
    ...versionOperations(catalog),
    ...aliasOperations(catalog),
    ...triggerOperations(catalog),
    ...customDomainOperations(domains, {
      accountId: credentials.accountId,
      reservedHosts: [config.listenHost, new URL(config.fcEndpoint).hostname],
      now,
    }),
    ...tagOperations(catalog),
    ...vpcBindingOperations(catalog),
    ...asyncConfigOperations(catalog),
    ...asyncCallOperations({ catalog, db, queue, now, dispatcher }),
    ...eventOperations({ catalog, queue, backlog, dispatcher, now }),
    ...onDemandConfigOperations(catalog),
    ...provisionConfigOperations({
      catalog,
      accountId: credentials.accountId,
      provisioned: (of) => countProvisioned(catalog, runner, of),
    }),
    ...instanceOperations(catalog, runner, log),
    ...temporaryBucketOperations(catalog),
    ...accountOperations(config.region, config.instances ?? DEFAULT_LIMITS.instances),
    ...codeLinkOperations(links, codeStore),
    ...ringOperations(catalog, series, now),
  ];
  const accept = createAcceptor({ catalog, queue, backlog, dispatcher });
  const front = createFront({
    log,
    verify,
    operations,
    routeOf: createFunctionRouting(domains),
    invoke: createInvocations({ ...calling, maxPayloadBytes: MAX_PAYLOAD_BYTES, accept }),
    callHttp: createHttpCalls({ ...calling, maxPayloadBytes: MAX_PAYLOAD_BYTES, verify, accept }),
    certificates:
      config.engineTlsPort === undefined ? undefined : (name) => domains.get(name)?.secureContext(),
    pages: createPages({
      pool,
      sandbox: () => runner.sandbox,
      limits: () => ({ ...runner.limits }),
      runtimes: () => runner.runtimes(),
      operations,
      metrics: createPrometheus(series, () => runner.stats),
    }),
  });
  await listen(front.server, config.enginePort, config.listenHost);
  if (front.secureServer && config.engineTlsPort !== undefined)
    await listen(front.secureServer, config.engineTlsPort, config.listenHost);
  lifecycle.onClose('front', () => front.drain(DRAIN_MS));
  dispatcher.wake();
  wakeTimers = () => timers.wake();
  wakeTimers();
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Whether what a series counts still exists; calls through a deleted alias stay, their version answers for them. */
function isThere(state: ServiceState | undefined, { version, function: name }: SeriesKey): boolean {
  const deployment = version === 'LATEST' ? state?.latest : state?.deployments.get(version);
  return deployment?.targets.has(name) ?? false;
}

/** Removes images that nothing refers to any more, from time to time; returns how to stop it. */
function startImageSweep(catalog: Catalog, runner: EngineRunner, log: Logger): () => void {
  const sweep = setInterval(() => {
    const pins = new Set([...catalog.services.values()].flatMap((state) => [...imagePins(state)]));
    runner.images
      .sweep((pin) => pins.has(pin))
      .catch((error: unknown) => log.warn({ err: error }, 'unused images could not be removed'));
  }, IMAGE_SWEEP_MS);
  sweep.unref();
  return () => clearInterval(sweep);
}
