/**
 * Layers in PostgreSQL. Only the control plane asks for them, so nothing is held in memory: a function that takes a
 * version keeps the package itself in its record, and runs without asking here.
 */
import { sql, type Kysely } from 'kysely';
import { ApiError } from '../http/api-error.ts';
import type { CodePackage } from './code-store.ts';
import { answered } from './database-fault.ts';
import { etagOf, nextGeneration } from './generation.ts';
import type { Stamp } from './records.ts';
import type { EngineTables } from './tables.ts';

export interface LayerVersion extends Stamp {
  readonly name: string;
  readonly version: number;
  readonly description: string;
  readonly compatibleRuntime: readonly string[];
  readonly code: CodePackage;
}

/** As it is read: whether everybody may take it is the layer's, not the version's. */
export type Layer = LayerVersion & { readonly isPublic: boolean };

export class LayerStore {
  readonly #db: Kysely<EngineTables>;
  readonly #now: () => number;

  constructor(db: Kysely<EngineTables>, now: () => number) {
    this.#db = db;
    this.#now = now;
  }

  publish(
    name: string,
    content: Pick<LayerVersion, 'description' | 'compatibleRuntime' | 'code'>,
  ): Promise<Layer> {
    return answered(() =>
      this.#db.transaction().execute(async (rows) => {
        const layer = await rows
          .insertInto('layers')
          .values({ name, next_version: 2 })
          .onConflict((conflict) =>
            conflict.column('name').doUpdateSet({ next_version: sql<number>`layers.next_version + 1` }),
          )
          .returning(['next_version', 'is_public'])
          .executeTakeFirstOrThrow();
        const etag = etagOf(await nextGeneration(rows));
        const at = this.#now();
        const record: LayerVersion = {
          name,
          version: layer.next_version - 1,
          ...content,
          etag,
          createdAt: at,
          modifiedAt: at,
        };
        await rows
          .insertInto('layer_versions')
          .values({ layer: name, version: record.version, record: JSON.stringify(record) })
          .execute();
        return { ...record, isPublic: layer.is_public };
      }),
    );
  }

  /** The version, or a 404 that says which of the two is missing. */
  async find(name: string, version: number): Promise<Layer> {
    const [found] = await this.versions(name, version, 1);
    if (found?.version === version) return found;
    await this.require(name);
    throw new ApiError(404, 'LayerVersionNotFound', `version '${version}' of layer '${name}' does not exist`);
  }

  /** Throws a 404 where the layer has no version. */
  async require(name: string): Promise<void> {
    const row = await answered(() =>
      this.#db
        .selectFrom('layer_versions')
        .select('layer')
        .where('layer', '=', name)
        .limit(1)
        .executeTakeFirst(),
    );
    if (!row) throw new ApiError(404, 'LayerNotFound', `layer '${name}' does not exist`);
  }

  /** Versions from `start` on, rising. */
  async versions(name: string, start: number, count: number): Promise<Layer[]> {
    const rows = await answered(() =>
      this.#joined()
        .where('layer', '=', name)
        .where('version', '>=', start)
        .orderBy('version')
        .limit(count)
        .execute(),
    );
    return rows.map(layerOf);
  }

  /** The newest version of every layer that has one. */
  async newest(): Promise<Map<string, Layer>> {
    const rows = await answered(() =>
      this.#joined().distinctOn('layer').orderBy('layer').orderBy('version', 'desc').execute(),
    );
    return new Map(rows.map((row) => [row.record.name, layerOf(row)]));
  }

  async remove(name: string, version: number): Promise<void> {
    await this.find(name, version);
    await answered(() =>
      this.#db
        .deleteFrom('layer_versions')
        .where('layer', '=', name)
        .where('version', '=', version)
        .execute(),
    );
  }

  async setPublic(name: string, isPublic: boolean): Promise<void> {
    await this.require(name);
    await answered(() =>
      this.#db.updateTable('layers').set({ is_public: isPublic }).where('name', '=', name).execute(),
    );
  }

  /** SHA-256 of every package that a function could still take. */
  async codePackages(): Promise<string[]> {
    const rows = await answered(() => this.#db.selectFrom('layer_versions').select('record').execute());
    return rows.map(({ record }) => record.code.sha256);
  }

  #joined() {
    return this.#db
      .selectFrom('layer_versions')
      .innerJoin('layers', 'layers.name', 'layer_versions.layer')
      .select(['record', 'is_public']);
  }
}

function layerOf(row: { readonly record: LayerVersion; readonly is_public: boolean }): Layer {
  return { ...row.record, isPublic: row.is_public };
}
