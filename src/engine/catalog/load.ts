/** Reads the catalog back from PostgreSQL: all of it at start, one service after a write in doubt. */
import type { Kysely } from 'kysely';
import { attachmentKey } from './attachments.ts';
import { completeFunctionConfig } from './function-config.ts';
import type { FunctionRecord, ServiceRecord, VersionRecord } from './records.ts';
import { completeServiceConfig } from './service-config.ts';
import { triggerKey, type ServiceParts } from './service-state.ts';
import type { EngineTables } from './tables.ts';

export function loadAll(db: Kysely<EngineTables>): Promise<ServiceParts[]> {
  return load(db, undefined);
}

/** The service, or `undefined` where it does not exist. */
export async function loadService(db: Kysely<EngineTables>, name: string): Promise<ServiceParts | undefined> {
  const [parts] = await load(db, name);
  return parts;
}

function load(db: Kysely<EngineTables>, only: string | undefined): Promise<ServiceParts[]> {
  // One snapshot for all tables.
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (rows) => {
      const services = await rows
        .selectFrom('services')
        .selectAll()
        .$if(only !== undefined, (q) => q.where('name', '=', only ?? ''))
        .execute();
      const functions = await rows
        .selectFrom('functions')
        .selectAll()
        .$if(only !== undefined, (q) => q.where('service', '=', only ?? ''))
        .execute();
      const versions = await rows
        .selectFrom('versions')
        .selectAll()
        .$if(only !== undefined, (q) => q.where('service', '=', only ?? ''))
        .orderBy('version_id')
        .execute();
      const aliases = await rows
        .selectFrom('aliases')
        .selectAll()
        .$if(only !== undefined, (q) => q.where('service', '=', only ?? ''))
        .execute();
      const triggers = await rows
        .selectFrom('triggers')
        .selectAll()
        .$if(only !== undefined, (q) => q.where('service', '=', only ?? ''))
        .execute();
      const attachments = await rows
        .selectFrom('attachments')
        .selectAll()
        .$if(only !== undefined, (q) => q.where('service', '=', only ?? ''))
        .execute();
      const attachmentsOf = byService(attachments);
      const functionsOf = byService(functions);
      const versionsOf = byService(versions);
      const aliasesOf = byService(aliases);
      const triggersOf = byService(triggers);
      return services.map((row) => ({
        generation: row.generation,
        nextVersion: row.next_version,
        service: completeService(row.record),
        functions: new Map(
          (functionsOf.get(row.name) ?? []).map(({ name, record }) => [name, completeFunction(record)]),
        ),
        versions: new Map(
          (versionsOf.get(row.name) ?? []).map(({ version_id, record }) => [
            String(version_id),
            completeVersion(record),
          ]),
        ),
        triggers: new Map(
          (triggersOf.get(row.name) ?? []).map(({ record }) => [
            triggerKey(record.function, record.name),
            record,
          ]),
        ),
        attachments: new Map(
          (attachmentsOf.get(row.name) ?? []).map(({ record }) => [
            attachmentKey(record.kind, record.function, record.name),
            record,
          ]),
        ),
        aliases: new Map((aliasesOf.get(row.name) ?? []).map(({ name, record }) => [name, record])),
      }));
    });
}

function byService<Row extends { readonly service: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.service);
    if (group) group.push(row);
    else groups.set(row.service, [row]);
  }
  return groups;
}

/** Members that a newer engine knows get their defaults. */
function completeService(record: ServiceRecord): ServiceRecord {
  return { ...record, config: completeServiceConfig(record.config) };
}

function completeFunction(
  record: Omit<FunctionRecord, 'layers'> & Partial<Pick<FunctionRecord, 'layers'>>,
): FunctionRecord {
  const { layers = [] } = record;
  return { ...record, layers, config: completeFunctionConfig(record.config) };
}

function completeVersion(record: VersionRecord): VersionRecord {
  return {
    ...record,
    service: completeService(record.service),
    functions: record.functions.map(completeFunction),
  };
}
