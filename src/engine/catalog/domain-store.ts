/**
 * The account's custom domains: in memory for each request by its host, in PostgreSQL first for every write (as
 * `catalog.ts` does it for services). All writes follow each other; there are few.
 */
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Kysely } from 'kysely';
import { ApiError, domainNotFound } from '../http/api-error.ts';
import { isUniqueViolation } from './database-fault.ts';
import { completeDomainConfig, type DomainConfig } from './domain-config.ts';
import { createDomainRouter, type DomainRouter } from './domain-routes.ts';
import { nextGeneration } from './generation.ts';
import type { DomainRecord } from './records.ts';
import type { EngineTables } from './tables.ts';
import { Outpaced, Turns } from './turns.ts';

/** A domain as requests find it. */
export interface Domain {
  readonly record: DomainRecord;
  readonly route: DomainRouter;
  readonly isPlain: boolean;
  readonly isSecure: boolean;
  /** Certificate and key; `undefined` where HTTPS is not served, or they cannot be used any more. */
  secureContext(): SecureContext | undefined;
}

/** All writes take turns, whatever the name. */
const ALL = '';

export class DomainStore {
  readonly #db: Kysely<EngineTables>;
  readonly #now: () => number;
  readonly #domains = new Map<string, Domain & { readonly generation: string }>();
  readonly #turns = new Turns(() => this.#read());

  private constructor(db: Kysely<EngineTables>, now: () => number) {
    this.#db = db;
    this.#now = now;
  }

  static async load(db: Kysely<EngineTables>, now: () => number): Promise<DomainStore> {
    const store = new DomainStore(db, now);
    await store.#turns.reload(ALL);
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
    return this.#turns.take(ALL, async () => {
      if (this.#domains.has(name)) throw taken;
      const at = this.#now();
      const record: DomainRecord = { name, config, createdAt: at, modifiedAt: at };
      const insert = () =>
        this.#db.transaction().execute(async (rows) => {
          const next = await nextGeneration(rows);
          await rows
            .insertInto('custom_domains')
            .values({ name, generation: next, record: JSON.stringify(record) })
            .execute();
          return next;
        });
      const generation = await this.#turns.commit(ALL, insert).catch(async (error: unknown) => {
        if (!isUniqueViolation(error)) throw error;
        await this.#turns.reload(ALL);
        throw taken;
      });
      return this.#put(record, generation);
    });
  }

  /** `decide` runs when it is this write's turn. */
  change(name: string, decide: (record: DomainRecord) => DomainConfig): Promise<DomainRecord> {
    return this.#turns.take(ALL, async () => {
      const before = this.find(name);
      const record = { ...before, config: decide(before), modifiedAt: this.#now() };
      const update = () =>
        this.#db.transaction().execute(async (rows) => {
          const next = await nextGeneration(rows);
          const done = await rows
            .updateTable('custom_domains')
            .set({ generation: next, record: JSON.stringify(record) })
            .where('name', '=', name)
            .where('generation', '=', this.#generationOf(name))
            .executeTakeFirst();
          if (done.numUpdatedRows === 0n) throw new Outpaced();
          return next;
        });
      const generation = await this.#turns.commitNext(ALL, `domain name '${name}'`, update);
      return this.#put(record, generation);
    });
  }

  remove(name: string): Promise<void> {
    return this.#turns.take(ALL, async () => {
      this.find(name);
      await this.#turns.commitNext(ALL, `domain name '${name}'`, async () => {
        const done = await this.#db
          .deleteFrom('custom_domains')
          .where('name', '=', name)
          .where('generation', '=', this.#generationOf(name))
          .executeTakeFirst();
        if (done.numDeletedRows === 0n) throw new Outpaced();
      });
      this.#domains.delete(name);
    });
  }

  #generationOf(name: string): string {
    return this.#domains.get(name)?.generation ?? '0';
  }

  async #read(): Promise<void> {
    const rows = await this.#db.selectFrom('custom_domains').selectAll().execute();
    this.#domains.clear();
    for (const { record, generation } of rows)
      this.#put({ ...record, config: completeDomainConfig(record.config) }, generation);
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
