/**
 * The account's custom domains: in memory for each request by its host, in PostgreSQL first for every write (as
 * `catalog.ts` does it for services). All writes follow each other; there are few.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import { sql, type Kysely, type Transaction } from 'kysely';
import { ensureError } from '../../platform/errors.ts';
import { ApiError, domainNotFound } from '../http/api-error.ts';
import { databaseFault, isUniqueViolation } from './database-fault.ts';
import { completeDomainConfig, type DomainConfig } from './domain-config.ts';
import { createDomainRouter, type DomainRouter } from './domain-routes.ts';
import type { DomainRecord } from './records.ts';
import type { EngineTables } from './tables.ts';

/** A domain as requests find it. */
export interface Domain {
  readonly record: DomainRecord;
  readonly route: DomainRouter;
  readonly isPlain: boolean;
  readonly isSecure: boolean;
  /** Certificate and key; `undefined` where HTTPS is not served, or they cannot be used any more. */
  secureContext(): SecureContext | undefined;
}

const RECOVERY_PAUSE_MS = 500;

export class DomainStore {
  readonly #db: Kysely<EngineTables>;
  readonly #now: () => number;
  readonly #domains = new Map<string, Domain & { readonly generation: string }>();
  #queue: Promise<unknown> = Promise.resolve();
  /** The last write may or may not have been committed. */
  #isDoubtful = false;

  private constructor(db: Kysely<EngineTables>, now: () => number) {
    this.#db = db;
    this.#now = now;
  }

  static async load(db: Kysely<EngineTables>, now: () => number): Promise<DomainStore> {
    const store = new DomainStore(db, now);
    await store.#reload();
    return store;
  }

  get size(): number {
    return this.#domains.size;
  }

  names(): Iterable<string> {
    return this.#domains.keys();
  }

  /** By host name in lower case, without port. */
  get(name: string): Domain | undefined {
    return this.#domains.get(name);
  }

  /** The domain, or a 404. */
  find(name: string): DomainRecord {
    const domain = this.#domains.get(name);
    if (!domain) throw domainNotFound(name);
    return domain.record;
  }

  /** 409 where the name is taken. */
  create(name: string, config: DomainConfig): Promise<DomainRecord> {
    const taken = new ApiError(409, 'DomainNameAlreadyExists', `domain name '${name}' already exists`);
    return this.#inTurn(async () => {
      if (this.#domains.has(name)) throw taken;
      const at = this.#now();
      const record: DomainRecord = { name, config, createdAt: at, modifiedAt: at };
      const generation = await this.#commit(async (rows) => {
        const next = await nextGeneration(rows);
        await rows
          .insertInto('custom_domains')
          .values({ name, generation: next, record: JSON.stringify(record) })
          .execute();
        return next;
      }).catch(async (error: unknown) => {
        if (!isUniqueViolation(error)) throw error;
        await this.#reload();
        throw taken;
      });
      return this.#put(record, generation);
    });
  }

  /** `decide` runs when it is this write's turn. */
  change(name: string, decide: (record: DomainRecord) => DomainConfig): Promise<DomainRecord> {
    return this.#inTurn(async () => {
      const before = this.find(name);
      const record = { ...before, config: decide(before), modifiedAt: this.#now() };
      const generation = await this.#commit(async (rows) => {
        const next = await nextGeneration(rows);
        const done = await rows
          .updateTable('custom_domains')
          .set({ generation: next, record: JSON.stringify(record) })
          .where('name', '=', name)
          .where('generation', '=', this.#generationOf(name))
          .executeTakeFirst();
        return done.numUpdatedRows === 0n ? undefined : next;
      });
      if (generation === undefined) throw await this.#outpaced(name);
      return this.#put(record, generation);
    });
  }

  remove(name: string): Promise<void> {
    return this.#inTurn(async () => {
      this.find(name);
      const done = await this.#commit((rows) =>
        rows
          .deleteFrom('custom_domains')
          .where('name', '=', name)
          .where('generation', '=', this.#generationOf(name))
          .executeTakeFirst(),
      );
      if (done.numDeletedRows === 0n) throw await this.#outpaced(name);
      this.#domains.delete(name);
    });
  }

  #generationOf(name: string): string {
    return this.#domains.get(name)?.generation ?? '0';
  }

  #inTurn<T>(write: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(async () => {
      if (this.#isDoubtful) await this.#reload();
      return write();
    });
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async #commit<T>(write: (rows: Transaction<EngineTables>) => Promise<T>): Promise<T> {
    try {
      return await this.#db.transaction().execute(write);
    } catch (thrown) {
      const error = ensureError(thrown);
      if (isUniqueViolation(error)) throw error;
      if (!this.#isDoubtful) {
        this.#isDoubtful = true;
        void this.#recover();
      }
      throw databaseFault(error);
    }
  }

  async #recover(): Promise<void> {
    while (this.#isDoubtful) {
      await pause(RECOVERY_PAUSE_MS, undefined, { ref: false });
      await this.#inTurn(() => Promise.resolve()).catch(() => undefined);
    }
  }

  /** Another engine on the same database was faster. */
  async #outpaced(name: string): Promise<ApiError> {
    await this.#reload();
    const message = `domain name '${name}' was changed at the same time; read it again`;
    return new ApiError(409, 'ConcurrentUpdateError', message);
  }

  async #reload(): Promise<void> {
    try {
      const rows = await this.#db.selectFrom('custom_domains').selectAll().execute();
      this.#domains.clear();
      for (const { record, generation } of rows)
        this.#put({ ...record, config: completeDomainConfig(record.config) }, generation);
      this.#isDoubtful = false;
    } catch (error) {
      throw databaseFault(ensureError(error));
    }
  }

  #put(record: DomainRecord, generation: string): DomainRecord {
    const { protocol, routeConfig } = record.config;
    this.#domains.set(record.name, {
      record,
      generation,
      route: createDomainRouter(routeConfig.routes),
      isPlain: protocol !== 'HTTPS',
      isSecure: protocol !== 'HTTP',
      secureContext: lazily(() => contextOf(record.config)),
    });
    return record;
  }
}

async function nextGeneration(rows: Transaction<EngineTables>): Promise<string> {
  const { rows: next } = await sql<{ nextval: string }>`select nextval('revisions')`.execute(rows);
  return next[0]?.nextval ?? '0';
}

function contextOf({ protocol, certConfig }: DomainConfig): SecureContext | undefined {
  if (protocol === 'HTTP') return undefined;
  try {
    return createSecureContext({ cert: certConfig.certificate, key: certConfig.privateKey });
  } catch {
    return undefined;
  }
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
