/** Aliases: named, movable pointers to versions, with a weight for one further version (guide.md §3, fc-api.md §4). */
import { z } from 'zod';
import { isAliasName, LATEST, NAME_RULE } from '../../domain/names/fc.ts';
import { aliasNotFound, ApiError, invalidArgument, versionNotFound } from '../http/api-error.ts';
import { json, nothing, type Operation } from '../http/operation.ts';
import { pageOfNames } from '../http/paging.ts';
import type { Catalog, Draft } from './catalog.ts';
import { withoutQualifier } from './attachments.ts';
import { apiTime, type AliasRecord } from './records.ts';
import { Description, notServed } from './service-config.ts';
import type { ServiceState } from './service-state.ts';
import type { Split } from './split.ts';
import { pageOf, Times } from '../http/answers.ts';

const AliasFields = {
  description: Description.exactOptional(),
  additionalVersionWeight: z.record(z.string(), z.number().min(0).max(1)).exactOptional(),
  resolvePolicy: z.enum(['Random', 'Content']).exactOptional(),
  routePolicy: z.record(z.string(), z.unknown()).exactOptional(),
};

const CreateAliasInput = z.object({
  aliasName: z.string().refine(isAliasName, `must be ${NAME_RULE}, and not LATEST`),
  versionId: z.string(),
  ...AliasFields,
});
const UpdateAliasInput = z.object({ versionId: z.string().exactOptional(), ...AliasFields });

const AliasAnswer = z.object({
  ...AliasFields,
  aliasName: z.string(),
  versionId: z.string(),
  description: z.string(),
  additionalVersionWeight: z.record(z.string(), z.number()).nullable(),
  ...Times,
});

type AliasSettings = Omit<z.infer<typeof CreateAliasInput>, 'aliasName'>;
export type AliasConfig = AliasSettings & Required<Pick<AliasSettings, 'description'>>;

export function aliasOperations(catalog: Catalog): Operation[] {
  return [
    {
      name: 'CreateAlias',
      method: 'POST',
      path: '/services/{service}/aliases',
      output: AliasAnswer,
      input: CreateAliasInput,
      async run(call) {
        const service = call.service;
        catalog.find(service);
        const { aliasName: name, ...settings } = call.body(CreateAliasInput);
        const state = await catalog.change(service, (current) => {
          const config = { description: '', ...settings };
          checkConfig(current, config);
          if (current.aliases.has(name))
            throw new ApiError(
              409,
              'AliasAlreadyExists',
              `alias '${name}' of service '${service}' already exists`,
            );
          return (stamp) => put(current, { name, config, ...stamp });
        });
        return answer(findAlias(state, name));
      },
    },
    {
      name: 'ListAliases',
      method: 'GET',
      path: '/services/{service}/aliases',
      output: pageOf('aliases', AliasAnswer),
      query: ['prefix', 'startKey', 'nextToken', 'limit'],
      run(call) {
        const state = catalog.find(call.service);
        const { items, ...rest } = pageOfNames(call, state.aliases.keys());
        return json({ aliases: items.map((name) => aliasView(findAlias(state, name))), ...rest });
      },
    },
    {
      name: 'GetAlias',
      method: 'GET',
      path: '/services/{service}/aliases/{alias}',
      output: AliasAnswer,
      run: (call) => answer(findAlias(catalog.find(call.service), call.param('alias'))),
    },
    {
      name: 'UpdateAlias',
      method: 'PUT',
      path: '/services/{service}/aliases/{alias}',
      conditional: true,
      output: AliasAnswer,
      input: UpdateAliasInput,
      async run(call) {
        const service = call.service;
        const name = call.param('alias');
        findAlias(catalog.find(service), name);
        const changes = call.body(UpdateAliasInput);
        const state = await catalog.change(service, (current) => {
          const record = findAlias(current, name);
          const config = { ...record.config, ...changes };
          checkConfig(current, config);
          call.requireMatch(record.etag, `alias '${name}'`);
          return ({ etag, modifiedAt }) => put(current, { ...record, config, etag, modifiedAt });
        });
        return answer(findAlias(state, name));
      },
    },
    {
      name: 'DeleteAlias',
      method: 'DELETE',
      path: '/services/{service}/aliases/{alias}',
      conditional: true,
      async run(call) {
        const service = call.service;
        const name = call.param('alias');
        await catalog.change(service, (state) => {
          call.requireMatch(findAlias(state, name).etag, `alias '${name}'`);
          return () => {
            const aliases = new Map(state.aliases);
            aliases.delete(name);
            const others = withoutQualifier(state, name);
            return {
              parts: { ...others.parts, aliases },
              async write(rows) {
                await rows
                  .deleteFrom('aliases')
                  .where('service', '=', service)
                  .where('name', '=', name)
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

/** How an alias divides its calls. */
export function splitOf(config: AliasConfig): Split {
  for (const [versionId, weight] of Object.entries(config.additionalVersionWeight ?? {}))
    return { versionId: config.versionId, additional: { versionId, weight } };
  return { versionId: config.versionId, additional: null };
}

/** Throws unless both versions exist and differ, and nothing is asked for that this engine does not do. */
function checkConfig(state: ServiceState, config: AliasConfig): void {
  const { versionId, additionalVersionWeight = {}, resolvePolicy, routePolicy } = config;
  if (versionId === LATEST)
    throw invalidArgument('versionId: an alias cannot point to LATEST; publish a version first');
  if (!state.versions.has(versionId)) throw versionNotFound(state.service.name, versionId);
  const further = Object.keys(additionalVersionWeight);
  if (further.length > 1)
    throw invalidArgument(
      `additionalVersionWeight: at most one further version is allowed, not ${further.length}`,
    );
  for (const id of further) {
    if (id === versionId)
      throw invalidArgument(
        `additionalVersionWeight: version '${id}' is the alias's own versionId; name another, or send {} to clear it`,
      );
    if (id === LATEST) throw invalidArgument('additionalVersionWeight: LATEST cannot have a weight');
    if (!state.versions.has(id)) throw versionNotFound(state.service.name, id);
  }
  if (resolvePolicy === 'Content') throw notServed("resolvePolicy 'Content'");
  if (Object.values(routePolicy ?? {}).some((member) => Array.isArray(member) && member.length > 0))
    throw notServed('routePolicy');
}

function put(state: ServiceState, record: AliasRecord): Draft {
  const service = state.service.name;
  return {
    parts: { ...state, aliases: new Map(state.aliases).set(record.name, record) },
    write: (rows) =>
      rows
        .insertInto('aliases')
        .values({ service, name: record.name, record: JSON.stringify(record) })
        .onConflict((conflict) =>
          conflict.columns(['service', 'name']).doUpdateSet({ record: JSON.stringify(record) }),
        )
        .execute(),
  };
}

function findAlias(state: ServiceState, name: string): AliasRecord {
  const record = state.aliases.get(name);
  if (!record) throw aliasNotFound(state.service.name, name);
  return record;
}

function answer(record: AliasRecord): ReturnType<typeof json> {
  return json(aliasView(record), record.etag);
}

function aliasView({ name, config, createdAt, modifiedAt }: AliasRecord): z.infer<typeof AliasAnswer> {
  const { additionalVersionWeight = {}, ...rest } = config;
  return {
    aliasName: name,
    ...rest,
    additionalVersionWeight: Object.keys(additionalVersionWeight).length > 0 ? additionalVersionWeight : null,
    createdTime: apiTime(createdAt),
    lastModifiedTime: apiTime(modifiedAt),
  };
}
