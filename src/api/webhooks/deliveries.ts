/** The questions of a webhook to the database, each asked for all that wait for it. */
import type { Logger } from '../../platform/log.ts';
import {
  acceptDeliveries,
  prepareDeliveries,
  type DeliveryResult,
  type Told,
} from '../../store/deliveries.ts';
import { createDispatcherBell } from '../../store/outbox.ts';
import { findProjectsForWebhooks, type WebhookProject } from '../../store/projects.ts';
import { connectStore } from '../../store/store.ts';
import { isDatabaseLost } from '../database-retry.ts';
import type { ApiParts } from '../parts.ts';
import { together } from './together.ts';

export interface Deliveries {
  /**
   * The project that a webhook is for, as it was read at some time: `accept` finds out what has changed since. In a burst of
   * pushes each would wait for two answers of the database else. `undefined`: there is none. @throws where the database
   * does not answer
   */
  project(name: string): Promise<WebhookProject | undefined>;
  /** The same, as it is now. */
  projectNow(name: string): Promise<WebhookProject | undefined>;
  /** Stores a delivery and what follows from it, or finds what followed before. @throws where the database takes nothing */
  accept(told: Told): Promise<DeliveryResult>;
}

/** Longest that the dispatcher does not hear of a push after another one, milliseconds; it waits longer for calm. */
const TELL_EVERY_MS = 20;

/** One that stores, one that stores what came meanwhile, one that tells the dispatcher: opening one costs 15 ms of processor time. */
const KEPT_CONNECTIONS = 3;

/** Over connections of its own, which are open and prepared before the first push: pages never make a webhook wait. */
export async function openDeliveries(
  databaseUrl: string,
  log: Logger,
): Promise<Deliveries & { close(): Promise<void> }> {
  const store = connectStore(
    {
      databaseUrl,
      maxConnections: 2 * KEPT_CONNECTIONS,
      keptConnections: KEPT_CONNECTIONS,
      applicationName: 'sluice-webhooks',
    },
    log,
  );
  // A database that takes nothing now may do so later.
  await prepareDeliveries(store.db, KEPT_CONNECTIONS).catch((error: unknown) =>
    log.warn({ err: error }, 'the first webhook will wait for what could not be prepared'),
  );
  return { ...createDeliveries(store), close: () => store.close() };
}

export function createDeliveries({ db }: Pick<ApiParts, 'db'>): Deliveries {
  const known = new Map<string, WebhookProject>();
  const read = together<string, WebhookProject | undefined>({
    work: async (names) => {
      const found = await findProjectsForWebhooks(db, names);
      return names.map((name) => found.get(name));
    },
    // Reading has no order.
    keyOf: () => Symbol('reading'),
    isOfAll: isDatabaseLost,
  });
  const tell = createDispatcherBell(db, TELL_EVERY_MS);
  const accept = together<Told, DeliveryResult>({
    work: async (items) => {
      const results = await acceptDeliveries(db, items);
      const [made] = results.flatMap((result) => (result.kind === 'stored' ? result.made : []));
      if (made !== undefined) tell(made);
      return results;
    },
    keyOf: ({ delivery }) => delivery.project,
    isOfAll: isDatabaseLost,
  });
  const projectNow = async (name: string): Promise<WebhookProject | undefined> => {
    const found = await read(name);
    if (found) known.set(name, found);
    else known.delete(name);
    return found;
  };
  return { project: async (name) => known.get(name) ?? projectNow(name), projectNow, accept };
}
