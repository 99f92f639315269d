/** Services: the operations (fc-api.md §3); what may be set is in `service-config.ts`. */
import { ApiError } from '../http/api-error.ts';
import { json, nothing, type Operation } from '../http/operation.ts';
import { pageOfNames } from '../http/paging.ts';
import type { Catalog } from './catalog.ts';
import { apiTime, type ServiceRecord } from './records.ts';
import { CreateServiceInput, ServiceAnswer, serviceConfig, UpdateServiceInput } from './service-config.ts';
import { deploymentOf, type ServiceState } from './service-state.ts';
import { tagFilter, tagsOf } from './tags.ts';
import { vpcsOf } from './vpc-bindings.ts';
import type { z } from 'zod';
import { pageOf } from '../http/answers.ts';

const nameOf = (record: ServiceRecord): string => `service '${record.name}'`;

export function serviceOperations(catalog: Catalog): Operation[] {
  return [
    {
      name: 'CreateService',
      method: 'POST',
      path: '/services',
      output: ServiceAnswer,
      input: CreateServiceInput,
      async run(call) {
        const { serviceName, ...settings } = call.body(CreateServiceInput);
        const state = await catalog.create(serviceName, serviceConfig({}, settings));
        return json(serviceView(state), state.service.etag);
      },
    },
    {
      name: 'ListServices',
      method: 'GET',
      path: '/services',
      output: pageOf('services', ServiceAnswer),
      query: ['prefix', 'startKey', 'nextToken', 'limit', 'tag_{key}'],
      run(call) {
        const hasTags = tagFilter(call.query);
        const fitting = [...catalog.services.values()].filter(hasTags);
        const { items, ...rest } = pageOfNames(
          call,
          fitting.map(({ service }) => service.name),
        );
        return json({ services: items.map((name) => serviceView(catalog.find(name))), ...rest });
      },
    },
    {
      name: 'GetService',
      method: 'GET',
      path: '/services/{service}',
      output: ServiceAnswer,
      run(call) {
        const { service: name, qualifier } = call.serviceAndQualifier;
        const state = catalog.find(name);
        const { service, version } = deploymentOf(state, qualifier);
        return json(serviceView(state, service), state.versions.get(version)?.etag ?? service.etag);
      },
    },
    {
      name: 'UpdateService',
      method: 'PUT',
      path: '/services/{service}',
      conditional: true,
      output: ServiceAnswer,
      input: UpdateServiceInput,
      async run(call) {
        const name = call.service;
        const check = (state: ServiceState): void =>
          call.requireMatch(state.service.etag, nameOf(state.service));
        catalog.find(name);
        const changes = call.body(UpdateServiceInput);
        const written = await catalog.change(name, (state) => {
          const config = serviceConfig(state.service.config, changes);
          check(state);
          return ({ etag, modifiedAt }) => {
            const record: ServiceRecord = { ...state.service, config, etag, modifiedAt };
            return {
              parts: { ...state, service: record },
              write: (rows) =>
                rows
                  .updateTable('services')
                  .set({ record: JSON.stringify(record) })
                  .where('name', '=', name)
                  .execute(),
            };
          };
        });
        return json(serviceView(written), written.service.etag);
      },
    },
    {
      name: 'DeleteService',
      method: 'DELETE',
      path: '/services/{service}',
      conditional: true,
      async run(call) {
        await catalog.remove(call.service, (state) => {
          call.requireMatch(state.service.etag, nameOf(state.service));
          const left = [
            [state.functions.size, 'functions'],
            [state.versions.size, 'versions'],
            [state.aliases.size, 'aliases'],
            [vpcsOf(state).length, 'VPC bindings'],
          ] as const;
          const found = left.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
          if (found.length > 0)
            throw new ApiError(
              409,
              'ServiceNotEmpty',
              `service '${state.service.name}' still has ${found.join(', ')}; delete them first`,
            );
        });
        return nothing;
      },
    },
  ];
}

/** @param record the service as of a version, where that is asked for */
function serviceView(
  state: ServiceState,
  record: ServiceRecord = state.service,
): z.infer<typeof ServiceAnswer> {
  return {
    serviceName: record.name,
    serviceId: record.id,
    ...record.config,
    // As the cloud answers where there is none.
    ...(record.config.tracingConfig.type === '' && { tracingConfig: { type: null, params: null } }),
    tags: tagsOf(state),
    createdTime: apiTime(record.createdAt),
    lastModifiedTime: apiTime(record.modifiedAt),
  };
}
