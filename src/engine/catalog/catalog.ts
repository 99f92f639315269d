/**
 * The catalog: what exists, in memory for every read and call, and in PostgreSQL first for every write. A write is
 * answered only after its commit, and the memory is swapped after the commit too, so that nothing answered 2xx is
 * lost by a kill, and nothing is visible that could be.
 */
import { randomUUID } from 'node:crypto';
import type { Kysely, Transaction } from 'kysely';
import { sql } from 'kysely';
import type { Logger } from '../../platform/log.ts';
import { ApiError, serviceNotFound } from '../http/api-error.ts';
import { isUniqueViolation } from './database-fault.ts';
import { etagOf, nextGeneration } from './generation.ts';
import { loadAll, loadService } from './load.ts';
import type { ServiceRecord, Stamp } from './records.ts';
import type { ServiceConfig } from './service-config.ts';
import { buildState, type ServiceParts, type ServiceState } from './service-state.ts';
import type { EngineTables } from './tables.ts';
import { Outpaced, Turns } from './turns.ts';

export type Rows = Transaction<EngineTables>;

/** A write that was checked against the state: what memory will hold, and the rows that say the same. */
export interface Draft {
  readonly parts: Omit<ServiceParts, 'generation'>;
  write(rows: Rows): Promise<unknown>;
}

export interface CatalogOptions {
  readonly db: Kysely<EngineTables>;
  readonly log: Logger;
  readonly now: () => number;
  readonly folderOf: (sha256: string) => string;
  /** Told after each swap; `undefined` where the service was not there before, or is not any more. */
  readonly onReplaced: (before: ServiceState | undefined, after: ServiceState | undefined) => void;
}

export class Catalog {
  readonly #options: CatalogOptions;
  readonly #states = new Map<string, ServiceState>();
  /** Writes to one service follow each other. */
  readonly #turns = new Turns(async (name) => {
    this.#swap(name, await loadService(this.#options.db, name));
  });

  private constructor(options: CatalogOptions) {
    this.#options = options;
  }

  static async load(options: CatalogOptions): Promise<Catalog> {
    const catalog = new Catalog(options);
    for (const parts of await loadAll(options.db)) catalog.#swap(parts.service.name, parts);
    return catalog;
  }

  get services(): ReadonlyMap<string, ServiceState> {
    return this.#states;
  }

  /** The service, or a 404. */
  find(name: string): ServiceState {
    const state = this.#states.get(name);
    if (!state) throw serviceNotFound(name);
    return state;
  }

  /** Creates a service; 409 where the name is taken. */
  create(name: string, config: ServiceConfig): Promise<ServiceState> {
    return this.#turns.take(name, async () => {
      const taken = new ApiError(409, 'ServiceAlreadyExists', `service '${name}' already exists`);
      if (this.#states.has(name)) throw taken;
      const { db, now } = this.#options;
      const parts = await this.#turns
        .commit(name, () =>
          db.transaction().execute(async (rows) => {
            const generation = await nextGeneration(rows);
            const service: ServiceRecord = { id: randomUUID(), name, config, ...stamp(generation, now()) };
            await rows
              .insertInto('services')
              .values({ name, generation, record: JSON.stringify(service) })
              .execute();
            return emptyParts(generation, service);
          }),
        )
        .catch(async (error: unknown) => {
          if (!isUniqueViolation(error)) throw error;
          await this.#turns.reload(name);
          throw taken;
        });
      return this.#swap(name, parts);
    });
  }

  /**
   * Changes a service or something in it. `decide` runs when it is this write's turn; it throws where the state does
   * not allow the write, and returns what to write under the new stamp.
   */
  change(name: string, decide: (state: ServiceState) => (written: Stamp) => Draft): Promise<ServiceState> {
    return this.#turns.take(name, async () => {
      const state = this.find(name);
      const draftFor = decide(state);
      const parts = await this.#turns.commitNext(name, `service '${name}'`, async () => {
        const { db, now } = this.#options;
        return db.transaction().execute(async (rows) => {
          const row = await rows
            .updateTable('services')
            .set({ generation: sql`nextval('revisions')` })
            .where('name', '=', name)
            .where('generation', '=', state.generation)
            .returning('generation')
            .executeTakeFirst();
          if (!row) throw new Outpaced();
          const draft = draftFor(stamp(row.generation, now()));
          await draft.write(rows);
          return { ...draft.parts, generation: row.generation };
        });
      });
      return this.#swap(name, parts);
    });
  }

  /** Deletes a service that `check` lets go. */
  remove(name: string, check: (state: ServiceState) => void): Promise<void> {
    return this.#turns.take(name, async () => {
      const state = this.find(name);
      check(state);
      await this.#turns.commitNext(name, `service '${name}'`, async () => {
        const done = await this.#options.db
          .deleteFrom('services')
          .where('name', '=', name)
          .where('generation', '=', state.generation)
          .executeTakeFirst();
        if (done.numDeletedRows === 0n) throw new Outpaced();
      });
      this.#swap(name, undefined);
    });
  }

  #swap(name: string, parts: ServiceParts): ServiceState;
  #swap(name: string, parts: ServiceParts | undefined): ServiceState | undefined;
  #swap(name: string, parts: ServiceParts | undefined): ServiceState | undefined {
    const before = this.#states.get(name);
    const after = parts && buildState(parts, before, this.#options.folderOf);
    if (after) this.#states.set(name, after);
    else this.#states.delete(name);
    this.#options.onReplaced(before, after);
    return after;
  }
}

function stamp(generation: string, at: number): Stamp {
  return { etag: etagOf(generation), createdAt: at, modifiedAt: at };
}

function emptyParts(generation: string, service: ServiceRecord): ServiceParts {
  return {
    generation,
    nextVersion: 1,
    service,
    functions: new Map(),
    versions: new Map(),
    aliases: new Map(),
    triggers: new Map(),
    attachments: new Map(),
  };
}
