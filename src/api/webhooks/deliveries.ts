/** The questions of a webhook to the database, each asked for all that wait for it. */
import { acceptDeliveries, type DeliveryResult, type Told } from '../../store/deliveries.ts';
import { findProjectsForWebhooks, type WebhookProject } from '../../store/projects.ts';
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
  const accept = together<Told, DeliveryResult>({
    work: (items) => acceptDeliveries(db, items),
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
