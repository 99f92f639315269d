/**
 * The API in the test's own process, over a real PostgreSQL and a real socket. Temporal and the engine are where the
 * test says they are; by default nobody listens there, which is the API's own case of "down".
 */
import { createAdaptorServer } from '@hono/node-server';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { pino } from 'pino';
import { createApp } from '../../src/api/app.ts';
import { createSessions } from '../../src/api/auth/session.ts';
import { openEventFeed } from '../../src/api/event-feed.ts';
import { createLiveSplits } from '../../src/api/live-splits.ts';
import { createApiMetrics } from '../../src/api/metrics.ts';
import { createDeliveries } from '../../src/api/webhooks/deliveries.ts';
import { createRefusals } from '../../src/api/webhooks/refusals.ts';
import { createWorkflows } from '../../src/api/workflows.ts';
import { createFcClient } from '../../src/fc/fc2-client.ts';
import { startTestStore, type TestStore } from './test-store.ts';

/** Nobody listens on port 1 of loopback. */
const NOWHERE = '127.0.0.1:1';

export interface ApiServer {
  readonly url: string;
  readonly adminToken: string;
  readonly store: TestStore;
  /** A request with a token (the administrator's unless told otherwise) and a JSON body. */
  call(method: string, path: string, body?: unknown, token?: string): Promise<Response>;
  stop(): Promise<void>;
}

export interface ApiServerOptions {
  readonly localRepositories?: readonly string[];
  readonly temporalAddress?: string;
  readonly fcEndpoint?: string;
  /** Account and key that the engine knows. */
  readonly account?: {
    readonly accountId: string;
    readonly accessKeyId: string;
    readonly accessKeySecret: string;
  };
}

export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const log = pino({ level: process.env['TEST_LOG'] ?? 'silent' });
  const store = await startTestStore(log);
  const workflows = createWorkflows(
    { address: options.temporalAddress ?? NOWHERE, namespace: 'default' },
    log,
  );
  const feed = await openEventFeed({ db: store.db, databaseUrl: store.postgres.url }, log);
  const fcEndpoint = options.fcEndpoint ?? `http://${NOWHERE}`;
  const fc = createFcClient({
    endpoint: fcEndpoint,
    ...(options.account ?? {
      accountId: '1234567890123456',
      accessKeyId: 'test',
      accessKeySecret: 'test',
    }),
    region: 'cn-local',
    timeoutMs: 2_000,
  });
  const adminToken = 'slu_test-admin-token';
  // The address is known only once the server listens, and the app wants it before.
  const server = createAdaptorServer({ fetch: (request, env) => app.fetch(request, env) }) as Server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const refusals = createRefusals({ db: store.db, log });
  const app = createApp({
    config: {
      publicUrl: url,
      localRepositories: options.localRepositories ?? [],
      fcEndpoint,
      region: 'cn-local',
      regions: [],
    },
    adminToken,
    db: store.db,
    fc,
    workflows,
    feed,
    splits: createLiveSplits(fc, { maxAgeMs: 1_000, waitMs: 500 }),
    sessions: createSessions(adminToken),
    metrics: createApiMetrics(),
    deliveries: createDeliveries({ db: store.db }),
    refusals,
    log,
  });
  return {
    url,
    adminToken,
    store,
    call: (method, path, body, token = adminToken) =>
      fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await feed.close();
      server.closeAllConnections();
      await closed;
      await workflows.close();
      await refusals.close();
      await store.close();
    },
  };
}
