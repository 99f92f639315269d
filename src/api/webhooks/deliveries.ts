/**
 * Deliveries of one project that arrive while others of it are being stored wait for those and are stored together. A push
 * alone is stored at once; in a burst each waits for the disk once or twice, not for every push before it.
 */
import { acceptDeliveries, type DeliveryResult, type Told } from '../../store/deliveries.ts';
import { isDatabaseLost } from '../database-retry.ts';
import type { ApiParts } from '../parts.ts';

export interface Deliveries {
  /** Stores a delivery and what follows from it, or finds what followed before. @throws where the database takes nothing */
  accept(told: Told): Promise<DeliveryResult>;
}

interface Waiting {
  readonly told: Told;
  readonly resolve: (result: DeliveryResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Stored at once; a body has megabytes at most, and of it only a message is kept. */
const TOGETHER = 50;

export function createDeliveries({ db }: Pick<ApiParts, 'db'>): Deliveries {
  /** Project → what waits; there is an entry while some of the project are being stored. */
  const lines = new Map<string, Waiting[]>();

  async function storeAll(project: string, line: Waiting[]): Promise<void> {
    while (line.length > 0) await store(line.splice(0, TOGETHER));
    lines.delete(project);
  }

  async function store(together: readonly Waiting[]): Promise<void> {
    try {
      const results = await acceptDeliveries(
        db,
        together.map(({ told }) => told),
      );
      together.forEach(({ resolve, reject }, index) => {
        const result = results[index];
        if (result) resolve(result);
        else reject(new Error('a delivery was stored without an answer'));
      });
    } catch (error) {
      // One that the database refuses must not take the others with it.
      if (together.length > 1 && !isDatabaseLost(error)) for (const one of together) await store([one]);
      else for (const { reject } of together) reject(error);
    }
  }

  return {
    accept: (told) =>
      new Promise((resolve, reject) => {
        const { project } = told.delivery;
        const line = lines.get(project);
        const waiting = { told, resolve, reject };
        if (line) return void line.push(waiting);
        const opened = [waiting];
        lines.set(project, opened);
        void storeAll(project, opened);
      }),
  };
}
