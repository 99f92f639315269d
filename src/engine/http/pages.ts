/** `/healthz`, `/readyz`, `/metrics` and `/openapi.json` of the engine. */
import type { Pool } from 'pg';
import type { Registry } from 'prom-client';
import { ensureError } from '../../platform/errors.ts';
import type { SandboxState } from '../../platform/sandbox.ts';
import { within } from '../../platform/within.ts';
import type { Page } from './front.ts';
import { openApiDocument } from './openapi.ts';
import type { Operation } from './operation.ts';

const PING_LIMIT_MS = 1_500;

export interface PageOptions {
  readonly pool: Pool;
  readonly sandbox: () => SandboxState;
  /** What holds instances to their limits. */
  readonly limits: () => Readonly<Record<string, unknown>>;
  /** Runtime id → how this host serves it. */
  readonly runtimes: () => Readonly<Record<string, unknown>>;
  /** What `/openapi.json` describes. */
  readonly operations: readonly Operation[];
  readonly metrics: Registry;
}

/**
 * The pages by path. Ready (200) means that the catalog can be written. A missing sandbox or runtime is shown, but
 * does not make the engine unready: the rest of it works.
 */
export function createPages(options: PageOptions): Map<string, Page> {
  const json = (status: number, body: unknown) => ({
    status,
    contentType: 'application/json',
    body: JSON.stringify(body),
  });
  // Turning all schemas around takes some 30 ms, which no start needs to wait for.
  let openApi: ReturnType<typeof json> | undefined;
  return new Map<string, Page>([
    ['/openapi.json', () => Promise.resolve((openApi ??= json(200, openApiDocument(options.operations))))],
    ['/healthz', () => Promise.resolve(json(200, { status: 'alive' }))],
    [
      '/readyz',
      async () => {
        const postgres = await pingDatabase(options.pool);
        const sandbox = options.sandbox();
        return json(postgres.state === 'up' ? 200 : 503, {
          ready: postgres.state === 'up',
          parts: {
            postgres,
            sandbox: sandbox.available
              ? { state: sandbox.mode }
              : { state: 'missing', reason: sandbox.reason, mend: sandbox.mend },
            limits: options.limits(),
            runtimes: options.runtimes(),
          },
        });
      },
    ],
    [
      '/metrics',
      async () => ({
        status: 200,
        contentType: options.metrics.contentType,
        body: await options.metrics.metrics(),
      }),
    ],
  ]);
}

async function pingDatabase(pool: Pool): Promise<{ readonly state: string; readonly reason?: string }> {
  try {
    const reason = await within(
      pool.query('select 1').then(() => null),
      PING_LIMIT_MS,
      () => `no answer within ${PING_LIMIT_MS} ms`,
    );
    return reason === null ? { state: 'up' } : { state: 'down', reason };
  } catch (error) {
    return { state: 'down', reason: ensureError(error).message };
  }
}
