/**
 * Triggers: what calls a function (fc-api.md §3, §4). They belong to the function and not to a version; `qualifier` says
 * which version or alias they call. The engine serves `http` and `timer`; the other types are checked, kept and
 * given back.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { nextTime } from '../../domain/schedule/timer.ts';
import { isRoleArn, isTriggerName, LATEST, NAME_RULE } from '../../domain/names/fc.ts';
import { ApiError, functionNotFound, invalidArgument, triggerNotFound } from '../http/api-error.ts';
import { json, nothing, type Call, type Operation } from '../http/operation.ts';
import { pageOfNames } from '../http/paging.ts';
import type { Catalog, Draft, Rows } from './catalog.ts';
import { apiTime, type TriggerRecord } from './records.ts';
import { Description } from './service-config.ts';
import { deploymentOf, triggerKey, type ServiceState } from './service-state.ts';
import { checkSource, timerOf, TRIGGER_TYPES, TriggerAnswer, triggerSettings } from './trigger-config.ts';
import { pageOf } from '../http/answers.ts';

/** Per function (fc-api.md §5). */
const MAX_TRIGGERS = 10;

const TriggerFields = {
  invocationRole: z
    .string()
    .refine((role) => role === '' || isRoleArn(role), "must be empty or 'acs:ram::{account}:role/{name}'")
    .exactOptional(),
  qualifier: z.string().exactOptional(),
  description: Description.exactOptional(),
  triggerConfig: z.unknown().exactOptional(),
};

const UpdateTriggerInput = z.object(TriggerFields);
const CreateTriggerInput = z.object({
  ...TriggerFields,
  triggerName: z.string().refine(isTriggerName, `must be ${NAME_RULE}`),
  triggerType: z.enum(TRIGGER_TYPES),
  sourceArn: z.string().default(''),
});

export function triggerOperations(catalog: Catalog): Operation[] {
  return [
    {
      name: 'CreateTrigger',
      method: 'POST',
      path: '/services/{service}/functions/{function}/triggers',
      output: TriggerAnswer,
      input: CreateTriggerInput,
      async run(call) {
        const { service, name: functionName } = owner(catalog, call);
        const { triggerName: name, triggerType, triggerConfig, ...rest } = call.body(CreateTriggerInput);
        const settings = triggerSettings(triggerType, triggerConfig);
        checkSource(triggerType, rest.sourceArn);
        const fields = { invocationRole: '', description: '', ...rest, ...settings };
        const qualifier = rest.qualifier || LATEST;
        const state = await catalog.change(service, (current) => {
          requireFunction(current, functionName);
          deploymentOf(current, qualifier);
          const own = triggersOf(current, functionName);
          if (own.some((other) => other.name === name))
            throw new ApiError(
              409,
              'TriggerAlreadyExists',
              `trigger '${name}' of function '${functionName}' already exists`,
            );
          if (own.length >= MAX_TRIGGERS)
            throw new ApiError(
              400,
              'LimitExceededError',
              `function '${functionName}' has ${own.length} triggers; at most ${MAX_TRIGGERS} are allowed`,
            );
          const record = { id: randomUUID(), function: functionName, name, ...fields, qualifier };
          checkSingle(own, record);
          return (stamp) => put(current, { ...record, ...stamp });
        });
        return answer(call, service, findTrigger(state, functionName, name));
      },
    },
    {
      name: 'ListTriggers',
      method: 'GET',
      path: '/services/{service}/functions/{function}/triggers',
      output: pageOf('triggers', TriggerAnswer),
      query: ['prefix', 'startKey', 'nextToken', 'limit'],
      run(call) {
        const { service, name: functionName } = owner(catalog, call);
        const state = catalog.find(service);
        const names = triggersOf(state, functionName).map(({ name }) => name);
        const { items, ...rest } = pageOfNames(call, names);
        const found = items.map((name) => findTrigger(state, functionName, name));
        return json({ triggers: found.map((record) => triggerView(call, service, record)), ...rest });
      },
    },
    {
      name: 'GetTrigger',
      method: 'GET',
      path: '/services/{service}/functions/{function}/triggers/{trigger}',
      output: TriggerAnswer,
      run(call) {
        const { service, name } = owner(catalog, call);
        return answer(call, service, findTrigger(catalog.find(service), name, call.param('trigger')));
      },
    },
    {
      name: 'UpdateTrigger',
      method: 'PUT',
      path: '/services/{service}/functions/{function}/triggers/{trigger}',
      conditional: true,
      output: TriggerAnswer,
      input: UpdateTriggerInput,
      async run(call) {
        const { service, name: functionName } = owner(catalog, call);
        const name = call.param('trigger');
        const { type } = findTrigger(catalog.find(service), functionName, name);
        const { triggerConfig, ...changes } = call.body(UpdateTriggerInput);
        const settings = triggerConfig === undefined ? {} : triggerSettings(type, triggerConfig);
        const state = await catalog.change(service, (current) => {
          const before = findTrigger(current, functionName, name);
          const qualifier = changes.qualifier || before.qualifier;
          if (qualifier !== before.qualifier) deploymentOf(current, qualifier);
          const record = { ...before, ...changes, ...settings, qualifier };
          checkSingle(triggersOf(current, functionName), record);
          call.requireMatch(before.etag, `trigger '${name}'`);
          return ({ etag, modifiedAt }) => put(current, { ...record, etag, modifiedAt });
        });
        return answer(call, service, findTrigger(state, functionName, name));
      },
    },
    {
      name: 'DeleteTrigger',
      method: 'DELETE',
      path: '/services/{service}/functions/{function}/triggers/{trigger}',
      conditional: true,
      async run(call) {
        const { service, name: functionName } = owner(catalog, call);
        const name = call.param('trigger');
        await catalog.change(service, (state) => {
          call.requireMatch(findTrigger(state, functionName, name).etag, `trigger '${name}'`);
          return () => {
            const triggers = new Map(state.triggers);
            triggers.delete(triggerKey(functionName, name));
            return {
              parts: { ...state, triggers },
              write: (rows) =>
                rows
                  .deleteFrom('triggers')
                  .where('service', '=', service)
                  .where('function', '=', functionName)
                  .where('name', '=', name)
                  .execute(),
            };
          };
        });
        return nothing;
      },
    },
  ];
}

/** The function that the path names; triggers are of LATEST's. */
function owner(catalog: Catalog, call: Call): { readonly service: string; readonly name: string } {
  const service = call.service;
  const name = call.param('function');
  requireFunction(catalog.find(service), name);
  return { service, name };
}

function requireFunction(state: ServiceState, name: string): void {
  if (!state.functions.has(name)) throw functionNotFound(state.service.name, name);
}

export function triggersOf(state: ServiceState, functionName: string): TriggerRecord[] {
  return [...state.triggers.values()].filter((record) => record.function === functionName);
}

/** Two HTTP triggers for one qualifier would be two answers to one request. */
function checkSingle(
  own: readonly TriggerRecord[],
  record: Omit<TriggerRecord, 'etag' | 'createdAt' | 'modifiedAt'>,
): void {
  if (record.type !== 'http') return;
  const other = own.find(
    ({ type, name, qualifier }) => type === 'http' && name !== record.name && qualifier === record.qualifier,
  );
  if (other)
    throw invalidArgument(
      `qualifier: trigger '${other.name}' of type 'http' serves '${record.qualifier}' already; change that one`,
    );
}

function put(state: ServiceState, record: TriggerRecord): Draft {
  const key = { service: state.service.name, function: record.function, name: record.name };
  const triggers = new Map(state.triggers).set(triggerKey(record.function, record.name), record);
  return {
    parts: { ...state, triggers },
    async write(rows) {
      await rows
        .insertInto('triggers')
        .values({ ...key, record: JSON.stringify(record) })
        .onConflict((conflict) =>
          conflict.columns(['service', 'function', 'name']).doUpdateSet({ record: JSON.stringify(record) }),
        )
        .execute();
      await writeTimer(rows, key, record);
    },
  };
}

/** Written with its trigger: a change of the trigger starts its time anew. */
async function writeTimer(
  rows: Rows,
  key: { readonly service: string; readonly function: string; readonly name: string },
  record: TriggerRecord,
): Promise<void> {
  await rows
    .deleteFrom('timers')
    .where('service', '=', key.service)
    .where('function', '=', key.function)
    .where('name', '=', key.name)
    .execute();
  const timer = timerOf(record);
  if (timer)
    await rows
      .insertInto('timers')
      .values({ ...key, due_at: new Date(nextTime(timer, record.modifiedAt)) })
      .execute();
}

function findTrigger(state: ServiceState, functionName: string, name: string): TriggerRecord {
  const record = state.triggers.get(triggerKey(functionName, name));
  if (!record) throw triggerNotFound(functionName, name);
  return record;
}

function answer(call: Call, service: string, record: TriggerRecord): ReturnType<typeof json> {
  return json(triggerView(call, service, record), record.etag);
}

function triggerView(call: Call, service: string, record: TriggerRecord): Record<string, unknown> {
  const segment = record.qualifier === LATEST ? service : `${service}.${record.qualifier}`;
  const url = `${call.origin}/2016-08-15/proxy/${segment}/${record.function}/`;
  return {
    triggerName: record.name,
    triggerId: record.id,
    triggerType: record.type,
    sourceArn: record.sourceArn,
    invocationRole: record.invocationRole,
    qualifier: record.qualifier,
    description: record.description,
    triggerConfig: record.config,
    createdTime: apiTime(record.createdAt),
    lastModifiedTime: apiTime(record.modifiedAt),
    ...(record.type === 'http' && {
      urlInternet: record.config.disableURLInternet ? '' : url,
      urlIntranet: url,
    }),
  };
}
