/** Versions: read-only snapshots of a service and all its functions (fc-api.md §3, guide.md §2). */
import { canonicalJson } from '../../domain/canonical-json.ts';
import { z } from 'zod';
import { isVersionId } from '../../domain/names/fc.ts';
import { ApiError, invalidArgument, versionNotFound } from '../http/api-error.ts';
import { json, nothing, type Call, type Operation } from '../http/operation.ts';
import { pageLimit } from '../http/paging.ts';
import type { Catalog } from './catalog.ts';
import { withoutQualifier } from './attachments.ts';
import { apiTime, type FunctionRecord, type ServiceRecord, type VersionRecord } from './records.ts';
import { Description } from './service-config.ts';
import type { ServiceState } from './service-state.ts';
import { pageOf, Times } from '../http/answers.ts';

const PublishVersionInput = z.object({ description: Description.exactOptional() });

const VersionAnswer = z.object({ versionId: z.string(), description: z.string(), ...Times });
const VersionPage = pageOf('versions', VersionAnswer).extend({ direction: z.enum(['BACKWARD', 'FORWARD']) });

export function versionOperations(catalog: Catalog): Operation[] {
  return [
    {
      name: 'PublishVersion',
      method: 'POST',
      path: '/services/{service}/versions',
      conditional: true,
      output: VersionAnswer,
      input: PublishVersionInput,
      async run(call) {
        const service = call.service;
        catalog.find(service);
        const { description = '' } = call.body(PublishVersionInput);
        let published: VersionRecord | undefined;
        await catalog.change(service, (state) => {
          call.requireMatch(state.service.etag, `service '${service}'`);
          checkChanged(state);
          return (stamp) => {
            const versionId = String(state.nextVersion);
            const record: VersionRecord = {
              versionId,
              description,
              service: state.service,
              functions: [...state.functions.values()],
              ...stamp,
            };
            published = record;
            const nextVersion = state.nextVersion + 1;
            return {
              parts: { ...state, nextVersion, versions: new Map(state.versions).set(versionId, record) },
              write: async (rows) => {
                await rows
                  .updateTable('services')
                  .set({ next_version: nextVersion })
                  .where('name', '=', service)
                  .execute();
                await rows
                  .insertInto('versions')
                  .values({ service, version_id: state.nextVersion, record: JSON.stringify(record) })
                  .execute();
              },
            };
          };
        });
        if (!published) throw new Error('a version was published without a record');
        return json(versionView(published), published.etag);
      },
    },
    {
      name: 'ListVersions',
      method: 'GET',
      path: '/services/{service}/versions',
      output: VersionPage,
      query: ['startKey', 'nextToken', 'limit', 'direction'],
      run: (call) => json(versionPage(catalog.find(call.service), call)),
    },
    {
      name: 'DeleteVersion',
      method: 'DELETE',
      path: '/services/{service}/versions/{version}',
      async run(call) {
        const service = call.service;
        const id = call.param('version');
        await catalog.change(service, (state) => {
          if (!state.versions.has(id)) throw versionNotFound(service, id);
          const users = [...state.aliases.values()].filter(
            ({ config }) =>
              config.versionId === id || Object.hasOwn(config.additionalVersionWeight ?? {}, id),
          );
          if (users.length > 0)
            throw new ApiError(
              409,
              'VersionInUse',
              `version '${id}' of service '${service}' is used by alias '${users.map(({ name }) => name).join("', '")}'`,
            );
          return () => {
            const versions = new Map(state.versions);
            versions.delete(id);
            const others = withoutQualifier(state, id);
            return {
              parts: { ...others.parts, versions },
              async write(rows) {
                await rows
                  .deleteFrom('versions')
                  .where('service', '=', service)
                  .where('version_id', '=', Number(id))
                  .execute();
                await others.write(rows);
              },
            };
          };
        });
        return nothing;
      },
    },
  ];
}

/** Refuses to publish what the newest version already is. */
function checkChanged(state: ServiceState): void {
  const newest = [...state.versions.values()].at(-1);
  if (!newest) return;
  if (content(state.service, state.functions.values()) === content(newest.service, newest.functions))
    throw invalidArgument(
      `nothing changed in service '${state.service.name}' since version '${newest.versionId}' was published`,
    );
}

/** What a version freezes, without ids and times: the same settings and code are the same version. */
function content(service: ServiceRecord, functions: Iterable<FunctionRecord>): string {
  const parts = [...functions].map(
    ({ name, config, code }) => [name, { config, code: code.sha256 }] as const,
  );
  return canonicalJson({ service: service.config, functions: Object.fromEntries(parts) });
}

/** Newest first unless `direction=FORWARD`; `startKey` and `nextToken` are version ids, inclusive. */
function versionPage(state: ServiceState, call: Call): Record<string, unknown> {
  const limit = pageLimit(call);
  const direction = call.optional('direction') ?? 'BACKWARD';
  if (direction !== 'BACKWARD' && direction !== 'FORWARD')
    throw invalidArgument(`direction must be BACKWARD or FORWARD, not '${direction}'`);
  const isForward = direction === 'FORWARD';
  const start = call.optional('nextToken') ?? call.optional('startKey');
  if (start !== undefined && !isVersionId(start))
    throw invalidArgument(`startKey and nextToken must be version ids, not '${start}'`);
  const all = [...state.versions.values()];
  if (!isForward) all.reverse();
  const fitting = all.filter(({ versionId }) => {
    if (start === undefined) return true;
    return isForward ? Number(versionId) >= Number(start) : Number(versionId) <= Number(start);
  });
  const next = fitting[limit];
  return {
    versions: fitting.slice(0, limit).map(versionView),
    direction,
    ...(next && { nextToken: next.versionId }),
  };
}

function versionView(record: VersionRecord): z.infer<typeof VersionAnswer> {
  return {
    versionId: record.versionId,
    description: record.description,
    createdTime: apiTime(record.createdAt),
    lastModifiedTime: apiTime(record.modifiedAt),
  };
}
