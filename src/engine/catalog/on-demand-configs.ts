/** The ceiling of on-demand instances, per function and qualifier (guide.md §10, fc-api.md §4 OnDemand). */
import { z } from 'zod';
import { ApiError } from '../http/api-error.ts';
import type { FunctionAddress } from '../http/function-address.ts';
import { json, nothing, type Operation } from '../http/operation.ts';
import { pageOfNames } from '../http/paging.ts';
import { attachmentsOf, type AttachmentRecord } from './attachments.ts';
import type { Catalog } from './catalog.ts';
import { qualifiedFunction, QualifiedConfigs } from './qualified.ts';
import { pageOf } from '../http/answers.ts';

const PutOnDemandConfigInput = z.object({
  /** 0: no on-demand instance at all. */
  maximumInstanceCount: z.int().min(0),
});

const OnDemandAnswer = PutOnDemandConfigInput.extend({ resource: z.string() });

export type OnDemandConfig = z.infer<typeof PutOnDemandConfigInput>;

const PATH = '/services/{service}/functions/{function}/on-demand-config';

export function onDemandConfigOperations(catalog: Catalog): Operation[] {
  const configs = new QualifiedConfigs(
    catalog,
    'on-demand',
    (of) => new ApiError(404, 'OnDemandConfigNotFound', `'${resourceOf(of)}' has no on-demand configuration`),
  );
  return [
    {
      name: 'PutOnDemandConfig',
      method: 'PUT',
      path: PATH,
      conditional: true,
      output: OnDemandAnswer,
      input: PutOnDemandConfigInput,
      async run(call) {
        const of = qualifiedFunction(catalog, call);
        const config = call.body(PutOnDemandConfigInput);
        return answer(of, await configs.put(of, config, (etag) => call.requireMatch(etag, resourceOf(of))));
      },
    },
    {
      name: 'GetOnDemandConfig',
      method: 'GET',
      path: PATH,
      output: OnDemandAnswer,
      run(call) {
        const of = qualifiedFunction(catalog, call);
        return answer(of, configs.find(of));
      },
    },
    {
      name: 'DeleteOnDemandConfig',
      method: 'DELETE',
      path: PATH,
      conditional: true,
      async run(call) {
        const of = qualifiedFunction(catalog, call);
        await configs.remove(of, (etag) => call.requireMatch(etag, resourceOf(of)));
        return nothing;
      },
    },
    {
      name: 'ListOnDemandConfigs',
      method: 'GET',
      path: '/on-demand-configs',
      output: pageOf('configs', OnDemandAnswer),
      query: ['prefix', 'startKey', 'nextToken', 'limit'],
      run(call) {
        const found = new Map<string, OnDemandConfig>();
        for (const [service, state] of catalog.services)
          for (const { function: name, name: qualifier, config } of attachmentsOf(state, 'on-demand'))
            found.set(resourceOf({ service, qualifier, function: name }), config);
        const { items, ...rest } = pageOfNames(call, found.keys());
        return json({ configs: items.map((resource) => ({ resource, ...found.get(resource) })), ...rest });
      },
    },
  ];
}

function resourceOf({ service, qualifier, function: name }: FunctionAddress): string {
  return `services/${service}.${qualifier}/functions/${name}`;
}

function answer(of: FunctionAddress, record: AttachmentRecord<'on-demand'>): ReturnType<typeof json> {
  return json({ resource: resourceOf(of), ...record.config }, record.etag);
}
