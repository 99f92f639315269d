/** Functions: the operations (fc-api.md §3); what may be set is in `function-config.ts`. */
import { randomUUID } from 'node:crypto';
import { CONTAINER_RUNTIME } from '../../domain/names/runtimes.ts';
import { ApiError, functionNotFound, invalidArgument } from '../http/api-error.ts';
import { json, nothing, type Operation } from '../http/operation.ts';
import { pageOfNames } from '../http/paging.ts';
import type { Catalog, Draft } from './catalog.ts';
import type { CodeLinks } from './code-links.ts';
import { storeCode } from './code-input.ts';
import type { CodePackage, CodeStore } from './code-store.ts';
import { newImagePin } from './container-config.ts';
import {
  CreateFunctionInput,
  FunctionAnswer,
  functionConfig,
  UpdateFunctionInput,
} from './function-config.ts';
import { withoutFunction } from './attachments.ts';
import type { LayerStore } from './layer-store.ts';
import { takeLayers } from './layers.ts';
import { apiTime, type FunctionRecord } from './records.ts';
import { deploymentOf, type ServiceState } from './service-state.ts';
import { triggersOf } from './triggers.ts';
import { z } from 'zod';
import { pageOf } from '../http/answers.ts';

export interface FunctionOptions {
  readonly catalog: Catalog;
  readonly codeStore: CodeStore;
  readonly links: CodeLinks;
  readonly layers: LayerStore;
}

export function functionOperations({ catalog, codeStore, links, layers }: FunctionOptions): Operation[] {
  return [
    {
      name: 'CreateFunction',
      method: 'POST',
      path: '/services/{service}/functions',
      output: FunctionAnswer,
      input: CreateFunctionInput,
      async run(call) {
        const service = call.service;
        catalog.find(service);
        const { functionName: name, code: given, runtime, handler, ...rest } = call.body(CreateFunctionInput);
        const config = functionConfig({ runtime, handler }, rest);
        const isContainer = config.runtime === CONTAINER_RUNTIME;
        if (!given && !isContainer)
          throw invalidArgument('code: a zip as base64 in code.zipFile is required');
        const checkFree = (state: ServiceState): void => {
          if (state.functions.has(name))
            throw new ApiError(
              409,
              'FunctionAlreadyExists',
              `function '${name}' of service '${service}' already exists`,
            );
        };
        checkFree(catalog.find(service));
        const code = isContainer ? newImagePin() : await storeCode(codeStore, given ?? {});
        const uses = await takeLayers(config.layers, [], code, layers, codeStore);
        const state = await catalog.change(service, (current) => {
          checkFree(current);
          return (stamp) => put(current, { id: randomUUID(), name, config, code, layers: uses, ...stamp });
        });
        return answer(findFunction(state, name));
      },
    },
    {
      name: 'ListFunctions',
      method: 'GET',
      path: '/services/{service}/functions',
      output: pageOf('functions', FunctionAnswer),
      query: ['prefix', 'startKey', 'nextToken', 'limit'],
      run(call) {
        const { service, qualifier } = call.serviceAndQualifier;
        const { functions } = deploymentOf(catalog.find(service), qualifier);
        const { items, ...rest } = pageOfNames(call, functions.keys());
        const found = items.map((name) => functions.get(name)).filter((record) => record !== undefined);
        return json({ functions: found.map(functionView), ...rest });
      },
    },
    {
      name: 'GetFunction',
      method: 'GET',
      path: '/services/{service}/functions/{function}',
      output: FunctionAnswer,
      run(call) {
        const { service, qualifier } = call.serviceAndQualifier;
        return answer(findFunction(catalog.find(service), call.param('function'), qualifier));
      },
    },
    {
      name: 'GetFunctionCode',
      method: 'GET',
      path: '/services/{service}/functions/{function}/code',
      output: z.object({ url: z.url(), checksum: z.string() }),
      run(call) {
        const { service, qualifier } = call.serviceAndQualifier;
        const { code, config } = findFunction(catalog.find(service), call.param('function'), qualifier);
        if (config.runtime === CONTAINER_RUNTIME)
          throw invalidArgument('a container has no code package; its image is in customContainerConfig');
        return json({ url: links.urlOf(code.sha256, call.origin), checksum: code.checksum });
      },
    },
    {
      name: 'UpdateFunction',
      method: 'PUT',
      path: '/services/{service}/functions/{function}',
      conditional: true,
      output: FunctionAnswer,
      input: UpdateFunctionInput,
      async run(call) {
        const service = call.service;
        const name = call.param('function');
        const first = findFunction(catalog.find(service), name);
        const { code: given, ...changes } = call.body(UpdateFunctionInput);
        functionConfig(first.config, changes);
        call.requireMatch(first.etag, `function '${name}'`);
        let code: CodePackage | undefined;
        if (first.config.runtime !== CONTAINER_RUNTIME) code = given && (await storeCode(codeStore, given));
        else if (changes.customContainerConfig) code = newImagePin();
        const merged = functionConfig(first.config, changes);
        const uses =
          (changes.layers ?? code)
            ? await takeLayers(merged.layers, first.layers, code ?? first.code, layers, codeStore)
            : undefined;
        const state = await catalog.change(service, (current) => {
          const record = findFunction(current, name);
          const config = functionConfig(record.config, changes);
          call.requireMatch(record.etag, `function '${name}'`);
          return ({ etag, modifiedAt }) =>
            put(current, {
              ...record,
              config: { ...config, layers: (uses ?? record.layers).map(({ arn }) => arn) },
              code: code ?? record.code,
              layers: uses ?? record.layers,
              etag,
              modifiedAt,
            });
        });
        return answer(findFunction(state, name));
      },
    },
    {
      name: 'DeleteFunction',
      method: 'DELETE',
      path: '/services/{service}/functions/{function}',
      conditional: true,
      async run(call) {
        const service = call.service;
        const name = call.param('function');
        await catalog.change(service, (state) => {
          call.requireMatch(findFunction(state, name).etag, `function '${name}'`);
          const triggers = triggersOf(state, name);
          if (triggers.length > 0)
            throw new ApiError(
              409,
              'FunctionNotEmpty',
              `function '${name}' of service '${service}' still has the triggers ${triggers.map((trigger) => `'${trigger.name}'`).join(', ')}; delete them first`,
            );
          return () => {
            const functions = new Map(state.functions);
            functions.delete(name);
            const others = withoutFunction(state, name);
            return {
              parts: { ...others.parts, functions },
              async write(rows) {
                await rows
                  .deleteFrom('functions')
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

function put(state: ServiceState, record: FunctionRecord): Draft {
  const service = state.service.name;
  return {
    parts: { ...state, functions: new Map(state.functions).set(record.name, record) },
    write: (rows) =>
      rows
        .insertInto('functions')
        .values({ service, name: record.name, record: JSON.stringify(record) })
        .onConflict((conflict) =>
          conflict.columns(['service', 'name']).doUpdateSet({ record: JSON.stringify(record) }),
        )
        .execute(),
  };
}

function findFunction(state: ServiceState, name: string, qualifier = 'LATEST'): FunctionRecord {
  const record = deploymentOf(state, qualifier).functions.get(name);
  if (!record) throw functionNotFound(state.service.name, name);
  return record;
}

function answer(record: FunctionRecord): ReturnType<typeof json> {
  return json(functionView(record), record.etag);
}

function functionView(record: FunctionRecord): z.infer<typeof FunctionAnswer> {
  return {
    functionName: record.name,
    functionId: record.id,
    ...record.config,
    codeSize: record.code.sizeBytes,
    codeChecksum: record.code.checksum,
    createdTime: apiTime(record.createdAt),
    lastModifiedTime: apiTime(record.modifiedAt),
  };
}
