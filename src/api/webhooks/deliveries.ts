/** The two questions of a webhook to the database, each asked for all that wait for it. */
import { acceptDeliveries, type DeliveryResult, type Told } from '../../store/deliveries.ts';
import { findProjectsForWebhooks, type WebhookProject } from '../../store/projects.ts';
import { isDatabaseLost } from '../database-retry.ts';
import type { ApiParts } from '../parts.ts';
import { together } from './together.ts';

export interface Deliveries {
  /** The project that a webhook is for; `undefined`: there is none. @throws where the database does not answer */
  project(name: string): Promise<WebhookProject | undefined>;
  /** Stores a delivery and what follows from it, or finds what followed before. @throws where the database takes nothing */
  accept(told: Told): Promise<DeliveryResult>;
}

export function createDeliveries({ db }: Pick<ApiParts, 'db'>): Deliveries {
  const project = together<string, WebhookProject | undefined>({
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
  return { project, accept };
}
