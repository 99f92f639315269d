/** What the API is made of: every handler takes what it needs from here, `main.ts` puts it together. */
import type { Kysely } from 'kysely';
import type { FcClient } from '../fc/client.ts';
import type { Config } from '../platform/config.ts';
import type { Logger } from '../platform/log.ts';
import type { Tables } from '../store/tables.ts';
import type { Principal } from './auth/principal.ts';
import type { Sessions } from './auth/session.ts';
import type { EventFeed } from './event-feed.ts';
import type { LiveSplits } from './live-splits.ts';
import type { ApiMetrics } from './metrics.ts';
import type { Deliveries } from './webhooks/deliveries.ts';
import type { Refusals } from './webhooks/refusals.ts';
import type { Workflows } from './workflows.ts';

export interface ApiParts {
  readonly config: Pick<Config, 'publicUrl' | 'localRepositories' | 'fcEndpoint' | 'region' | 'regions'>;
  /** The token with role admin that stands outside the tokens table. */
  readonly adminToken: string;
  readonly db: Kysely<Tables>;
  readonly fc: FcClient;
  readonly workflows: Workflows;
  readonly feed: EventFeed;
  readonly splits: LiveSplits;
  readonly sessions: Sessions;
  readonly metrics: ApiMetrics;
  readonly deliveries: Deliveries;
  readonly refusals: Refusals;
  readonly log: Logger;
}

/** Hono's environment: what middleware leaves for handlers. */
export interface ApiEnv {
  Variables: { principal: Principal };
}
